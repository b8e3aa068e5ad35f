import type { Clock } from "@fleet/core/ports";

/** Wakes one loop. Rings during a round are not lost and count as one: the next round begins at once. */
export class Bell {
  #hasRung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#hasRung = true;
    this.#wake?.();
  }

  /**
   * Waits for a ring, or for `timeoutMs` if that is finite.
   * @throws the signal's reason as soon as it is aborted.
   */
  async wait(clock: Clock, timeoutMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#hasRung) {
      const over = new AbortController();
      const lifetime = AbortSignal.any([signal, over.signal]);
      const rung = new Promise<void>((resolve) => {
        this.#wake = resolve;
        lifetime.addEventListener("abort", () => resolve(), { once: true });
      });
      const late = Number.isFinite(timeoutMs) ? clock.sleep(timeoutMs, lifetime).catch(() => {}) : rung;
      await Promise.race([rung, late]);
      this.#wake = undefined;
      over.abort();
      signal.throwIfAborted();
    }
    this.#hasRung = false;
  }
}
