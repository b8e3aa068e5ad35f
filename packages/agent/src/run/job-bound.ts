import type { Clock, Job } from "@fleet/core/ports";
import { orAbort } from "./or-abort.js";
import { openScope } from "./scope.js";

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

  /** Whether the next job has to wait for room. */
  get isFull(): boolean {
    return this.#free === 0;
  }

  /**
   * Queues a job when there is room for it.
   * @param queue - Makes systemd queue it.
   * @returns the job; the room is given back when it has ended or taken too long.
   */
  async run(queue: () => Promise<Job>, signal: AbortSignal): Promise<Job> {
    await this.#enter(signal);
    try {
      const job = await queue();
      // It cannot reject, and nobody has to wait for it.
      void this.#leaveWith(job, signal);
      return job;
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
    let enter = () => {};
    const entered = new Promise<void>((resolve) => {
      enter = resolve;
      this.#waiting.push(resolve);
    });
    try {
      await orAbort(entered, signal);
    } catch (error) {
      const index = this.#waiting.indexOf(enter);
      if (index >= 0) this.#waiting.splice(index, 1);
      else this.#leave();
      throw error;
    }
  }

  /** Gives the room back when the job has ended, taken too long, or is nobody's business any more. */
  async #leaveWith(job: Job, signal: AbortSignal): Promise<void> {
    const waiting = openScope(signal);
    const late = this.#clock.sleep(this.#leaveAfterMs, waiting.signal).catch(() => {});
    await Promise.race([job.result, late]);
    waiting.end();
    this.#leave();
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
