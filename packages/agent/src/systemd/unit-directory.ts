import { mkdir, readdir, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { FleetError, type UnitName, unitNameProblem } from "@fleet/core";
import type { UnitDirectory } from "@fleet/core/ports";
import { replaceFile } from "./replace-file.js";
import { isOnTmpfs } from "./tmpfs.js";

/**
 * Opens the directory for unit files, making it (and its parents) if necessary.
 * @param path - Absolute. Usually on tmpfs: nothing is forced to a disk, because a boot begins without files anyway.
 * @throws {FleetError} `permission-denied` or `internal` if it cannot be made.
 */
export async function openUnitDirectory(path: string): Promise<UnitDirectory> {
  await translated(`create the units directory ${path}`, mkdir(path, { recursive: true, mode: 0o755 }));
  return new FileUnitDirectory(path);
}

class FileUnitDirectory implements UnitDirectory {
  readonly #path: string;
  readonly #isInMemory: boolean;

  constructor(path: string) {
    this.#path = path;
    this.#isInMemory = isOnTmpfs(path);
  }

  pathOf(name: UnitName): string {
    return join(this.#path, name);
  }

  async list(): Promise<readonly UnitName[]> {
    // A boot, or somebody, may have removed the directory; the next write makes it again.
    const listing = readdir(this.#path).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    });
    const entries: readonly string[] = await translated(`list ${this.#path}`, listing);
    return entries.filter((entry): entry is UnitName => unitNameProblem(entry) === undefined);
  }

  async read(name: UnitName): Promise<string | undefined> {
    try {
      return await readFile(this.pathOf(name), "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw fromFileError(`read ${this.pathOf(name)}`, error);
    }
  }

  async write(name: UnitName, text: string): Promise<void> {
    await translated(`write ${this.pathOf(name)}`, this.#replace(name, text));
  }

  async remove(name: UnitName): Promise<void> {
    await translated(`remove ${this.pathOf(name)}`, this.#unlink(name));
  }

  async #unlink(name: UnitName): Promise<void> {
    try {
      await unlink(this.pathOf(name));
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
  }

  async #replace(name: UnitName, text: string): Promise<void> {
    const options = { mode: 0o644, isInMemory: this.#isInMemory };
    try {
      await replaceFile(this.pathOf(name), text, options);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      await mkdir(this.#path, { recursive: true, mode: 0o755 });
      await replaceFile(this.pathOf(name), text, options);
    }
  }
}

async function translated<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw fromFileError(what, error);
  }
}

function fromFileError(what: string, error: unknown): FleetError {
  const code = codeOf(error);
  const denied = code === "EACCES" || code === "EPERM" || code === "EROFS";
  return new FleetError(
    denied ? "permission-denied" : "internal",
    `cannot ${what}: ${code ?? String(error)}`,
    {
      cause: error,
    },
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
