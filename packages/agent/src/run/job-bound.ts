import type { Clock, Job, JobResult } from "@fleet/core/ports";

/**
 * Limits how many jobs systemd is given at a time. A job that takes longer than `leaveAfterMs` is only tracked from then
 * on, so that slow units do not hold up the others.
 */
export class JobBound {
  readonly #clock: Clock;
  readonly #leaveAfterMs: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(clock: Clock, limit: number, leaveAfterMs: number) {
    this.#clock = clock;
    this.#free = limit;
    this.#leaveAfterMs = leaveAfterMs;
  }

  /**
   * Queues a job when there is room for it.
   * @param queue - Makes systemd queue it.
   * @returns its result, which is still to come; the room is given back when it has come or taken too long.
   */
  async run(
    queue: () => Promise<Job>,
    signal: AbortSignal,
  ): Promise<{ readonly result: Promise<JobResult> }> {
    await this.#enter(signal);
    try {
      const job = await queue();
      const over = new AbortController();
      const lifetime = AbortSignal.any([signal, over.signal]);
      const late = this.#clock.sleep(this.#leaveAfterMs, lifetime).catch(() => {});
      const left = Promise.race([job.result, late]).then(() => {
        over.abort();
        this.#leave();
      });
      // Nobody waits for the room to be given back; neither promise can reject.
      left.catch(() => {});
      return { result: job.result };
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener("abort", abort);
        resolve();
      };
      const abort = () => {
        const index = this.#waiting.indexOf(enter);
        if (index >= 0) this.#waiting.splice(index, 1);
        reject(signal.reason);
      };
      this.#waiting.push(enter);
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
