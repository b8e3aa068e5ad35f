import type { Revision } from "@fleet/core";
import type { KeyRange, WatchBatch } from "@fleet/registry";
import type { Watcher } from "./etcd-server.js";
import { type SimStoreParts, unavailable } from "./sim-store.js";

/** What a watch is made of. */
export interface SimWatchParts extends SimStoreParts {
  readonly range: KeyRange;
  readonly latencyMs: () => number;
}

/** A backlog comes in portions of a few revisions, so that a line can break in the middle of it. */
const portionMax = 3;

/** One watch stream. It never resumes by itself. */
export class SimWatch implements Watcher {
  readonly #parts: SimWatchParts;
  #next: Revision = 0;
  #isPulling = false;
  #isOver = false;
  #end: (outcome: { readonly error: unknown } | undefined) => void = () => {};
  #onBatch: (batch: WatchBatch) => void = () => {};

  constructor(parts: SimWatchParts) {
    this.#parts = parts;
  }

  concerns(key: string): boolean {
    const { range } = this.#parts;
    return "key" in range ? range.key === key : key.startsWith(range.prefix);
  }

  run(from: Revision, signal: AbortSignal, onBatch: (batch: WatchBatch) => void): Promise<void> {
    const { server, link, process } = this.#parts;
    this.#next = from;
    this.#onBatch = onBatch;
    return new Promise<void>((resolve, reject) => {
      const releases = [
        server.watch(this),
        link.onBreak(() => this.break()),
        process.onDeath(() => this.#end(undefined)),
      ];
      const onAbort = (): void => this.#end(undefined);
      this.#end = (outcome) => {
        if (this.#isOver) return;
        this.#isOver = true;
        for (const release of releases) release();
        signal.removeEventListener("abort", onAbort);
        if (outcome === undefined) resolve();
        else reject(outcome.error);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.wake();
    });
  }

  wake(): void {
    if (this.#isPulling || this.#isOver) return;
    this.#isPulling = true;
    const { scheduler, latencyMs } = this.#parts;
    scheduler.after(latencyMs(), () => this.#deliver());
  }

  break(): void {
    const { process } = this.#parts;
    process.deliver(() => this.#end({ error: unavailable("the connection was lost") }));
  }

  #deliver(): void {
    const { link, process } = this.#parts;
    link.toClient(() => process.deliver(() => this.#pull()));
  }

  #pull(): void {
    this.#isPulling = false;
    if (this.#isOver) return;
    const { server, range } = this.#parts;
    const batch = server.batchSince(range, this.#next, portionMax);
    if (batch === undefined) return;
    if (batch instanceof Error) {
      this.#end({ error: batch });
      return;
    }
    this.#next = batch.revision + 1;
    try {
      this.#onBatch(batch);
    } catch (error) {
      this.#end({ error });
      return;
    }
    if (server.batchSince(range, this.#next, 1) !== undefined) this.wake();
  }
}
