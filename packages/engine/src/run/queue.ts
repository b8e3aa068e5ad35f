import { FleetError } from "@fleet/core";

/** Does things one after the other, in the order in which they were asked for. */
export class Queue {
  readonly #waitingMax: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param waitingMax - How many may be under way or waiting. */
  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /** @throws {FleetError} `unavailable` if too many wait already; the signal's reason if it is aborted before its turn. */
  async run<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#waiting === this.#waitingMax) {
      throw new FleetError("unavailable", "too many forecasts are being made at once: ask again later");
    }
    this.#waiting += 1;
    const turn = this.#last.then(async () => {
      signal.throwIfAborted();
      return await act();
    });
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }
}
