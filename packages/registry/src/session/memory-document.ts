import { parseUnitName, type Revision, type Seat, type UnitName } from "@fleet/core";
import type { Clock, DocumentStore, Logger } from "@fleet/core/ports";
import { Bell } from "../async/bell.js";
import { Scope } from "../async/scope.js";
import { Fields } from "../fields.js";
import type { Memory } from "./judge.js";

/** The document on the disk. */
export const memoryDocument = "registry-memory";

/** How many seats are remembered, and how many that were given up: the newest are the first that a restored etcd lacks, so few are enough. */
const seatsMax = 32;

/** Where the disk could not be written, it is tried again at the next change, and after this long at the latest. */
const retryMs = 5_000;

const nothing: Memory = {
  cluster: undefined,
  history: undefined,
  highest: 0,
  term: undefined,
  seats: new Map(),
  givenUp: new Map(),
  freeze: undefined,
};

/** What this machine remembers of its registry, written to the disk as a whole whenever it has changed. */
export class MemoryDocument {
  readonly #disk: DocumentStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #changed = new Bell();
  #memory: Memory = nothing;
  #version = 0;
  #writtenVersion = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(disk: DocumentStore, clock: Clock, logger: Logger) {
    this.#disk = disk;
    this.#clock = clock;
    this.#logger = logger;
  }

  get memory(): Memory {
    return this.#memory;
  }

  /** Reads what an earlier process left. @returns what is wrong with it; what is unreadable is not believed to be new. */
  async load(): Promise<string | undefined> {
    try {
      const document = await this.#disk.read(memoryDocument);
      if (document !== undefined) this.#memory = decodeMemory(document);
      return undefined;
    } catch (err) {
      this.#logger.error("cannot read what this machine remembers of its registry", { err });
      return "what this machine remembered of its registry is unreadable";
    }
  }

  /** Changes some of it. It is on the disk after `flush`, and soon in any case. */
  update(change: Partial<Memory>): void {
    this.#memory = { ...this.#memory, ...change };
    this.#version += 1;
    this.#changed.ring();
  }

  /** Takes note of a seat that was acted on. */
  actedOn(seat: Seat): void {
    const { highest, term } = this.#memory;
    const seats = new Map(this.#memory.seats);
    const givenUp = new Map(this.#memory.givenUp);
    seats.delete(seat.unit);
    givenUp.delete(seat.unit);
    if (seat.target === "absent") givenUp.set(seat.unit, seat.modRevision);
    else seats.set(seat.unit, { createRevision: seat.createRevision, modRevision: seat.modRevision });
    this.update({
      seats: newestOf(seats, ({ modRevision }) => modRevision),
      givenUp: newestOf(givenUp, (revision) => revision),
      highest: Math.max(highest, seat.modRevision),
      // Terms only grow, so the highest is that of the newest seat.
      term: seat.term.n >= (term?.n ?? 0) ? seat.term : term,
    });
  }

  /** Waits until everything up to now is on the disk. */
  async flush(): Promise<void> {
    while (this.#writtenVersion < this.#version) {
      this.#writing = this.#writing.catch(() => undefined).then(() => this.#write());
      await this.#writing;
    }
  }

  /** As `flush`, but a disk that cannot be written is only reported: `run` goes on trying. */
  async tryFlush(): Promise<void> {
    await this.flush().catch((err: unknown) => {
      this.#logger.error("cannot remember the registry on the disk", { err });
    });
  }

  /** Keeps the disk current until aborted. A disk that cannot be written is reported, and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.tryFlush();
      const waiting = new Scope(signal);
      const waits = [this.#changed.wait(waiting.signal)];
      if (this.#writtenVersion < this.#version) waits.push(this.#clock.sleep(retryMs, waiting.signal));
      await Promise.race(waits).catch(() => undefined);
      waiting.abort();
      await Promise.allSettled(waits);
    }
    await this.flush().catch(() => undefined);
  }

  async #write(): Promise<void> {
    if (this.#writtenVersion === this.#version) return;
    const version = this.#version;
    await this.#disk.write(memoryDocument, encodeMemory(this.#memory));
    this.#writtenVersion = version;
  }
}

function newestOf<T>(
  seats: ReadonlyMap<UnitName, T>,
  revisionOf: (seat: T) => Revision,
): ReadonlyMap<UnitName, T> {
  if (seats.size <= seatsMax) return seats;
  const byAge = [...seats].toSorted(([, a], [, b]) => revisionOf(b) - revisionOf(a));
  return new Map(byAge.slice(0, seatsMax));
}

function encodeMemory({ seats, givenUp, ...rest }: Memory): unknown {
  return {
    ...rest,
    seats: [...seats].map(([unit, seat]) => ({ unit, ...seat })),
    givenUp: [...givenUp].map(([unit, modRevision]) => ({ unit, modRevision })),
  };
}

function decodeMemory(document: unknown): Memory {
  const fields = Fields.of(document, "");
  const optional = <T>(name: string, read: (inner: Fields) => T): T | undefined =>
    fields.has(name) ? read(fields.fields(name)) : undefined;
  return {
    cluster: optional("cluster", (inner) => ({ uuid: inner.string("uuid"), epoch: inner.string("epoch") })),
    history: fields.has("history") ? fields.string("history") : undefined,
    highest: fields.count("highest"),
    term: optional("term", (inner) => ({ n: inner.count("n"), uuid: inner.string("uuid") })),
    seats: new Map(
      fields
        .list("seats")
        .map((inner) => [
          inner.parsed("unit", parseUnitName),
          { createRevision: inner.count("createRevision"), modRevision: inner.count("modRevision") },
        ]),
    ),
    // A fleetd that did not remember them yet has written none.
    givenUp: new Map(
      (fields.has("givenUp") ? fields.list("givenUp") : []).map((inner) => [
        inner.parsed("unit", parseUnitName),
        inner.count("modRevision"),
      ]),
    ),
    freeze: optional("freeze", (inner) => ({
      nonce: inner.string("nonce"),
      reason: inner.string("reason"),
      isFinal: inner.boolean("isFinal"),
    })),
  };
}
