import { readlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { LocalUnit } from "@fleet/core/ports";

/** Where a unit's file is, if it still is. */
export type FragmentFacts = Pick<LocalUnit, "fragmentPath" | "isFileGone">;

/**
 * The file behind a path: systemd reports a linked unit file by the link in its own search path.
 * Read at once, because handing it to another thread takes several times longer than reading it.
 * @returns the path itself if it is no link, cannot be read, or is not there any more.
 */
export function linkTarget(path: string): FragmentFacts {
  if (path === "") return { fragmentPath: path };
  try {
    return { fragmentPath: resolve(dirname(path), readlinkSync(path)) };
  } catch (error) {
    const isGone = error instanceof Error && "code" in error && error.code === "ENOENT";
    return isGone ? { fragmentPath: path, isFileGone: true } : { fragmentPath: path };
  }
}
