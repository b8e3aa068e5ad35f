import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Replaces the file with the machine's facts as a whole; units may read it at any time.
 * @param path - Empty: nothing is written.
 */
export async function writeEnvironmentFile(path: string, text: string): Promise<void> {
  if (path === "") return;
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const beside = `${path}.new`;
  await writeFile(beside, text, { mode: 0o644 });
  await rename(beside, path);
}
