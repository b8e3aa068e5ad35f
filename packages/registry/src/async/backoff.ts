import type { Clock, Random } from "@fleet/core/ports";

/** How long to wait between attempts. */
export interface BackoffOptions {
  /** The first pause in ms; it doubles with each attempt. Default 100. */
  readonly initialMs?: number;
  /** The longest pause in ms. Default 5,000, so that a cluster is back soon after its etcd. */
  readonly maxMs?: number;
}

/** Growing pauses between attempts, shortened by chance so that many who failed together do not return together. */
export class Backoff {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #initialMs: number;
  readonly #maxMs: number;
  #nextMs: number;

  constructor(clock: Clock, random: Random, options: BackoffOptions = {}) {
    this.#clock = clock;
    this.#random = random;
    this.#initialMs = options.initialMs ?? 100;
    this.#maxMs = options.maxMs ?? 5_000;
    this.#nextMs = this.#initialMs;
  }

  /** Waits before the next attempt. @throws the signal's reason as soon as it is aborted. */
  async pause(signal: AbortSignal): Promise<void> {
    const ms = this.#nextMs;
    this.#nextMs = Math.min(ms * 2, this.#maxMs);
    await this.#clock.sleep(ms * (0.5 + this.#random.fraction() / 2), signal);
  }

  /** Begins anew, after a success. */
  reset(): void {
    this.#nextMs = this.#initialMs;
  }
}
