import { FleetError, type Revision } from "@fleet/core";
import type { Etcd3, IWatchResponse } from "etcd3";
import type { KeyRange, StoreEvent, WatchBatch } from "../store.js";
import { leaderRequired } from "./etcd-client.js";
import { toBounds, toRevision, toStoredValue } from "./etcd-convert.js";

/** A watch in etcd, on a stream of its own. */
export interface EtcdWatchRequest {
  readonly range: KeyRange;
  readonly fromRevision: Revision;
  readonly onBatch: (batch: WatchBatch) => void;
  /** Called once, when etcd has accepted the watch. */
  readonly onCreated: () => void;
}

/**
 * Watches until aborted, or until the stream breaks. etcd3's own watcher is not used: it resumes by the revision in
 * the header of the newest answer, which runs ahead of a backlog that is still being sent, and so loses events
 * without a word. Fragmented answers are not asked for either: etcd 3.4 makes them in quadratic time.
 * @throws whatever broke the stream; {FleetError} `compacted`.
 */
export async function watchEtcd(
  client: Etcd3,
  request: EtcdWatchRequest,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const stream = await client.watchClient.watch(leaderRequired);
  await new Promise<void>((resolve, reject) => {
    let isOver = false;
    const end = (settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener("abort", onAbort);
      // Ended first, since etcd3 takes a cancelled stream that can still be written for a failed connection, and
      // closes every other call on it.
      stream.end();
      stream.cancel();
      settle();
    };
    const onAbort = (): void => end(resolve);
    stream.on("error", (error) => end(() => reject(error)));
    stream.on("end", () => end(() => reject(new Error("etcd ended the watch"))));
    stream.on("data", (response) => {
      if (isOver) return;
      try {
        receive(response, request);
      } catch (error) {
        end(() => reject(error));
      }
    });
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    stream.write({
      create_request: {
        ...toBounds(request.range),
        start_revision: request.fromRevision,
        progress_notify: true,
      },
    });
  });
}

function receive(response: IWatchResponse, request: EtcdWatchRequest): void {
  if (response.canceled) {
    // etcd 3.4 gives no reason for a compaction, only this revision.
    if (toRevision(response.compact_revision) > 0) {
      const message = `cannot watch from revision ${request.fromRevision}: it has been compacted`;
      throw new FleetError("compacted", message);
    }
    throw new Error(`etcd cancelled the watch: ${response.cancel_reason || "no reason given"}`);
  }
  if (response.created) {
    request.onCreated();
    return;
  }
  const events = response.events.map(
    (event): StoreEvent =>
      // The types say "Delete", the wire says "DELETE".
      event.type.toUpperCase() === "DELETE"
        ? {
            kind: "delete",
            key: event.kv.key.toString(),
            modRevision: toRevision(event.kv.mod_revision),
          }
        : { kind: "put", item: toStoredValue(event.kv) },
  );
  // The header of an answer with events may be ahead of what has been sent; only that of an empty one can be used.
  const last = events.at(-1);
  const reached = last === undefined ? toRevision(response.header.revision) : eventRevision(last);
  request.onBatch({ events, revision: reached });
}

function eventRevision(event: StoreEvent): Revision {
  return event.kind === "put" ? event.item.modRevision : event.modRevision;
}
