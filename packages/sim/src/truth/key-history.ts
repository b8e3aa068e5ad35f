import type { Revision } from "@fleet/core";
import type { Origin } from "../etcd/etcd-server.js";

/** What stood under a key for a while. */
export interface Version {
  readonly key: string;
  /** Absent: the key did not exist. */
  readonly value: string | undefined;
  readonly createRevision: Revision;
  /** The revision of the write, or of the deletion. */
  readonly revision: Revision;
  readonly sinceMs: number;
  /** How often etcd had been wiped or restored before. */
  readonly branch: number;
  readonly origin: Origin;
  /** Whether it came back with a backup instead of being written. */
  readonly isRestored: boolean;
}

/** Everything that ever stood in etcd, with the time: known from etcd itself and from nobody's account of it. */
export class KeyHistory {
  readonly #versions = new Map<string, Version[]>();
  readonly #present = new Set<string>();

  /** What stands there now; absent if nothing does. */
  current(key: string): Version | undefined {
    const last = this.#versions.get(key)?.at(-1);
    return last?.value === undefined ? undefined : last;
  }

  /** The newest version, be it a deletion. */
  newest(key: string): Version | undefined {
    return this.#versions.get(key)?.at(-1);
  }

  /** Everything that ever stood there, the oldest first, deletions included. */
  all(key: string): readonly Version[] {
    return this.#versions.get(key) ?? [];
  }

  /** What stood there at some time since then, the newest first; a last entry without value means "nothing did". */
  since(key: string, sinceMs: number): readonly Version[] {
    const versions = this.#versions.get(key) ?? [];
    const found: Version[] = [];
    for (let index = versions.length - 1; index >= 0; index -= 1) {
      const version = versions[index] as Version;
      found.push(version);
      if (version.sinceMs < sinceMs) return found;
    }
    const oldest = found.at(-1);
    if (oldest !== undefined)
      found.push({ ...oldest, value: undefined, revision: 0, createRevision: 0, sinceMs: 0 });
    return found;
  }

  /** The keys that are there, those that came first first. */
  get keys(): ReadonlySet<string> {
    return this.#present;
  }

  /** The keys that are or were there. */
  get keysEver(): readonly string[] {
    return [...this.#versions.keys()];
  }

  add(version: Version): void {
    const { key } = version;
    const versions = this.#versions.get(key);
    if (versions === undefined) this.#versions.set(key, [version]);
    else versions.push(version);
    if (version.value === undefined) this.#present.delete(key);
    else this.#present.add(key);
  }
}
