import type { Revision, UnitName } from "@fleet/core";
import type { Clock, DocumentStore, Logger } from "@fleet/core/ports";
import { Bell } from "./bell.js";

const documentName = "agent-watermarks";

/** How soon after a write the next one may follow. What a crash forgets meanwhile only makes old evidence count again. */
const writePauseMs = 100;

/** Where one that could not be written is tried again. */
const retryMs = 5_000;

interface WatermarkDocument {
  readonly history: string;
  readonly revisions: Readonly<Record<string, Revision>>;
}

/**
 * For each unit the highest mod revision of a seat that was acted on, on the disk: an older seat is no evidence.
 * Raising is immediate; writing follows, one write for all that came together.
 */
export class Watermarks {
  readonly #documents: DocumentStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #revisions = new Map<UnitName, Revision>();
  readonly #bell = new Bell();
  #history: string | undefined;

  constructor(documents: DocumentStore, clock: Clock, logger: Logger) {
    this.#documents = documents;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Reads what an earlier process left. An unreadable document is reported and taken for an empty one. */
  async load(): Promise<void> {
    try {
      const document = (await this.#documents.read(documentName)) ?? {};
      const { history, revisions } = document as Partial<WatermarkDocument>;
      if (typeof history !== "string") return;
      this.#history = history;
      for (const [name, revision] of Object.entries(revisions ?? {})) {
        if (Number.isSafeInteger(revision)) this.#revisions.set(name as UnitName, revision);
      }
    } catch (err) {
      this.#logger.error("cannot read the watermarks; older seats will count again", { err });
    }
  }

  of(unit: UnitName): Revision {
    return this.#revisions.get(unit) ?? 0;
  }

  raise(unit: UnitName, revision: Revision): void {
    if (revision <= this.of(unit)) return;
    this.#revisions.set(unit, revision);
    this.#bell.ring();
  }

  /** Nothing of the unit is left here or in the registry. */
  drop(unit: UnitName): void {
    if (this.#revisions.delete(unit)) this.#bell.ring();
  }

  /**
   * Takes in which history of the registry is believed. Revisions of another one are no measure for its seats, so with a
   * new history all begin again from 0.
   */
  follow(history: string | undefined): void {
    if (history === undefined || history === this.#history) return;
    this.#history = history;
    this.#revisions.clear();
    this.#bell.ring();
  }

  /** Writes what has changed until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#bell.wait(this.#clock, Number.POSITIVE_INFINITY, signal);
      let pauseMs = writePauseMs;
      try {
        const revisions = Object.fromEntries(this.#revisions);
        await this.#documents.write(documentName, { history: this.#history, revisions });
      } catch (err) {
        this.#logger.error("cannot write the watermarks", { err });
        this.#bell.ring();
        pauseMs = retryMs;
      }
      await this.#clock.sleep(pauseMs, signal);
    }
  }
}
