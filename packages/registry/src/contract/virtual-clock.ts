import type { Clock, Random } from "@fleet/core/ports";

interface Timer {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** How often promises are let run between two jumps: enough for the deepest chain of awaits in these rooms. */
const settlingRounds = 12;

/**
 * Time that stands still until it is told to jump, and chance that repeats itself. Reading it does not move it; between
 * two jumps everything that can run has run.
 */
export class VirtualClock implements Clock, Random {
  #nowMs = 0;
  #timers: Timer[] = [];
  #ids = 0;

  now(): number {
    // A date that nobody takes for a count of milliseconds since the start of the test.
    return Date.UTC(2026, 0, 1) + this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  boottime(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        this.#timers = this.#timers.filter((other) => other !== timer);
        reject(signal.reason);
      };
      const timer: Timer = {
        dueMs: this.#nowMs + Math.max(ms, 0),
        wake: () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      this.#timers.push(timer);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  uuid(): string {
    this.#ids += 1;
    return `00000000-0000-4000-8000-${this.#ids.toString().padStart(12, "0")}`;
  }

  fraction(): number {
    return 0.5;
  }

  /** Lets everything run that does not wait for time. */
  async settle(): Promise<void> {
    for (let round = 0; round < settlingRounds; round += 1) await new Promise((done) => setImmediate(done));
  }

  /** Lets time pass, waking sleepers in their order. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await this.settle();
    while (this.#wakeNext(endMs)) await this.settle();
    this.#nowMs = endMs;
  }

  /** Jumps from timer to timer until `check` holds. @throws if it does not within `limitMs` of virtual time. */
  async until(what: string, check: () => boolean | Promise<boolean>, limitMs = 600_000): Promise<void> {
    const endMs = this.#nowMs + limitMs;
    for (;;) {
      await this.settle();
      if (await check()) return;
      if (!this.#wakeNext(endMs)) throw new Error(`waited ${limitMs} virtual ms in vain for ${what}`);
    }
  }

  #wakeNext(endMs: number): boolean {
    const due = this.#timers.reduce<Timer | undefined>(
      (first, timer) => (first === undefined || timer.dueMs < first.dueMs ? timer : first),
      undefined,
    );
    if (due === undefined || due.dueMs > endMs) return false;
    this.#nowMs = Math.max(this.#nowMs, due.dueMs);
    this.#timers = this.#timers.filter((timer) => timer !== due);
    due.wake();
    return true;
  }
}
