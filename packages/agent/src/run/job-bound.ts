import type { Clock, Job } from "@fleet/core/ports";
import { orAbort } from "./or-abort.js";

/** A job that takes up room, until when at most; `leave` gives the room back, once. */
interface Given {
  readonly untilMs: number;
  leave: (() => void) | undefined;
}

/**
 * Limits how many jobs systemd is given at a time. A job that takes longer than `leaveAfterMs` is only tracked from then
 * on, so that slow units do not hold up the others.
 */
export class JobBound {
  readonly #clock: Clock;
  readonly #leaveAfterMs: number;
  readonly #waiting: (() => void)[] = [];
  /** In the order in which their time ends. Those that have ended are dropped when their time has, too. */
  readonly #given: Given[] = [];
  #isWatching = false;
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
      this.#follow(job, signal);
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
  #follow(job: Job, signal: AbortSignal): void {
    const given: Given = {
      untilMs: this.#clock.monotonic() + this.#leaveAfterMs,
      leave: () => this.#leave(),
    };
    this.#given.push(given);
    // Neither can reject, and nobody has to wait for them.
    void job.result.then(() => leaveOnce(given));
    if (!this.#isWatching) void this.#watch(signal);
  }

  /** One timer for all jobs: each takes as long, and most have ended long before. */
  async #watch(signal: AbortSignal): Promise<void> {
    this.#isWatching = true;
    for (let given = this.#given.shift(); given !== undefined; given = this.#given.shift()) {
      const leftMs = given.untilMs - this.#clock.monotonic();
      // Aborted: all of them are left.
      if (given.leave !== undefined && leftMs > 0) await this.#clock.sleep(leftMs, signal).catch(() => {});
      leaveOnce(given);
    }
    this.#isWatching = false;
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

function leaveOnce(given: Given): void {
  given.leave?.();
  given.leave = undefined;
}
