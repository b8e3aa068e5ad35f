import { readlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * The file behind a path: systemd reports a linked unit file by the link in its own search path.
 * Read at once, because handing it to another thread takes several times longer than reading it.
 * @returns the path itself if it is no link or cannot be read.
 */
export function linkTarget(path: string): string {
  if (path === "") return path;
  try {
    return resolve(dirname(path), readlinkSync(path));
  } catch {
    return path;
  }
}
