import { FleetError, type Revision } from "@fleet/core";
import type { Clock } from "@fleet/core/ports";
import { Bell } from "../async/bell.js";
import { abortable, Scope } from "../async/scope.js";
import type {
  KeyRange,
  LeaseId,
  LeaseStatus,
  RangeRequest,
  RangeResult,
  Store,
  Transaction,
  TransactionResult,
  WatchBatch,
} from "../store.js";
import type { MemoryEtcd } from "./memory-etcd.js";

/** How a client of the twin behaves. */
export interface MemoryConnectionOptions {
  /** How long a request and an answer take together, in ms of the clock; asked for each call. Default none. */
  readonly latencyMs?: () => number;
  /** How long a stalled call waits for its answer. Default 5,000, as the etcd adapter. */
  readonly requestTimeoutMs?: number;
}

/** Which way a stall holds messages back. */
export type StallDirection = "both" | "to-server" | "to-client";

/**
 * A client of the twin, and the line between them with its faults: `cut` and `heal`, `stall` and `heal`, `loseReplies`.
 * What a stall held back arrives afterwards, also requests that their caller has long given up.
 */
export class MemoryConnection implements Store {
  readonly #etcd: MemoryEtcd;
  readonly #clock: Clock;
  readonly #latencyMs: () => number;
  readonly #requestTimeoutMs: number;
  readonly #onClose: () => void;
  readonly #healed = new Bell();
  #line = new AbortController();
  #isCut = false;
  #isClosed = false;
  #stalled: StallDirection | undefined;
  #repliesToLose = 0;

  constructor(etcd: MemoryEtcd, clock: Clock, options: MemoryConnectionOptions, onClose: () => void) {
    this.#etcd = etcd;
    this.#clock = clock;
    this.#latencyMs = options.latencyMs ?? (() => 0);
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 5_000;
    this.#onClose = onClose;
  }

  /** The etcd at the other end. */
  get etcd(): MemoryEtcd {
    return this.#etcd;
  }

  /** Breaks the line: calls and watches fail, and new ones too until healed. */
  cut(): void {
    this.#isCut = true;
    this.breakLine();
  }

  /** Breaks what runs now; new calls get through. */
  breakLine(): void {
    const line = this.#line;
    this.#line = new AbortController();
    line.abort(unavailable("the connection was lost"));
  }

  /** Holds messages back until healed; calls run into their time limit. */
  stall(direction: StallDirection = "both"): void {
    this.#stalled = direction;
  }

  /** Ends a cut or a stall. */
  heal(): void {
    this.#isCut = false;
    this.#stalled = undefined;
    this.#healed.ring();
  }

  /** Lets the next writes take effect and then lose their answers. */
  loseReplies(count: number): void {
    this.#repliesToLose = count;
  }

  range(request: RangeRequest, signal: AbortSignal): Promise<RangeResult> {
    return this.#call(signal, () => this.#etcd.range(request));
  }

  transact(transaction: Transaction, signal: AbortSignal): Promise<TransactionResult> {
    return this.#call(signal, () => this.#etcd.transact(transaction));
  }

  grantLease(ttlSeconds: number, signal: AbortSignal): Promise<LeaseId> {
    return this.#call(signal, () => this.#etcd.grantLease(ttlSeconds));
  }

  keepAliveOnce(leaseId: LeaseId, signal: AbortSignal): Promise<number> {
    return this.#call(signal, () => this.#etcd.keepAlive(leaseId));
  }

  revokeLease(leaseId: LeaseId, signal: AbortSignal): Promise<void> {
    return this.#call(signal, () => this.#etcd.revokeLease(leaseId));
  }

  leaseTimeToLive(leaseId: LeaseId, signal: AbortSignal): Promise<LeaseStatus | undefined> {
    return this.#call(signal, () => this.#etcd.leaseStatus(leaseId));
  }

  async watch(
    range: KeyRange,
    fromRevision: Revision,
    signal: AbortSignal,
    onBatch: (batch: WatchBatch) => void,
  ): Promise<void> {
    if (signal.aborted) return;
    this.#throwIfCut();
    const scope = new Scope(signal, this.#line.signal);
    try {
      await this.#pass("to-server", scope.signal);
      for (let next = fromRevision; ; ) {
        await this.#pass("to-client", scope.signal);
        const batch = this.#etcd.batchSince(range, next);
        if (batch instanceof FleetError) throw batch;
        if (batch === undefined) {
          await this.#etcd.changed.wait(scope.signal);
          continue;
        }
        onBatch(batch);
        next = batch.revision + 1;
        // The stream is interruptible between any two batches, as a real one is.
        await Promise.resolve();
        scope.signal.throwIfAborted();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      scope.release();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.breakLine();
    this.#onClose();
  }

  async #call<T>(signal: AbortSignal, perform: () => T): Promise<T> {
    signal.throwIfAborted();
    this.#throwIfCut();
    const line = this.#line.signal;
    const scope = new Scope(signal, line);
    const latencyMs = this.#latencyMs();
    let beginLimit: () => void = () => undefined;
    const limit = new Promise<void>((resolve) => {
      beginLimit = resolve;
    }).then(() => this.#timeLimit(scope.signal));
    const exchange = async (): Promise<T> => {
      await this.#travel(latencyMs / 2, "to-server", line, beginLimit);
      const before = this.#etcd.revision;
      const answer = perform();
      if (this.#repliesToLose > 0 && this.#etcd.revision !== before) {
        this.#repliesToLose -= 1;
        throw unavailable("the answer was lost");
      }
      await this.#travel(latencyMs / 2, "to-client", line, beginLimit);
      return answer;
    };
    try {
      return await abortable(Promise.race([exchange(), limit]), scope.signal);
    } finally {
      scope.abort();
    }
  }

  async #timeLimit(signal: AbortSignal): Promise<never> {
    await this.#clock.sleep(this.#requestTimeoutMs, signal);
    throw unavailable("no answer in time");
  }

  async #travel(ms: number, direction: StallDirection, line: AbortSignal, onHeld: () => void): Promise<void> {
    if (ms > 0) await this.#clock.sleep(ms, line);
    else await Promise.resolve();
    await this.#pass(direction, line, onHeld);
  }

  async #pass(direction: StallDirection, signal: AbortSignal, onHeld = (): void => undefined): Promise<void> {
    signal.throwIfAborted();
    while (this.#stalled === "both" || this.#stalled === direction) {
      onHeld();
      await this.#healed.wait(signal);
    }
  }

  #throwIfCut(): void {
    if (this.#isClosed) throw unavailable("the store was closed");
    if (this.#isCut) throw unavailable("the connection is cut");
  }
}

function unavailable(why: string): FleetError {
  return new FleetError("unavailable", `cannot reach etcd: ${why}`);
}
