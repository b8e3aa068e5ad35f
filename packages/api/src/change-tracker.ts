import type { Revision, UnitName } from "@fleet/core";
import type { ClusterReplica, ReplicaChange } from "@fleet/core/ports";

/** Beyond so many names the memory of single units is given up; everything then counts as changed. */
const namesMax = 200_000;

const nothing: ReadonlySet<UnitName> = new Set();

interface Waiter {
  readonly names: ReadonlySet<string>;
  readonly wake: () => void;
}

/**
 * Knows for every unit the newest revision at which anything about it changed, so that a long poll can tell news from
 * what its caller has seen. What happened before it began to look counts as news.
 */
export class ChangeTracker {
  readonly #newest = new Map<UnitName, Revision>();
  readonly #waiters = new Set<Waiter>();
  readonly #unsubscribe: () => void;
  /** Units without an entry count as changed at this revision. */
  #since: Revision;

  constructor(replica: ClusterReplica) {
    this.#since = replica.revision;
    this.#unsubscribe = replica.subscribe((change) => this.#note(change));
  }

  /** The names of which anything changed after `revision`, in the given order. */
  changedAfter<Name extends UnitName>(names: readonly Name[], revision: Revision): readonly Name[] {
    return names.filter((name) => (this.#newest.get(name) ?? this.#since) > revision);
  }

  /** Waits for the next change of any of the names. @throws the signal's reason when aborted. */
  next(names: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.delete(waiter);
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        names,
        wake: () => {
          signal.removeEventListener("abort", onAbort);
          this.#waiters.delete(waiter);
          resolve();
        },
      };
      this.#waiters.add(waiter);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Stops looking. */
  close(): void {
    this.#unsubscribe();
  }

  #note(change: ReplicaChange): void {
    if (change.resynced || this.#newest.size > namesMax) {
      this.#newest.clear();
      this.#since = change.revision;
    }
    const touched = [change.units, change.refused ?? nothing];
    for (const names of touched) for (const name of names) this.#newest.set(name, change.revision);
    for (const waiter of [...this.#waiters]) {
      if (change.resynced || touched.some((names) => concerns(names, waiter.names))) waiter.wake();
    }
  }
}

function concerns(changed: ReadonlySet<UnitName>, names: ReadonlySet<string>): boolean {
  if (changed.size > names.size) {
    for (const name of names) if (changed.has(name as UnitName)) return true;
    return false;
  }
  for (const name of changed) if (names.has(name)) return true;
  return false;
}
