import { renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

let writes = 0;

/**
 * Writes a file beside its target and renames it over: whoever reads sees the old text or the new one, and so does the
 * next start after a crash. Nothing is forced to a disk.
 * It does not wait: the directory is in memory, where that would take twenty times as long as the write.
 */
export function replaceFile(path: string, text: string, mode: number): void {
  // Short whatever the target is called, no unit name, and used again by the next process after a crash.
  writes += 1;
  const beside = join(dirname(path), `.new-${writes}`);
  try {
    writeFileSync(beside, text, { mode });
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
