import type { Clock, Logger } from "@fleet/core/ports";
import type { Store } from "@fleet/registry";

/** What comes before etcd's turn mostly takes no time, and then there is nothing to find out. */
const graceMs = 1_000;

/** How often etcd is asked. It serves people's patience only. */
const intervalMs = 5_000;

/** What a probe asks, and whom it tells. */
export interface EtcdProbeParts {
  readonly store: Pick<Store, "range">;
  /** A key that costs nothing to read. */
  readonly key: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Asks etcd now and then while something else is waited for and nobody else asks: whoever has two things missing should
 * not learn of the second one only when the first is there.
 */
export class EtcdProbe {
  readonly #parts: EtcdProbeParts;
  #problem: string | undefined;

  constructor(parts: EtcdProbeParts) {
    this.#parts = parts;
  }

  /** Why etcd did not answer the last time, for people. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Asks until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    await clock.sleep(graceMs, signal).catch(() => undefined);
    while (!signal.aborted) {
      await this.#ask(signal);
      await clock.sleep(intervalMs, signal).catch(() => undefined);
    }
    this.#problem = undefined;
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { store, key, logger } = this.#parts;
    try {
      await store.range({ key }, signal);
      if (this.#problem !== undefined) logger.info("etcd answers");
      this.#problem = undefined;
    } catch (error) {
      if (signal.aborted) return;
      const problem = error instanceof Error ? error.message : String(error);
      if (this.#problem === undefined) logger.warn("cannot reach etcd either; trying again", { problem });
      this.#problem = problem;
    }
  }
}
