import {
  type ClusterIdentity,
  type ClusterView,
  type ContentId,
  type DestroyedMark,
  type EngineStatus,
  FleetError,
  isSeated,
  type LeaderRecord,
  type MachineId,
  parseRequirements,
  type RefusedUnit,
  type Revision,
  type Seat,
  type Unit,
  type UnitName,
  type UnitRecord,
  type UnitState,
  type UnreadableRecord,
} from "@fleet/core";
import { decodeCluster, decodeLeader, decodeMark, decodeSeat, decodeState, decodeUnit } from "./codec.js";
import type { Keys, ParsedKey } from "./keys.js";
import { LatestWrites } from "./latest-writes.js";
import { MachineTable } from "./machine-table.js";
import { setMember, setNested, setOrDelete } from "./nested-maps.js";
import { PresumedUnits } from "./presumed-units.js";
import { decodeStatus } from "./status-codec.js";
import type { StoredValue, StoreEvent } from "./store.js";
import { UnitContents } from "./unit-contents.js";

/** What a step touched. */
export interface Touched {
  readonly units: Set<UnitName>;
  /** The machines where a unit's seat or state changed. */
  readonly spots: Map<UnitName, Set<MachineId>>;
  readonly machines: Set<MachineId>;
  leader: boolean;
  /** Units of which the leader says something else than before. */
  readonly refused: Set<UnitName>;
  /** Whether other records cannot be read than before, or for other reasons. */
  quarantine: boolean;
}

/**
 * All records of the cluster, decoded, as of one revision. A record that cannot be read is listed, and what was last
 * read of its key stays: "unreadable" is never "absent". Only unreadable unit records are taken out of the units, and
 * named apart, since nobody may act on them.
 */
export class ClusterState {
  readonly #keys: Keys;
  #revision: Revision = 0;
  /** Every key with its mod revision: for telling what a new reading of everything has changed. */
  readonly #modRevisions = new Map<string, Revision>();
  #latest = new LatestWrites();
  #identity: ClusterIdentity | undefined;
  #leader: LeaderRecord | undefined;
  #engineStatus: EngineStatus | undefined;
  readonly #units = new Map<UnitName, Unit>();
  readonly #marks = new Map<UnitName, DestroyedMark>();
  readonly #machines = new MachineTable();
  readonly #seats = new Map<MachineId, Map<UnitName, Seat>>();
  readonly #states = new Map<MachineId, Map<UnitName, UnitState>>();
  readonly #unreadable = new Map<string, UnreadableRecord>();
  readonly #unreadableUnits = new Set<UnitName>();
  /** Units with a mark, be it readable or not. */
  readonly #marked = new Set<UnitName>();
  /** Units that may have a live seat and no record, though nobody destroyed them. */
  readonly #orphans = new Set<UnitName>();
  /** Seats that cannot be read, by unit: nobody knows where those units belong. */
  readonly #unreadableSeats = new Map<UnitName, Set<MachineId>>();
  readonly #contents = new UnitContents();
  readonly #unitsOf = new Map<ContentId, Set<UnitName>>();
  readonly #presumed = new PresumedUnits(this.#contents);

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** The revision that all of it is of; 0 before anything was read. */
  get revision(): Revision {
    return this.#revision;
  }

  /** How many keys there are. */
  get keyCount(): number {
    return this.#modRevisions.size;
  }

  /** The view of this moment; its maps go on living. */
  view(): ClusterView {
    return {
      revision: this.#revision,
      identity: this.#identity,
      leader: this.#leader,
      engineStatus: this.#engineStatus,
      units: this.#units,
      destroyed: this.#marks,
      machines: this.#machines.all,
      seats: this.#seats,
      states: this.#states,
      unreadableUnits: this.#untouchable(),
      unreadableSeats: new Set(this.#unreadableSeats.keys()),
      presumed: this.#presumed.all,
      unreadable: [...this.#unreadable.values()],
    };
  }

  /** What was written last: by it a history is known again. */
  get latest(): Pick<LatestWrites, "since" | "size" | "isAsWritten" | "contradicts"> {
    return this.#latest;
  }

  /**
   * Becomes what was read of everything.
   * @param isOtherHistory - Equal revisions mean nothing: all that was read counts as different.
   * @returns what differs from before.
   */
  load(items: readonly StoredValue[], revision: Revision, isOtherHistory = false): Touched {
    if (isOtherHistory) this.#latest = new LatestWrites();
    const present = new Set(items.map((item) => item.key));
    const events: StoreEvent[] = [];
    for (const key of this.#modRevisions.keys()) {
      if (!present.has(key)) events.push({ kind: "delete", key, modRevision: revision });
    }
    for (const item of items) {
      const isSame = !isOtherHistory && this.#modRevisions.get(item.key) === item.modRevision;
      if (!isSame) events.push({ kind: "put", item });
    }
    return this.apply(events, revision);
  }

  /**
   * Takes changes in.
   * @returns what they touched.
   */
  apply(events: readonly StoreEvent[], revision: Revision): Touched {
    const touched: Touched = {
      units: new Set(),
      spots: new Map(),
      machines: new Set(),
      leader: false,
      refused: new Set(),
      quarantine: false,
    };
    const stale = new Set<UnitName>();
    for (const event of events) {
      const key = event.kind === "put" ? event.item.key : event.key;
      const before = this.#unreadable.get(key)?.problem;
      this.#applyEvent(key, event, touched, stale);
      const problem = this.#unreadable.get(key)?.problem;
      if (problem !== before) touched.quarantine = true;
      if (problem !== undefined) this.#forgetLastRead(key);
    }
    // Records and texts of one step belong together, so units are put together when both are there.
    for (const name of stale) this.#rebuild(name);
    for (const name of this.#unreadableUnits) if (touched.units.has(name)) this.#presume(name);
    for (const name of this.#orphans) if (touched.units.has(name)) this.#presumeOrphan(name);
    this.#revision = revision;
    return touched;
  }

  /** Takes note that nothing has changed up to a revision. */
  advance(revision: Revision): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  #applyEvent(key: string, event: StoreEvent, touched: Touched, stale: Set<UnitName>): void {
    const item = event.kind === "put" ? event.item : undefined;
    if (item === undefined) {
      this.#modRevisions.delete(key);
      this.#latest.delete(key);
    } else {
      this.#modRevisions.set(key, item.modRevision);
      this.#latest.put(item);
    }
    this.#unreadable.delete(key);
    const parsed = this.#keys.parse(key);
    if (parsed === undefined) {
      if (item !== undefined) this.#report(key, "no fleet writes such a key");
      return;
    }
    note(parsed, touched);
    if (parsed.kind === "unit") {
      this.#unreadableUnits.delete(parsed.unit);
      this.#presumed.forget(parsed.unit);
    }
    if (parsed.kind === "mark" && item === undefined) this.#marked.delete(parsed.unit);
    else if (parsed.kind === "mark") this.#marked.add(parsed.unit);
    if (parsed.kind === "seat") setMember(this.#unreadableSeats, parsed.unit, parsed.machine, false);
    try {
      this.#take(parsed, item, touched, stale);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      this.#report(key, error.message);
      if (parsed.kind === "seat") setMember(this.#unreadableSeats, parsed.unit, parsed.machine, true);
      if (parsed.kind !== "unit") return;
      this.#unreadableUnits.add(parsed.unit);
      this.#setRecord(parsed.unit, undefined, stale);
    }
  }

  #take(parsed: ParsedKey, item: StoredValue | undefined, touched: Touched, stale: Set<UnitName>): void {
    switch (parsed.kind) {
      case "cluster":
        this.#identity = item === undefined ? undefined : decodeCluster(item);
        return;
      case "leader":
        this.#leader = item === undefined ? undefined : decodeLeader(item);
        return;
      case "unit":
        this.#setRecord(parsed.unit, item === undefined ? undefined : decodeUnit(item, parsed.unit), stale);
        if (item === undefined) this.#orphans.add(parsed.unit);
        return;
      case "mark":
        setOrDelete(this.#marks, parsed.unit, item === undefined ? undefined : decodeMark(item, parsed.unit));
        if (item === undefined) this.#orphans.add(parsed.unit);
        return;
      case "unit-file":
        this.#setText(parsed.contentId, item, touched, stale);
        return;
      case "seat": {
        const seat = item === undefined ? undefined : decodeSeat(item, parsed.machine, parsed.unit);
        setNested(this.#seats, parsed.machine, parsed.unit, seat);
        if (seat !== undefined && isSeated(seat) && !this.#units.has(parsed.unit))
          this.#orphans.add(parsed.unit);
        return;
      }
      case "state": {
        const state = item === undefined ? undefined : decodeState(item, parsed.machine, parsed.unit);
        setNested(this.#states, parsed.machine, parsed.unit, state);
        return;
      }
      case "presence":
      case "machine-record":
      case "policy":
      case "duplicate":
      case "metadata":
        this.#machines.take(parsed, item);
        return;
      case "status":
        this.#setStatus(item === undefined ? undefined : decodeStatus(item), touched);
        return;
      case "candidate":
      case "term":
        return;
    }
  }

  /**
   * Of a key that became unreadable nothing is kept, or replicas would differ by how long they have followed, and so would
   * the plans of two leaders. What runs there the machine's states say.
   */
  #forgetLastRead(key: string): void {
    const parsed = this.#keys.parse(key);
    if (parsed?.kind === "seat") setNested(this.#seats, parsed.machine, parsed.unit, undefined);
    if (parsed?.kind === "state") setNested(this.#states, parsed.machine, parsed.unit, undefined);
  }

  #setStatus(status: EngineStatus | undefined, touched: Touched): void {
    const before = this.#engineStatus?.refusals ?? [];
    const after = status?.refusals ?? [];
    const said = ({ unit, reason }: RefusedUnit): string => `${unit} ${reason}`;
    const saidBefore = new Set(before.map(said));
    const saidAfter = new Set(after.map(said));
    for (const refusal of before) if (!saidAfter.has(said(refusal))) touched.refused.add(refusal.unit);
    for (const refusal of after) if (!saidBefore.has(said(refusal))) touched.refused.add(refusal.unit);
    this.#engineStatus = status;
  }

  #setText(id: ContentId, item: StoredValue | undefined, touched: Touched, stale: Set<UnitName>): void {
    // A text is put again with each record that refers to it, and many units may share one.
    const isAnother = item === undefined ? this.#contents.delete(id) : this.#contents.set(id, item.value);
    for (const name of isAnother ? (this.#unitsOf.get(id) ?? []) : []) {
      touched.units.add(name);
      stale.add(name);
    }
    for (const name of [...this.#unreadableUnits, ...this.#orphans]) {
      if (this.#presumed.isOf(name, id)) touched.units.add(name);
    }
    const content = this.#contents.get(id);
    if (content instanceof FleetError) throw content;
  }

  #presume(name: UnitName): void {
    this.#presumed.presume(
      name,
      [...this.#seats.values()].flatMap((seats) => seats.get(name) ?? []),
    );
  }

  /** A unit without a record is left where it is, unless it was destroyed, and excludes whom it excluded. */
  #presumeOrphan(name: UnitName): void {
    const isOrphan = !this.#units.has(name) && !this.#unreadableUnits.has(name) && !this.#marked.has(name);
    if (isOrphan) this.#presume(name);
    else if (!this.#unreadableUnits.has(name)) this.#presumed.forget(name);
    if (!isOrphan || !this.#presumed.all.has(name)) this.#orphans.delete(name);
  }

  #setRecord(name: UnitName, record: UnitRecord | undefined, stale: Set<UnitName>): void {
    const before = this.#units.get(name);
    if (before !== undefined && before.contentId !== record?.contentId) {
      const sharers = this.#unitsOf.get(before.contentId);
      sharers?.delete(name);
      if (sharers?.size === 0) this.#unitsOf.delete(before.contentId);
    }
    if (record === undefined) {
      this.#units.delete(name);
      stale.delete(name);
      return;
    }
    let sharers = this.#unitsOf.get(record.contentId);
    if (sharers === undefined) {
      sharers = new Set();
      this.#unitsOf.set(record.contentId, sharers);
    }
    sharers.add(name);
    const kept = before?.contentId === record.contentId ? before : undefined;
    this.#units.set(name, {
      ...record,
      content: kept?.content,
      requirements: kept?.requirements,
    });
    if (kept?.content === undefined) stale.add(name);
  }

  #rebuild(name: UnitName): void {
    const unit = this.#units.get(name);
    if (unit === undefined) return;
    const found = this.#contents.get(unit.contentId);
    const content = found instanceof FleetError ? undefined : found;
    if (content !== undefined && content === unit.content) return;
    const requirements = content === undefined ? undefined : parseRequirements(content.options, name);
    this.#units.set(name, { ...unit, content, requirements });
  }

  #untouchable(): ReadonlySet<UnitName> {
    if (this.#unreadableSeats.size === 0) return this.#unreadableUnits;
    const lost = [...this.#unreadableSeats.keys()].filter((unit) => this.#units.has(unit));
    return new Set([...this.#unreadableUnits, ...lost]);
  }

  #report(key: string, problem: string): void {
    this.#unreadable.set(key, { key, problem });
  }
}

function note(parsed: ParsedKey, touched: Touched): void {
  if (parsed.kind === "leader") touched.leader = true;
  if ("unit" in parsed) {
    touched.units.add(parsed.unit);
    if ("machine" in parsed) addSpot(touched.spots, parsed.unit, parsed.machine);
  } else if ("machine" in parsed) touched.machines.add(parsed.machine);
}

function addSpot(spots: Map<UnitName, Set<MachineId>>, unit: UnitName, machine: MachineId): void {
  const machines = spots.get(unit);
  if (machines === undefined) spots.set(unit, new Set([machine]));
  else machines.add(machine);
}
