import type { Job, JobResult } from "@fleet/core/ports";

/**
 * The jobs that somebody waits for, by their D-Bus paths.
 * systemd may say that a job has ended before the caller has learnt its path, so while a call is on its way the ends of
 * all jobs are kept.
 */
export class JobTable {
  readonly #watched = new Map<string, (result: JobResult) => void>();
  readonly #early = new Map<string, JobResult>();
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

  /** Takes in that a job, ours or not, has left the queue. */
  ended(path: string, result: JobResult): void {
    const resolve = this.#watched.get(path);
    this.#watched.delete(path);
    resolve?.(result);
    // Also if somebody was told: a call that is on its way may have been given the same job.
    if (this.#callsUnderWay > 0) this.#early.set(path, result);
  }

  /** The connection broke: nobody will say how the jobs end. */
  loseAll(): void {
    for (const resolve of this.#watched.values()) resolve("lost");
    this.#watched.clear();
    this.#early.clear();
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
