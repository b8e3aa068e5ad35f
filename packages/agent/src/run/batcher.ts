interface Entry<Request, Outcome> {
  readonly request: Request;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Collects requests while a batch is under way: a request that comes alone is served at once, and many that come together
 * share what costs the same for one as for many.
 */
export class Batcher<Request, Outcome> {
  readonly #serve: (requests: readonly Request[], signal: AbortSignal) => Promise<readonly Outcome[]>;
  readonly #batchMax: number;
  readonly #queue: Entry<Request, Outcome>[] = [];
  #isServing = false;

  /**
   * @param serve - Serves a batch; the outcomes are in the order of the requests. If it throws, all of them fail.
   * @param batchMax - How many requests one batch takes.
   */
  constructor(
    serve: (requests: readonly Request[], signal: AbortSignal) => Promise<readonly Outcome[]>,
    batchMax: number,
  ) {
    this.#serve = serve;
    this.#batchMax = batchMax;
  }

  /** @param signal - That of the whole activity: a batch serves many callers, and none of them can end it alone. */
  run(request: Request, signal: AbortSignal): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, resolve, reject });
      // It cannot reject: every failure goes to those who wait.
      if (!this.#isServing) void this.#work(signal);
    });
  }

  async #work(signal: AbortSignal): Promise<void> {
    this.#isServing = true;
    // Requests of the same moment are one batch.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, this.#batchMax);
      try {
        const outcomes = await this.#serve(
          batch.map((entry) => entry.request),
          signal,
        );
        for (const [index, entry] of batch.entries()) entry.resolve(outcomes[index] as Outcome);
      } catch (error) {
        for (const entry of batch) entry.reject(error);
      }
    }
    this.#isServing = false;
  }
}
