import type { Revision } from "@fleet/core";
import { Scope } from "./async/scope.js";
import type { KeyRange, Store, StoreEvent } from "./store.js";

/**
 * Watches until an event is what is waited for.
 * @throws the signal's reason, or what ends the watch.
 */
export async function watchUntil(
  store: Store,
  range: KeyRange,
  fromRevision: Revision,
  signal: AbortSignal,
  isAwaited: (event: StoreEvent) => boolean,
): Promise<void> {
  const found = new Scope(signal);
  await store.watch(range, fromRevision, found.signal, ({ events }) => {
    if (events.some(isAwaited)) found.abort();
  });
  found.release();
  signal.throwIfAborted();
}
