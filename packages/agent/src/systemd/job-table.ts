import type { Job, JobResult } from "@fleet/core/ports";

/**
 * The jobs that somebody waits for, by their D-Bus paths.
 * systemd may say that a job has ended before the caller has learnt its path, so while a call is on its way the ends of
 * all jobs are kept.
 */
export class JobTable {
  readonly #watched = new Map<string, (result: JobResult) => void>();
  readonly #early = new Map<string, JobResult>();
  /** Those that stop a unit. */
  readonly #stops = new Set<string>();
  #callsUnderWay = 0;

  /** Queues a job. @param call - Makes systemd queue it and returns its path. */
  async queue(call: () => Promise<string>): Promise<Job> {
    this.#callsUnderWay += 1;
    try {
      return this.#watch(await call());
    } finally {
      this.#callsUnderWay -= 1;
      if (this.#callsUnderWay === 0) this.#early.clear();
    }
  }

  /** Takes in that a job stops a unit. To be called before the call that queued it returns. */
  isStop(path: string): void {
    // Of one that has ended already nothing more will be heard.
    if (!this.#early.has(path)) this.#stops.add(path);
  }

  /** Takes in that a job, ours or not, has left the queue. @returns whether a unit is known to have been stopped by it. */
  ended(path: string, result: JobResult): boolean {
    const resolve = this.#watched.get(path);
    this.#watched.delete(path);
    resolve?.(result);
    // Also if somebody was told: a call that is on its way may have been given the same job.
    if (this.#callsUnderWay > 0) this.#early.set(path, result);
    return this.#stops.delete(path) && result === "done";
  }

  /** The connection broke: nobody will say how the jobs end. */
  loseAll(): void {
    for (const resolve of this.#watched.values()) resolve("lost");
    this.#watched.clear();
    this.#early.clear();
    this.#stops.clear();
  }

  #watch(path: string): Job {
    const early = this.#early.get(path);
    if (early !== undefined) return { result: Promise.resolve(early) };
    // A start of a unit that is already starting gives the same job again: both callers wait for it.
    const before = this.#watched.get(path);
    const result = new Promise<JobResult>((resolve) => {
      this.#watched.set(path, (value) => {
        before?.(value);
        resolve(value);
      });
    });
    return { result };
  }
}
