import type { Generation, UnitName } from "@fleet/core";
import type { DocumentStore, Logger } from "@fleet/core/ports";
import type { StartRecord } from "../plan/machine-view.js";

/**
 * The records are spread over this many documents: a start rewrites one of them, a few kilobytes with thousands of
 * units, and reading all at the start of fleetd needs no listing.
 */
const bucketCount = 64;

type Bucket = Map<UnitName, StartRecord>;

/**
 * What was started, in the runtime directory: written before systemd is asked and after it has answered.
 * Writes to one document that come together become one write.
 */
export class StartRecords {
  readonly #documents: DocumentStore;
  readonly #logger: Logger;
  readonly #buckets: readonly Bucket[] = Array.from({ length: bucketCount }, () => new Map());
  readonly #unreadable = new Set<number>();
  readonly #writing = new Map<number, Promise<void>>();
  readonly #next = new Map<number, Promise<void>>();

  constructor(documents: DocumentStore, logger: Logger) {
    this.#documents = documents;
    this.#logger = logger;
  }

  /** Reads what an earlier process left. */
  async load(): Promise<void> {
    await Promise.all(
      this.#buckets.map(async (bucket, index) => {
        try {
          const document = await this.#documents.read(documentName(index));
          for (const [name, value] of Object.entries(document ?? {})) {
            const record = readRecord(value);
            if (record !== undefined) bucket.set(name as UnitName, record);
          }
        } catch (err) {
          this.#unreadable.add(index);
          this.#logger.error("cannot read what was started; the units concerned are adopted", { err });
        }
      }),
    );
  }

  of(unit: UnitName): StartRecord | undefined {
    return this.#buckets[bucketOf(unit)]?.get(unit);
  }

  /** The unit's record may have existed, but its document cannot be read. */
  isUnreadable(unit: UnitName): boolean {
    return this.#unreadable.has(bucketOf(unit));
  }

  /** Replaces a unit's record; it is on its place when the promise resolves. */
  async write(unit: UnitName, record: StartRecord): Promise<void> {
    const index = bucketOf(unit);
    this.#buckets[index]?.set(unit, record);
    await this.#flush(index);
  }

  /** The unit was stopped on purpose, or is gone. */
  async remove(unit: UnitName): Promise<void> {
    const index = bucketOf(unit);
    if (this.#buckets[index]?.delete(unit)) await this.#flush(index);
  }

  /** At most one write of a document is under way, and one waits for it, which takes along all that comes meanwhile. */
  #flush(index: number): Promise<void> {
    const next = this.#next.get(index);
    if (next !== undefined) return next;
    const writing = this.#writing.get(index);
    if (writing === undefined) return this.#write(index);
    const after = writing
      .catch(() => {})
      .then(() => {
        this.#next.delete(index);
        return this.#write(index);
      });
    this.#next.set(index, after);
    return after;
  }

  #write(index: number): Promise<void> {
    const work = this.#documents
      .write(documentName(index), Object.fromEntries(this.#buckets[index] ?? []))
      .finally(() => this.#writing.delete(index));
    this.#writing.set(index, work);
    return work;
  }
}

function documentName(index: number): string {
  return `agent-starts-${index.toString().padStart(2, "0")}`;
}

/** FNV-1a: stable between processes, which is all that counts. */
function bucketOf(unit: UnitName): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < unit.length; index += 1) {
    hash = Math.imul(hash ^ unit.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % bucketCount;
}

function readRecord(value: unknown): StartRecord | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { generation, phase, invocationBefore } = value as Partial<StartRecord>;
  if (phase !== "intent" && phase !== "issued") return undefined;
  if (typeof invocationBefore !== "string" || !isGeneration(generation)) return undefined;
  return { generation, phase, invocationBefore };
}

function isGeneration(value: unknown): value is Generation {
  if (typeof value !== "object" || value === null) return false;
  const { bootId, seatRevision, contentId, startCount } = value as Partial<Generation>;
  return (
    typeof bootId === "string" &&
    typeof contentId === "string" &&
    Number.isSafeInteger(seatRevision) &&
    Number.isSafeInteger(startCount)
  );
}
