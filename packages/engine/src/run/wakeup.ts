import type { Clock } from "@fleet/core/ports";

/** Why a timer ends that is not needed any more. Making an error for each would cost more than the timer. */
const notNeeded = new Error("the loop is awake");

/**
 * Wakes a loop that looks at the facts when it is woken. Rings that come while the loop is at work are one ring when it
 * waits again, however many they were.
 */
export class Wakeup {
  readonly #clock: Clock;
  #isRung = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  /**
   * Waits for a ring.
   * @param limitMs - Returns after this time even without one; absent to wait for ever.
   * @throws the signal's reason as soon as it is aborted.
   */
  async wait(limitMs: number | undefined, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#isRung) await this.#sleep(limitMs, signal);
    this.#isRung = false;
  }

  #sleep(limitMs: number | undefined, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = new AbortController();
      const finish = (settle: () => void) => {
        this.#wake = undefined;
        signal.removeEventListener("abort", abort);
        timer.abort(notNeeded);
        settle();
      };
      const wake = () => finish(resolve);
      const abort = () => finish(() => reject(signal.reason));
      this.#wake = wake;
      signal.addEventListener("abort", abort, { once: true });
      if (limitMs !== undefined) {
        this.#clock.sleep(limitMs, timer.signal).then(wake, () => undefined);
      }
    });
  }
}
