import { mkdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FleetError } from "@fleet/core";

/**
 * Finds the directory for units and drop-ins that are gone after a boot, among those where a systemd looks: that of its
 * runtime configuration, beside the one of transient units.
 * @throws {FleetError} `internal` if there is none.
 */
export function runtimeUnitDirectory(searchPath: readonly string[]): string {
  const transient = searchPath.find((path) => basename(path) === "transient");
  const candidates =
    transient === undefined ? [] : ["system", "user"].map((kind) => join(dirname(transient), kind));
  const found = candidates.find((path) => searchPath.includes(path));
  if (found !== undefined) return found;
  throw new FleetError(
    "internal",
    "cannot guard exclusive units: this systemd has no runtime directory for units",
  );
}

/** Has a file say this. @returns whether it said anything else before. */
export async function ensureFile(path: string, text: string): Promise<boolean> {
  if ((await readFile(path, "utf8").catch(() => undefined)) === text) return false;
  const beside = join(dirname(path), `.fleet-new-${basename(path)}`);
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(beside, text, { mode: 0o644 });
  await rename(beside, path);
  return true;
}

/** Removes a drop-in, and its directory if nothing else is in it. @returns whether it was there. */
export async function removeDropIn(path: string): Promise<boolean> {
  const wasThere = await readFile(path).then(
    () => true,
    () => false,
  );
  await rm(path, { force: true });
  await rmdir(dirname(path)).catch(() => undefined);
  return wasThere;
}
