import { renameSync, writeFileSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

let writes = 0;

/**
 * Writes a file beside its target and renames it over: whoever reads sees the old text or the new one, and so does the
 * next start after a crash. Nothing is forced to a disk.
 * Two writes of one file at the same time are the caller's mistake.
 * @param isInMemory - The file is on a tmpfs, and is written at once.
 */
export async function replaceFile(
  path: string,
  text: string,
  { mode, isInMemory }: { readonly mode: number; readonly isInMemory: boolean },
): Promise<void> {
  // Short whatever the target is called, no unit name, and used again by the next process after a crash.
  writes += 1;
  const beside = join(dirname(path), `.new-${writes}`);
  try {
    if (isInMemory) {
      writeFileSync(beside, text, { mode });
      renameSync(beside, path);
    } else {
      await writeFile(beside, text, { mode });
      await rename(beside, path);
    }
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
