import { accessSync, constants, mkdirSync } from "node:fs";
import { exitCode, FatalError } from "./exit-code.js";

/** Makes directories with their parents, and sees that they can be written. @throws {FatalError} `directory`. */
export function makeDirectories(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      mkdirSync(path, { recursive: true, mode: 0o755 });
      accessSync(path, constants.W_OK | constants.X_OK);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new FatalError(exitCode.directory, `cannot use the directory ${path}: ${why}`, { cause: error });
    }
  }
}
