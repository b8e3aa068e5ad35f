import { renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isOnTmpfs } from "@fleet/agent/systemd";
import { assert, FleetError } from "@fleet/core";
import type { DocumentStore } from "@fleet/core/ports";

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** How files are written. The functions may answer at once or later. */
interface Files {
  readonly write: (path: string, content: string, options: { readonly mode: number }) => void | Promise<void>;
  readonly rename: (from: string, to: string) => void | Promise<void>;
  readonly remove: (path: string) => void | Promise<void>;
}

const onDisk: Files = { write: writeFile, rename, remove: (path) => rm(path, { force: true }) };

/** Not waited for: in memory a write takes a twentieth of what it takes to have it done by another thread. */
const inMemory: Files = {
  write: writeFileSync,
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
};

/**
 * Keeps each document as `<directory>/<name>.json`, mode 0600, replaced by renaming. The directory is made on first use.
 * What cannot be written (the disk is full) is `unavailable`, and leaves the document as it was.
 */
export function createDocumentStore(directory: string): DocumentStore {
  const files = isOnTmpfs(directory) ? inMemory : onDisk;
  let temporary = 0;
  const fileOf = (name: string) => {
    assert(/^[A-Za-z0-9:_.@\\-]+$/.test(name), `bad document name "${name}"`);
    return join(directory, `${name}.json`);
  };
  return {
    async read(name) {
      try {
        return JSON.parse(await readFile(fileOf(name), "utf8"));
      } catch (error) {
        if (hasCode(error, "ENOENT")) return undefined;
        throw new FleetError("internal", `cannot read ${fileOf(name)}`, {
          cause: error,
          hint: "move the file away if its content is broken; fleetd then starts without what it remembered",
        });
      }
    },
    async write(name, document) {
      const file = fileOf(name);
      temporary += 1;
      const beside = `${file}.${process.pid}.${temporary}.tmp`;
      const content = JSON.stringify(document);
      try {
        try {
          await files.write(beside, content, { mode: 0o600 });
        } catch (error) {
          if (!hasCode(error, "ENOENT")) throw error;
          await mkdir(directory, { recursive: true, mode: 0o755 });
          await files.write(beside, content, { mode: 0o600 });
        }
        await files.rename(beside, file);
      } catch (cause) {
        // Half a file would stay for ever, and take the last room of a disk that is full.
        await rm(beside, { force: true }).catch(() => undefined);
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new FleetError("unavailable", `cannot write ${file}: ${reason}`, { cause });
      }
    },
    async remove(name) {
      await files.remove(fileOf(name));
    },
  };
}
