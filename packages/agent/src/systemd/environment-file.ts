import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { replaceFile } from "./replace-file.js";

/**
 * Makes the writer of the file that units read with `EnvironmentFile=`. Readers see the old text or the new one; the
 * directory is made if necessary.
 * @param path - Absolute, usually on tmpfs.
 */
export function environmentFileWriter(path: string): (text: string) => Promise<void> {
  return async (text) => {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await replaceFile(path, text, 0o644);
  };
}
