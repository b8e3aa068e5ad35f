import { isFleetError } from "@fleet/core";
import type { KeyRange, Operation, Store, StoreEvent } from "../store.js";

/** A signal for calls that nobody means to abort. */
export const never: AbortSignal = new AbortController().signal;

/** A step that writes a key. */
export const put = (key: string, value = ""): Operation => ({ kind: "put", key, value });

/** Commits steps. @returns the revision. */
export async function write(store: Store, ...success: Operation[]): Promise<number> {
  return (await store.transact({ success }, never)).revision;
}

/** Reads one value. */
export async function read(store: Store, key: string): Promise<string | undefined> {
  return (await store.range({ key }, never)).items[0]?.value;
}

/** How a call ends: `resolved`, or the code of its error. */
export const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  await promise.then(
    () => "resolved",
    (error: unknown) => (isFleetError(error) ? error.code : `foreign: ${String(error)}`),
  );

/** Collects what a watch delivers until it is stopped. */
export function watchAll(store: Store, range: KeyRange, from: number) {
  const stop = new AbortController();
  const events: StoreEvent[] = [];
  const watcher = {
    events,
    /** Revisions that were spread over more than one batch. */
    splitRevisions: 0,
    seen: () =>
      events.map((event) =>
        event.kind === "put"
          ? `${event.item.modRevision} put ${event.item.key}`
          : `${event.modRevision} delete ${event.key}`,
      ),
    stop: async () => {
      stop.abort();
      await watching;
    },
  };
  let last = 0;
  const watching = store.watch(range, from, stop.signal, (batch) => {
    for (const event of batch.events) {
      const revision = event.kind === "put" ? event.item.modRevision : event.modRevision;
      if (revision <= last) watcher.splitRevisions += 1;
    }
    events.push(...batch.events);
    if (batch.events.length > 0) last = batch.revision;
  });
  return watcher;
}
