import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { UnitName } from "@fleet/core";

/**
 * What systemd's search path has by a unit's name. `none`: nothing. `link`: a link to a file of the same name outside the
 * search path, and nothing that systemd would prefer to it. `other`: anything else; what systemd makes of it, it must say.
 */
export type UnitFileOnDisk =
  | { readonly kind: "none" }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "other" };

/** Units of these types are not found without a file; of others systemd may have some by itself. */
const typesWithFile: ReadonlySet<string> = new Set(["service", "socket", "timer", "path"]);

const other: UnitFileOnDisk = { kind: "other" };

/**
 * The directories in which systemd looks for unit files, as they are on the disk. To look there costs a small part of what
 * it costs systemd to load a unit, for which it reads the file, tells everybody of the unit, and of its end right after.
 */
export class SearchPath {
  readonly #all: ReadonlySet<string>;
  readonly #present: readonly string[];

  /** @param directories - systemd's `UnitPath`: in the order of preference. Those that are not there are left out for good. */
  constructor(directories: readonly string[]) {
    this.#all = new Set(directories);
    this.#present = directories.filter((directory) => statusOf(directory) !== undefined);
  }

  /** Looks for the file from which systemd would load a unit. */
  find(name: UnitName): UnitFileOnDisk {
    const type = name.slice(name.lastIndexOf(".") + 1);
    if (!typesWithFile.has(type)) return other;
    for (const directory of this.#present) {
      const path = join(directory, name);
      const status = statusOf(path);
      if (status !== undefined) return status === "unknown" ? other : this.#link(path, status);
    }
    const at = name.indexOf("@");
    if (at < 0) return { kind: "none" };
    const template = `${name.slice(0, at + 1)}.${type}`;
    const hasTemplate = this.#present.some((directory) => statusOf(join(directory, template)) !== undefined);
    return hasTemplate ? other : { kind: "none" };
  }

  #link(path: string, status: Stats): UnitFileOnDisk {
    if (!status.isSymbolicLink()) return other;
    try {
      const target = resolve(dirname(path), readlinkSync(path));
      const isLinked = basename(target) === basename(path) && !this.#all.has(dirname(target));
      const file = isLinked ? statusOf(target) : undefined;
      return file !== undefined && file !== "unknown" && file.isFile() ? { kind: "link", target } : other;
    } catch {
      return other;
    }
  }
}

/** @returns `undefined` if nothing is there, `unknown` if that cannot be told. */
function statusOf(path: string): Stats | "unknown" | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return "unknown";
  }
}
