import { effectiveMetadata, isFleetError, type Metadata, type Seat, type UnitName } from "@fleet/core";
import { decodeSeat } from "../codec.js";
import { readAll } from "../read-all.js";
import type { Store, StoredValue, StoreEvent } from "../store.js";
import type { MachineSessionOptions } from "./session-options.js";

/**
 * This machine's seats and dynamic metadata, read and then followed. A seat that becomes unreadable stays as it was
 * last read in the same history: nobody is stopped by garbage, and what another history said is no word of this one.
 */
export class OwnRecords {
  readonly #options: MachineSessionOptions;
  readonly #seats = new Map<UnitName, Seat>();
  readonly #dynamic = new Map<string, string>();
  readonly #onChange: (touched: ReadonlySet<UnitName>) => void;
  #metadata: Metadata;
  #history: string | undefined;

  constructor(options: MachineSessionOptions, onChange: (touched: ReadonlySet<UnitName>) => void) {
    this.#options = options;
    this.#onChange = onChange;
    this.#metadata = options.description.metadata;
  }

  get seats(): ReadonlyMap<UnitName, Seat> {
    return this.#seats;
  }

  get metadata(): Metadata {
    return this.#metadata;
  }

  /** The history that the seats are of; `undefined` before they were first read. */
  get history(): string | undefined {
    return this.#history;
  }

  /**
   * Reads everything.
   * @param history - What is read.
   * @returns the activities that follow it from there, until aborted or disconnected.
   */
  async read(
    history: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly ((signal: AbortSignal) => Promise<void>)[]> {
    const { trust, keys, description } = this.#options;
    const store: Store = trust.store;
    const seatPrefix = keys.seats(description.id);
    const metadataPrefix = keys.machineMetadata(description.id);
    const seats = await readAll(store, seatPrefix, signal);
    const metadata = await readAll(store, metadataPrefix, signal);
    this.#dynamic.clear();
    this.#takeMetadata(metadata.items.map((item) => ({ kind: "put", item })));
    this.#onChange(this.#replaceSeats(seats.items, history));
    return [
      (both) =>
        store.watch({ prefix: seatPrefix }, seats.revision + 1, both, ({ events }) => {
          if (events.length > 0) this.#onChange(this.#takeSeats(events));
        }),
      (both) =>
        store.watch({ prefix: metadataPrefix }, metadata.revision + 1, both, ({ events }) => {
          if (events.length === 0) return;
          this.#takeMetadata(events);
          this.#onChange(new Set());
        }),
    ];
  }

  #replaceSeats(items: readonly StoredValue[], history: string | undefined): ReadonlySet<UnitName> {
    const before = new Map(this.#seats);
    const isOtherHistory = history !== this.#history;
    this.#history = history;
    if (isOtherHistory) this.#seats.clear();
    const events: StoreEvent[] = items.map((item) => ({ kind: "put", item }));
    const present = this.#takeSeats(events);
    for (const unit of before.keys()) if (!present.has(unit)) this.#seats.delete(unit);
    const touched = new Set<UnitName>();
    for (const unit of [...before.keys(), ...present]) {
      const isSame = this.#seats.get(unit)?.modRevision === before.get(unit)?.modRevision;
      if (isOtherHistory || !isSame) touched.add(unit);
    }
    return touched;
  }

  #takeSeats(events: readonly StoreEvent[]): ReadonlySet<UnitName> {
    const { keys, logger } = this.#options;
    const touched = new Set<UnitName>();
    for (const event of events) {
      const key = event.kind === "put" ? event.item.key : event.key;
      const parsed = keys.parse(key);
      if (parsed?.kind !== "seat") continue;
      const { machine, unit } = parsed;
      touched.add(unit);
      if (event.kind === "delete") {
        this.#seats.delete(unit);
        continue;
      }
      try {
        this.#seats.set(unit, decodeSeat(event.item, machine, unit));
      } catch (err) {
        if (!isFleetError(err)) throw err;
        logger.warn("cannot read a seat; the unit is left as it is", { unit, err });
      }
    }
    return touched;
  }

  #takeMetadata(events: readonly StoreEvent[]): void {
    const { keys, description } = this.#options;
    for (const event of events) {
      const parsed = keys.parse(event.kind === "put" ? event.item.key : event.key);
      if (parsed?.kind !== "metadata") continue;
      if (event.kind === "put") this.#dynamic.set(parsed.name, event.item.value);
      else this.#dynamic.delete(parsed.name);
    }
    this.#metadata = effectiveMetadata(description.metadata, Object.fromEntries(this.#dynamic));
  }
}
