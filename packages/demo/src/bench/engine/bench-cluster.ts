import {
  type DesiredState,
  type DestroyedMark,
  type Machine,
  type MachineId,
  type Presence,
  parseMachineId,
  type Seat,
  type Unit,
  type UnitName,
  type UnitState,
} from "@fleet/core";
import type { EngineTask, PlanChanges, PlanView } from "@fleet/engine";
import { type Rules, recordOf, regions, unitOf } from "./bench-units.js";

const term = { n: 1, uuid: "bench" };

/** A cluster in memory that things happen to, and that says what has happened as a replica does. */
export class BenchCluster {
  readonly machines = new Map<MachineId, Machine>();
  readonly units = new Map<UnitName, Unit>();
  readonly destroyed = new Map<UnitName, DestroyedMark>();
  readonly seats = new Map<MachineId, Map<UnitName, Seat>>();
  readonly states = new Map<MachineId, Map<UnitName, UnitState>>();
  readonly #machineCount: number;
  readonly #rules: Rules;
  #changedUnits = new Map<UnitName, Set<MachineId>>();
  #changedMachines = new Set<MachineId>();
  #revision = 1;

  constructor(machines: number, rules: Rules) {
    this.#machineCount = machines;
    this.#rules = rules;
    for (let number = 0; number < machines; number += 1) this.#addMachine(idOf(number), number);
  }

  get view(): PlanView {
    const { machines, units, seats, states, destroyed } = this;
    return { machines, units, seats, states, destroyed, unreadableUnits: new Set() };
  }

  /** What has happened since the last call. */
  takeChanges(): PlanChanges {
    const changes: PlanChanges = {
      all: false,
      units: new Set(this.#changedUnits.keys()),
      machines: this.#changedMachines,
      spots: this.#changedUnits,
    };
    this.#changedUnits = new Map();
    this.#changedMachines = new Set();
    return changes;
  }

  addUnit(number: number): UnitName {
    const { name, options } = unitOf(number, this.#rules, this.#machineCount);
    this.units.set(name, recordOf(name, options, this.#next()));
    this.#touch(name);
    return name;
  }

  /** Adds a unit that runs on every machine. */
  addGlobal(number: number): UnitName {
    const { name } = recordOf(unitOf(number, "none", 1).name, [], 0);
    this.units.set(name, recordOf(name, ["Global=true"], this.#next()));
    this.#touch(name);
    return name;
  }

  setDesired(name: UnitName, desiredState: DesiredState): void {
    this.units.set(name, { ...this.units.get(name)!, desiredState, modRevision: this.#next() });
    this.#touch(name);
  }

  destroy(name: UnitName): void {
    const revision = this.#next();
    this.units.delete(name);
    this.destroyed.set(name, { name, recordRevision: 1, createRevision: revision, modRevision: revision });
    this.#touch(name);
  }

  setMachine(id: MachineId, change: Partial<Machine>): void {
    this.machines.set(id, { ...this.machines.get(id)!, ...change });
    this.#changedMachines.add(id);
  }

  /** Says that what a machine says of a unit has changed. */
  noteState(unit: UnitName, machine: MachineId): void {
    this.#touch(unit, machine);
  }

  /** Does what the leader's transactions would. */
  carryOut(tasks: readonly EngineTask[]): void {
    for (const task of tasks) this.#carryOut(task);
  }

  #carryOut(task: EngineTask): void {
    const { unit } = task;
    if (task.kind === "clear-mark") {
      this.destroyed.delete(unit);
      this.#touch(unit);
      return;
    }
    const { machine } = task;
    if (task.kind === "collect") {
      this.seats.get(machine)?.delete(unit);
      this.#touch(unit, machine);
    } else if (task.kind === "unseat") {
      this.#bury(this.seats.get(machine)!.get(unit)!);
    } else {
      if (task.kind === "move") this.#bury(task.from);
      const { wish, reason } = task;
      const modRevision = this.#next();
      const createRevision = task.kind === "update" ? task.seat.createRevision : modRevision;
      this.#put({ machine, unit, ...wish, term, reason, createRevision, modRevision });
    }
  }

  #bury(seat: Seat): void {
    this.#put({ ...seat, target: "absent", modRevision: this.#next() });
  }

  #put(seat: Seat): void {
    nested(this.seats, seat.machine).set(seat.unit, seat);
    this.#touch(seat.unit, seat.machine);
  }

  /** Lets a machine do what a seat says, and report it. */
  report(machine: MachineId, unit: UnitName): void {
    const seat = this.seats.get(machine)?.get(unit);
    const states = nested(this.states, machine);
    this.#touch(unit, machine);
    if (seat === undefined) {
      states.delete(unit);
      return;
    }
    const gone = seat.target === "absent";
    const revision = this.#next();
    states.set(unit, {
      machine,
      unit,
      condition: gone ? "unloaded" : "loaded",
      loadState: "loaded",
      activeState: gone ? "inactive" : "active",
      subState: gone ? "dead" : "running",
      contentId: seat.contentId,
      hash: seat.hash,
      sinceMs: 0,
      createRevision: revision,
      modRevision: revision,
      ...(gone ? { acked: seat.modRevision } : {}),
    });
  }

  /** Lets a machine join that was never heard of, whose id comes right after that of the machine with this number. */
  join(number: number): MachineId {
    const id = parseMachineId(idOf(number).replace(/0$/, "1"));
    this.#addMachine(id, number);
    this.#changedMachines.add(id);
    return id;
  }

  /** Forgets a machine that has nothing. */
  forget(id: MachineId): void {
    this.machines.delete(id);
    this.#changedMachines.add(id);
  }

  #addMachine(id: MachineId, number: number): void {
    const metadata = { region: regions[number % regions.length]! };
    const revision = this.#next();
    const presence: Presence = {
      id,
      primaryIp: "192.0.2.1",
      apiAddresses: [],
      metadata,
      version: "bench",
      bootId: "bench",
      instance: "bench",
      state: "up",
      leaseId: "1",
      createRevision: revision,
      modRevision: revision,
    };
    const policy = { cordoned: false, drained: false };
    this.machines.set(id, { id, known: true, metadata, policy, presence });
  }

  #touch(unit: UnitName, machine?: MachineId): void {
    const machines = this.#changedUnits.get(unit) ?? new Set();
    this.#changedUnits.set(unit, machines);
    if (machine !== undefined) machines.add(machine);
  }

  #next(): number {
    this.#revision += 1;
    return this.#revision;
  }
}

function idOf(number: number): MachineId {
  return parseMachineId(`${String(number).padStart(8, "0")}${"0".repeat(24)}`);
}

function nested<V>(maps: Map<MachineId, Map<UnitName, V>>, id: MachineId): Map<UnitName, V> {
  let map = maps.get(id);
  if (map === undefined) {
    map = new Map();
    maps.set(id, map);
  }
  return map;
}
