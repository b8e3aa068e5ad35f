import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { exitCode, FatalError } from "./exit-code.js";

/** Makes a directory and its parents. Node's own `recursive` never returns where the kernel refuses with ENOENT. */
function makeWithParents(path: string): void {
  const missing: string[] = [];
  for (let ancestor = path; !existsSync(ancestor); ancestor = dirname(ancestor)) missing.push(ancestor);
  for (const directory of missing.reverse()) mkdirSync(directory, { mode: 0o755 });
}

/** Makes directories with their parents, and sees that they can be written. @throws {FatalError} `directory`. */
export function makeDirectories(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      makeWithParents(path);
      accessSync(path, constants.W_OK | constants.X_OK);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new FatalError(exitCode.directory, `cannot use the directory ${path}: ${why}`, { cause: error });
    }
  }
}
