import type { Clock } from "@fleet/core/ports";
import type { Store } from "@fleet/registry";

/** What is asked of etcd, by the name of the call. */
export type StoreOperation = Exclude<keyof Store, "close">;

/** How often something was asked of etcd since the process began, and how long that took in all. */
export interface OperationCount {
  readonly calls: number;
  readonly failures: number;
  /** Of calls that have ended; a watch has no duration. */
  readonly durationMs: number;
}

/** A store that counts what is asked of it. */
export interface CountedStore extends Store {
  /** A live view; an operation that was never asked for is not in it. */
  readonly counts: Readonly<Partial<Record<StoreOperation, OperationCount>>>;
}

/** Counts what is asked of a store, for metrics. Aborted calls are no failures. */
export function countStore(store: Store, clock: Clock): CountedStore {
  const counts: Partial<Record<StoreOperation, { calls: number; failures: number; durationMs: number }>> = {};
  const count = async <T>(operation: StoreOperation, signal: AbortSignal, work: Promise<T>): Promise<T> => {
    const entry = counts[operation] ?? { calls: 0, failures: 0, durationMs: 0 };
    counts[operation] = entry;
    entry.calls += 1;
    const startMs = clock.monotonic();
    try {
      return await work;
    } catch (error) {
      if (!signal.aborted) entry.failures += 1;
      throw error;
    } finally {
      if (operation !== "watch") entry.durationMs += clock.monotonic() - startMs;
    }
  };
  return {
    counts,
    range: (request, signal) => count("range", signal, store.range(request, signal)),
    transact: (transaction, signal) => count("transact", signal, store.transact(transaction, signal)),
    watch: (range, from, signal, onBatch) =>
      count("watch", signal, store.watch(range, from, signal, onBatch)),
    grantLease: (ttl, signal) => count("grantLease", signal, store.grantLease(ttl, signal)),
    keepAliveOnce: (id, signal) => count("keepAliveOnce", signal, store.keepAliveOnce(id, signal)),
    revokeLease: (id, signal) => count("revokeLease", signal, store.revokeLease(id, signal)),
    leaseTimeToLive: (id, signal) => count("leaseTimeToLive", signal, store.leaseTimeToLive(id, signal)),
    close: () => store.close(),
  };
}
