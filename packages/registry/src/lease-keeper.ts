import { FleetError, isFleetError } from "@fleet/core";
import type { Clock } from "@fleet/core/ports";
import { withTimeLimit } from "./async/time-limit.js";
import type { LeaseId, Store } from "./store.js";

/** What a keeper needs to know of its lease. */
export interface LeaseKeeperOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly leaseId: LeaseId;
  readonly ttlSeconds: number;
  /** When the request that granted or last renewed the lease was sent, on `boottime`. */
  readonly sentAtMs: number;
  /** The pause between renewals. Default a third of the lifetime. */
  readonly renewEveryMs?: number;
  /** Told of each answered renewal. */
  readonly onRenewed?: () => void;
  /** Told of each renewal that failed. */
  readonly onFailed?: (error: FleetError) => void;
}

/** After a renewal that failed at once the next one follows soon, but not in a loop that spins. */
const retryPauseMs = 250;

/** How long an answer is waited for, as a part of the lifetime: two members of etcd may be dead before a third is asked. */
const answerShare = 1 / 6;
/** No less than this: a connection over a slow line has to be made first. */
const answerMsMin = 1_000;

/**
 * Keeps a lease alive, and knows until when it certainly lives: one lifetime from the moment at which the last answered
 * renewal was *sent*, on a clock that counts suspend. etcd counts from when it received it, which is never earlier.
 */
export class LeaseKeeper {
  readonly leaseId: LeaseId;
  readonly #options: LeaseKeeperOptions;
  readonly #ttlMs: number;
  readonly #renewEveryMs: number;
  readonly #answerMs: number;
  #sentAtMs: number;

  constructor(options: LeaseKeeperOptions) {
    this.leaseId = options.leaseId;
    this.#options = options;
    this.#ttlMs = options.ttlSeconds * 1000;
    this.#renewEveryMs = options.renewEveryMs ?? this.#ttlMs / 3;
    this.#answerMs = Math.min(this.#renewEveryMs, Math.max(this.#ttlMs * answerShare, answerMsMin));
    this.#sentAtMs = options.sentAtMs;
  }

  /** Makes a lease and its keeper. */
  static async grant(
    options: Omit<LeaseKeeperOptions, "leaseId" | "sentAtMs">,
    signal: AbortSignal,
  ): Promise<LeaseKeeper> {
    const sentAtMs = options.clock.boottime();
    const leaseId = await options.store.grantLease(options.ttlSeconds, signal);
    return new LeaseKeeper({ ...options, leaseId, sentAtMs });
  }

  /** Until when, on `boottime`, the lease certainly lives. */
  get validUntilMs(): number {
    return this.#sentAtMs + this.#ttlMs;
  }

  /** Renews until aborted. @throws {FleetError} `not-found` when etcd says that the lease is gone. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let pauseMs = this.#sentAtMs + this.#renewEveryMs - clock.boottime();
    try {
      for (;;) {
        await clock.sleep(Math.max(pauseMs, 0), signal);
        const sentAtMs = clock.boottime();
        const isRenewed = await this.#renew(sentAtMs, signal);
        pauseMs = isRenewed ? sentAtMs + this.#renewEveryMs - clock.boottime() : retryPauseMs;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Ends when the lease may be over, `marginMs` before it is; or when aborted. */
  async untilLapsed(marginMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const leftMs = this.validUntilMs - marginMs - clock.boottime();
      if (leftMs <= 0) return;
      await clock.sleep(leftMs, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  async #renew(sentAtMs: number, signal: AbortSignal): Promise<boolean> {
    const { store, clock, onRenewed, onFailed } = this.#options;
    try {
      const ttlSeconds = await withTimeLimit(clock, this.#answerMs, signal, (limited) =>
        store.keepAliveOnce(this.leaseId, limited),
      );
      if (ttlSeconds === 0) throw new FleetError("not-found", "the lease is gone");
      this.#sentAtMs = sentAtMs;
      onRenewed?.();
      return true;
    } catch (error) {
      if (signal.aborted || !isFleetError(error) || error.code === "not-found") throw error;
      onFailed?.(error);
      return false;
    }
  }
}
