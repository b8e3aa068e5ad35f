import type { ClusterView, DestroyedMark, MachineId, Revision, Seat, Term, UnitName } from "@fleet/core";
import type { ClusterReplica, LeaderWrite, ReplicaChange } from "@fleet/core/ports";
import { ChangeCollector, type PlanChanges } from "../plan/incremental/changes.js";

/** Stands for a revision that is not known before the answer to a write. Nothing is older than what has it. */
export const unansweredRevision: Revision = Number.MAX_SAFE_INTEGER;

const noMachines: ReadonlySet<MachineId> = new Set();

/**
 * The replica's view as it will be when the leader's own unanswered writes are done (protocol rule P3.3). A write is
 * assumed from the moment it is decided, until the replica has it or it has turned out not to be written.
 */
export class AssumedView {
  readonly #replica: ClusterReplica;
  readonly #term: Term;
  readonly #changes = new ChangeCollector();
  readonly #seats = new Map<MachineId, Map<UnitName, Seat>>();
  readonly #marks = new Map<UnitName, DestroyedMark>();
  /** Seats that are assumed to be so, or (`undefined`) not to be there. */
  readonly #assumedSeats = new Map<MachineId, Map<UnitName, Seat | undefined>>();
  /** Marks that are assumed to be gone. */
  readonly #assumedMarks = new Set<UnitName>();
  #hasNews = false;

  /** @param replica - Read as soon as there is a view. */
  constructor(replica: ClusterReplica, term: Term) {
    this.#replica = replica;
    this.#term = term;
    if (replica.revision > 0) this.#readAll();
  }

  /** The view of this moment. */
  get view(): ClusterView {
    return { ...this.#replica.view(), seats: this.#seats, destroyed: this.#marks };
  }

  /** Whether the replica has taken anything in since changes were last taken. */
  get hasNews(): boolean {
    return this.#hasNews;
  }

  /** What has changed since the last call. */
  takeChanges(): PlanChanges {
    this.#hasNews = false;
    return this.#changes.take();
  }

  /** The same for whoever plans without acting on it: there still is news. */
  takeChangesQuietly(): PlanChanges {
    return this.#changes.take();
  }

  /** Takes in a step of the replica. */
  follow({ resynced, units, machines, spots }: ReplicaChange): void {
    if (resynced || units.size > 0 || machines.size > 0) this.#hasNews = true;
    if (resynced || (spots === undefined && units.size > 0)) {
      this.#readAll();
      this.#changes.add({ all: true, units, machines });
      return;
    }
    for (const unit of units) this.#readMark(unit);
    for (const [unit, at] of spots ?? []) for (const machine of at) this.#readSeat(machine, unit);
    this.#changes.add({ all: false, units, machines, spots: spots ?? new Map() });
  }

  /** Assumes writes to be done. */
  assume(writes: readonly LeaderWrite[]): void {
    for (const write of writes) {
      switch (write.kind) {
        case "put-seat": {
          const { machine, unit } = write.seat;
          const createRevision = this.#seats.get(machine)?.get(unit)?.createRevision ?? unansweredRevision;
          const versioned = { createRevision, modRevision: unansweredRevision };
          nested(this.#assumedSeats, machine).set(unit, { ...write.seat, term: this.#term, ...versioned });
          this.#readSeat(machine, unit);
          break;
        }
        case "delete-seat":
          nested(this.#assumedSeats, write.machine).set(write.unit, undefined);
          this.#readSeat(write.machine, write.unit);
          break;
        case "delete-mark":
          this.#assumedMarks.add(write.unit);
          this.#readMark(write.unit);
          break;
        case "delete-unit-file":
          break;
      }
    }
    this.#note(writes);
  }

  /** Ceases to assume writes: from now on the replica is believed, whether it has them or not. */
  forget(writes: readonly LeaderWrite[]): void {
    for (const write of writes) {
      if (write.kind === "delete-mark") {
        this.#assumedMarks.delete(write.unit);
        this.#readMark(write.unit);
      } else if (write.kind !== "delete-unit-file") {
        const { machine, unit } = write.kind === "put-seat" ? write.seat : write;
        this.#assumedSeats.get(machine)?.delete(unit);
        this.#readSeat(machine, unit);
      }
    }
    this.#note(writes);
  }

  #note(writes: readonly LeaderWrite[]): void {
    const units = new Set<UnitName>();
    const spots = new Map<UnitName, Set<MachineId>>();
    for (const write of writes) {
      if (write.kind === "delete-unit-file") continue;
      const spot = write.kind === "put-seat" ? write.seat : write;
      units.add(spot.unit);
      if (!("machine" in spot)) continue;
      const machines = spots.get(spot.unit);
      if (machines === undefined) spots.set(spot.unit, new Set([spot.machine]));
      else machines.add(spot.machine);
    }
    this.#changes.add({ all: false, units, machines: noMachines, spots });
  }

  #readAll(): void {
    const { seats, destroyed } = this.#replica.view();
    this.#seats.clear();
    for (const [machine, units] of seats) this.#seats.set(machine, new Map(units));
    this.#marks.clear();
    for (const [unit, mark] of destroyed) this.#marks.set(unit, mark);
    for (const [machine, units] of this.#assumedSeats) {
      for (const unit of units.keys()) this.#readSeat(machine, unit);
    }
    for (const unit of this.#assumedMarks) this.#readMark(unit);
  }

  #readSeat(machine: MachineId, unit: UnitName): void {
    const assumed = this.#assumedSeats.get(machine);
    const seat = assumed?.has(unit) ? assumed.get(unit) : this.#replica.view().seats.get(machine)?.get(unit);
    if (seat !== undefined) {
      nested(this.#seats, machine).set(unit, seat);
      return;
    }
    const seats = this.#seats.get(machine);
    if (seats?.delete(unit) === true && seats.size === 0) this.#seats.delete(machine);
  }

  #readMark(unit: UnitName): void {
    const mark = this.#assumedMarks.has(unit) ? undefined : this.#replica.view().destroyed.get(unit);
    if (mark === undefined) this.#marks.delete(unit);
    else this.#marks.set(unit, mark);
  }
}

function nested<V>(maps: Map<MachineId, Map<UnitName, V>>, machine: MachineId): Map<UnitName, V> {
  let map = maps.get(machine);
  if (map === undefined) {
    map = new Map();
    maps.set(machine, map);
  }
  return map;
}
