import type { Clock } from "@fleet/core/ports";
import { openScope } from "./scope.js";

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
      const waiting = openScope(signal);
      this.#wake = waiting.end;
      // Rung, aborted or late: whatever ends the wait is found out below.
      if (Number.isFinite(timeoutMs)) await clock.sleep(timeoutMs, waiting.signal).catch(() => {});
      else await new Promise((resolve) => waiting.signal.addEventListener("abort", resolve, { once: true }));
      this.#wake = () => {};
      waiting.end();
      signal.throwIfAborted();
    }
    this.#hasRung = false;
  }
}
