import type { Clock } from "@fleet/core/ports";

interface Timer {
  readonly dueMs: number;
  readonly fire: () => void;
}

/** A clock that stands still until it is told to go on. */
export class VirtualClock implements Clock {
  #nowMs = 1_000_000;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  boottime(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const timer: Timer = {
        dueMs: this.#nowMs + ms,
        fire: () => {
          this.#timers.delete(timer);
          signal.removeEventListener("abort", abort);
          resolve();
        },
      };
      const abort = () => {
        this.#timers.delete(timer);
        reject(signal.reason);
      };
      this.#timers.add(timer);
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  /** Lets everything that can go on without time passing go on. */
  async settle(): Promise<void> {
    // Each turn of the event loop empties the queue of promises; chains through real promises take a few turns.
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets time pass, timer by timer. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.settle();
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined || next.dueMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.fire();
      await this.settle();
    }
    this.#nowMs = untilMs;
    await this.settle();
  }
}
