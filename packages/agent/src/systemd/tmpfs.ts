import { statfsSync } from "node:fs";
import { dirname } from "node:path";

/** By which the kernel tells a tmpfs from other file systems (statfs(2)). */
const tmpfsMagic = 0x01021994;

/**
 * Whether files at a path are in memory: then to write one takes less time than to have another thread write it, and
 * nobody ever waits for a disk. What does not exist yet is where its parent is.
 */
export function isOnTmpfs(path: string): boolean {
  try {
    return statfsSync(path).type === tmpfsMagic;
  } catch {
    return path !== dirname(path) && isOnTmpfs(dirname(path));
  }
}
