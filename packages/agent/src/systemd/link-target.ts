import { readlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * The file behind a path: systemd reports a linked unit file by the link in its own search path.
 * @returns the path itself if it is no link or cannot be read.
 */
export async function linkTarget(path: string): Promise<string> {
  if (path === "") return path;
  try {
    return resolve(dirname(path), await readlink(path));
  } catch {
    return path;
  }
}
