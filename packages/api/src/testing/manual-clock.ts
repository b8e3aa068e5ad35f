import type { Clock } from "@fleet/core/ports";

interface Sleeper {
  readonly at: number;
  readonly ms: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now = 1_000_000;
  readonly #sleepers = new Set<Sleeper>();

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  boottime(): number {
    return this.#now;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    // Whoever sleeps for no time only lets others have their turn.
    if (ms === 0) return new Promise((resolve) => setImmediate(resolve));
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason as Error);
      };
      const sleeper: Sleeper = {
        at: this.#now + ms,
        ms,
        wake: () => {
          signal.removeEventListener("abort", onAbort);
          this.#sleepers.delete(sleeper);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** The durations that somebody is sleeping for at present. */
  get sleeping(): readonly number[] {
    return [...this.#sleepers].map(({ ms }) => ms);
  }

  /** Lets time pass until the next sleeper wakes, if that is at most `msMax` away. */
  advanceToNext(msMax: number): void {
    const next = Math.min(...[...this.#sleepers].map(({ at }) => at));
    if (next - this.#now <= msMax) this.advance(next - this.#now);
  }

  /** Lets time pass; whoever has slept long enough wakes up. */
  advance(ms: number): void {
    this.#now += ms;
    for (const sleeper of [...this.#sleepers]) if (sleeper.at <= this.#now) sleeper.wake();
  }
}

/** Lets everything that is ready happen, I/O of this process included, until `check` holds. */
export async function until(check: () => boolean): Promise<void> {
  for (let round = 0; round < 10_000; round += 1) {
    if (check()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`never came true: ${check.toString()}`);
}
