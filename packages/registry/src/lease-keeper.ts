import { FleetError, isFleetError } from "@fleet/core";
import type { Clock } from "@fleet/core/ports";
import { Scope } from "./async/scope.js";
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
 * How many tries may be under way at once. After a line that swallowed packets for a while the kernel sends again ever more
 * rarely, and a lease may end in between: so who has no answer yet knocks anew.
 */
const triesMax = 4;

/**
 * When the first lease of a process was granted, by its clock. Renewals of all its leases fall on beats counted from then:
 * an idle process wakes up once for several of them.
 */
const firstBeatsMs = new WeakMap<Clock, number>();

/** A renewal that was sent so shortly before a beat counts as sent at it: timers are a little early sometimes. */
const earlyMs = 10;

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
    if (!firstBeatsMs.has(options.clock)) firstBeatsMs.set(options.clock, options.sentAtMs);
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
    let pauseMs = this.#dueMs() - clock.boottime();
    try {
      for (;;) {
        await clock.sleep(Math.max(pauseMs, 0), signal);
        const isRenewed = await this.#renew(signal);
        pauseMs = isRenewed ? this.#dueMs() - clock.boottime() : retryPauseMs;
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

  /** The last beat at which the next renewal is not late. */
  #dueMs(): number {
    const { clock } = this.#options;
    const firstMs = firstBeatsMs.get(clock) ?? 0;
    const beats = Math.floor((this.#sentAtMs + earlyMs - firstMs) / this.#renewEveryMs);
    return firstMs + (beats + 1) * this.#renewEveryMs;
  }

  /** Renews once, with as many tries as it takes. @returns whether any of them was answered; if not, all of them failed. */
  async #renew(signal: AbortSignal): Promise<boolean> {
    const scope = new Scope(signal);
    const tries = new Set<Promise<boolean>>();
    try {
      do {
        const one = this.#try(scope.signal).finally(() => tries.delete(one));
        tries.add(one);
        if (await this.#anyAnswered(tries, scope.signal)) return true;
      } while (tries.size > 0);
      return false;
    } finally {
      scope.abort();
      await Promise.allSettled(tries);
    }
  }

  /** Waits for a try to be answered, for all to fail, or until it is time for another one. */
  async #anyAnswered(tries: ReadonlySet<Promise<boolean>>, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#options;
    const knocking = new Scope(signal);
    const knockAnew = clock.sleep(this.#answerMs / triesMax, knocking.signal).then(
      () => "later" as const,
      () => "later" as const,
    );
    try {
      for (;;) {
        // Whoever may have lost the lease already only finds out whether it is still there.
        const isLate = clock.boottime() >= this.validUntilMs || tries.size >= triesMax;
        const outcome = await Promise.race<boolean | "later">(isLate ? tries : [...tries, knockAnew]);
        if (outcome === "later") return false;
        if (outcome || tries.size === 0) return outcome;
      }
    } finally {
      knocking.abort();
    }
  }

  async #try(signal: AbortSignal): Promise<boolean> {
    const { store, clock, onRenewed, onFailed } = this.#options;
    const sentAtMs = clock.boottime();
    try {
      const ttlSeconds = await withTimeLimit(clock, this.#answerMs, signal, (limited) =>
        store.keepAliveOnce(this.leaseId, limited),
      );
      if (ttlSeconds === 0) throw new FleetError("not-found", "the lease is gone");
      this.#sentAtMs = Math.max(this.#sentAtMs, sentAtMs);
      onRenewed?.();
      return true;
    } catch (error) {
      if (signal.aborted || !isFleetError(error) || error.code === "not-found") throw error;
      onFailed?.(error);
      return false;
    }
  }
}
