import {
  contentId,
  isFleetError,
  type MachineId,
  parseRequirements,
  parseUnitName,
  type Seat,
  type UnitName,
  unitContentFromText,
} from "@fleet/core";
import type { Clock, DocumentStore, Logger, UnitDirectory } from "@fleet/core/ports";
import type { UnitView } from "../plan/machine-view.js";
import { readableFile } from "../plan/unit-facts.js";
import { Bell } from "./bell.js";

const documentName = "agent-offline";

/** How soon after a write the next one may follow: a roll-out of many units costs few writes. */
const writePauseMs = 1_000;

/** Where one that could not be written is tried again. */
const retryMs = 5_000;

interface Entry {
  readonly seat: Seat;
  readonly text: string;
}

/** Whose schedule it is. One that belongs to anybody else counts for nothing. */
export interface ScheduleOwner {
  readonly machine: MachineId;
  /** Names the registry as the configuration does, so that another one is told from it before either can be reached. */
  readonly registry: string;
}

/**
 * What this machine may start without being told: the units with `OfflineStart` that it was last told to run, with their
 * seats and texts, on the disk.
 * It is written behind, but for withdrawals: a unit that was stopped on purpose has left it before anybody hears so.
 */
export class OfflineSchedule {
  readonly #owner: ScheduleOwner;
  readonly #documents: DocumentStore;
  readonly #directory: UnitDirectory;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #bell = new Bell();
  #entries = new Map<UnitName, Entry>();
  /** Seats whose units' texts have not been read yet. */
  readonly #wanted = new Map<UnitName, Seat>();
  /** What the document on the disk has, or may have. */
  #onDisk: ReadonlySet<UnitName> = new Set();
  #history: string | undefined;
  #writing: Promise<boolean> = Promise.resolve(false);

  constructor(options: {
    readonly owner: ScheduleOwner;
    readonly documents: DocumentStore;
    readonly directory: UnitDirectory;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#owner = options.owner;
    this.#documents = options.documents;
    this.#directory = options.directory;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** Reads what an earlier process left. What cannot be read, or belongs to somebody else, counts for nothing. */
  async load(): Promise<void> {
    try {
      const document = await this.#documents.read(documentName);
      if (document === undefined) return;
      const { machine, registry, history, entries } = fieldsOf(document);
      if (machine !== this.#owner.machine || registry !== this.#owner.registry) {
        this.#logger.warn("the schedule on the disk belongs to another machine or registry; not used");
        return;
      }
      if (typeof history !== "string" || !Array.isArray(entries)) return;
      this.#history = history;
      this.#entries = new Map(entries.flatMap((entry) => readEntry(entry, this.#owner.machine)));
      this.#onDisk = new Set(this.#entries.keys());
    } catch (err) {
      this.#logger.error("cannot read the schedule on the disk; nothing is started by it", { err });
    }
  }

  /** The units that may be started. @param history - The history that is believed; no other one's seats count. */
  units(history: string | undefined): readonly UnitName[] {
    return history !== undefined && history === this.#history ? [...this.#entries.keys()] : [];
  }

  /** The seat that was last known of a unit that may be started. */
  seat(unit: UnitName): Seat | undefined {
    return this.#entries.get(unit)?.seat;
  }

  /** The text that goes with that seat. */
  text(unit: UnitName): string | undefined {
    return this.#entries.get(unit)?.text;
  }

  /**
   * Takes in which history of the registry is believed; the seats of another one mean nothing in it.
   * @returns whether it is another one, so that all units are to be noted again.
   */
  follow(history: string | undefined): boolean {
    if (history === undefined || history === this.#history) return false;
    this.#history = history;
    this.#entries.clear();
    this.#wanted.clear();
    this.#bell.ring();
    return true;
  }

  /** Takes in what the registry says of a unit now. @param view - `undefined` if there is no such unit here. */
  note(unit: UnitName, view: UnitView | undefined): void {
    const seat = view === undefined ? undefined : seatToKeep(view);
    const known = this.#wanted.get(unit) ?? this.#entries.get(unit)?.seat;
    if (seat === undefined) {
      this.#wanted.delete(unit);
      if (this.#entries.delete(unit) || known !== undefined) this.#bell.ring();
    } else if (known?.modRevision !== seat.modRevision || known.createRevision !== seat.createRevision) {
      this.#wanted.set(unit, seat);
      this.#bell.ring();
    }
  }

  /** The unit is stopped on purpose: when the promise resolves, no later boot starts it by what is on the disk. */
  async withdraw(unit: UnitName): Promise<void> {
    this.#wanted.delete(unit);
    this.#entries.delete(unit);
    if (this.#onDisk.has(unit)) await this.#write();
  }

  /** Writes what has changed until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#bell.wait(this.#clock, Number.POSITIVE_INFINITY, signal);
      let pauseMs = writePauseMs;
      try {
        await this.#readTexts();
        // Where nothing was to be written the next change is to be written at once.
        if (!(await this.#write())) continue;
      } catch (err) {
        this.#logger.error("cannot write the schedule to the disk", { err });
        this.#bell.ring();
        pauseMs = retryMs;
      }
      await this.#clock.sleep(pauseMs, signal);
    }
  }

  async #readTexts(): Promise<void> {
    for (const [unit, seat] of [...this.#wanted]) {
      const before = this.#entries.get(unit);
      const text = before?.seat.contentId === seat.contentId ? before.text : await this.#directory.read(unit);
      if (this.#wanted.get(unit) !== seat) continue;
      this.#wanted.delete(unit);
      // The file may be another one by now; then there is another seat to come.
      if (text !== undefined && contentId(text) === seat.contentId) this.#entries.set(unit, { seat, text });
      else this.#entries.delete(unit);
    }
  }

  /** Writes everything as it is when its turn comes. A machine without such units never writes. @returns whether it did. */
  #write(): Promise<boolean> {
    const turn = this.#writing
      .catch(() => false)
      .then(async () => {
        if (this.#entries.size === 0 && this.#onDisk.size === 0) return false;
        const units = new Set(this.#entries.keys());
        const document = {
          ...this.#owner,
          history: this.#history,
          entries: [...this.#entries.values()],
        };
        this.#onDisk = new Set([...this.#onDisk, ...units]);
        await this.#documents.write(documentName, document);
        this.#onDisk = units;
        return true;
      });
    this.#writing = turn;
    return turn;
  }
}

/** Only what is wanted launched, is here as it is wanted, and says so itself. */
function seatToKeep(view: UnitView): Seat | undefined {
  const { seat } = view;
  const file = readableFile(view);
  if (seat?.target !== "launched" || file?.contentId !== seat.contentId) return undefined;
  return file.isOfflineStart ? seat : undefined;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** Reads one entry; one that is damaged is left out, and its unit waits for the registry. */
function readEntry(value: unknown, machine: MachineId): readonly (readonly [UnitName, Entry])[] {
  const { seat, text } = fieldsOf(value) as { readonly seat?: Partial<Seat>; readonly text?: unknown };
  if (seat === undefined || typeof text !== "string" || !isSeat(seat) || seat.machine !== machine) return [];
  if (contentId(text) !== seat.contentId) return [];
  try {
    const unit = parseUnitName(seat.unit);
    return mayStartOffline(unit, text) ? [[unit, { seat, text }]] : [];
  } catch (error) {
    if (!isFleetError(error)) throw error;
    return [];
  }
}

/** An exclusive unit is never started without the registry, whatever else it says. */
function mayStartOffline(unit: UnitName, text: string): boolean {
  const { offlineStart, exclusive } = parseRequirements(unitContentFromText(text).options, unit);
  return offlineStart && !exclusive;
}

function isSeat(seat: Partial<Seat>): seat is Seat {
  return (
    seat.target === "launched" &&
    typeof seat.unit === "string" &&
    typeof seat.contentId === "string" &&
    typeof seat.term === "object" &&
    Number.isSafeInteger(seat.startCount) &&
    Number.isSafeInteger(seat.createRevision) &&
    Number.isSafeInteger(seat.modRevision)
  );
}
