import type { Clock } from "@fleet/core/ports";
import { onAbort, openScope } from "./scope.js";

/** Wakes one loop. Rings during a round are not lost and count as one: the next round begins at once. */
export class Bell {
  #hasRung = false;
  #wake = () => {};

  ring(): void {
    this.#hasRung = true;
    this.#wake();
  }

  /**
   * Waits for a ring, or for `timeoutMs` if that is finite.
   * @throws the signal's reason as soon as it is aborted.
   */
  async wait(clock: Clock, timeoutMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#hasRung) {
      await (Number.isFinite(timeoutMs)
        ? this.#ringWithin(clock, timeoutMs, signal)
        : this.#ringOrAbort(signal));
      this.#wake = () => {};
      signal.throwIfAborted();
    }
    this.#hasRung = false;
  }

  async #ringWithin(clock: Clock, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const waiting = openScope(signal);
    this.#wake = waiting.end;
    // Rung, aborted or late: the caller finds out which.
    await clock.sleep(timeoutMs, waiting.signal).catch(() => {});
    waiting.end();
  }

  async #ringOrAbort(signal: AbortSignal): Promise<void> {
    let detach = () => {};
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      detach = onAbort(signal, resolve);
    });
    detach();
  }
}
