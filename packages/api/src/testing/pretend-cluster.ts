import {
  type ClusterView,
  type EngineStatus,
  effectiveMetadata,
  FleetError,
  type LeaderRecord,
  type Machine,
  type MachineId,
  type MachinePolicy,
  type Metadata,
  nextWish,
  parseMachineId,
  parseRequirements,
  parseUnitName,
  type Revision,
  type Seat,
  type SeatTarget,
  type Unit,
  type UnitName,
  type UnitRecord,
  type UnitState,
} from "@fleet/core";
import type {
  AcceptOutcome,
  ClusterReplica,
  MachineStanding,
  MetadataChange,
  ReplicaChange,
  ReplicaCondition,
  UnitChange,
  UnitRegistry,
  UnitWrite,
  UnitWriteResult,
  WriteOutcome,
} from "@fleet/core/ports";
import { presentMachine, type Report, seatOf, stateOf } from "./pretend-records.js";

/**
 * A cluster in memory that does as it is told: both sides of what the API stands on, at one revision. Places and states
 * change only when a test says so; `Autopilot` lets it run by itself.
 */
export class PretendCluster implements ClusterReplica, UnitRegistry {
  condition: ReplicaCondition = "current";
  problem: string | undefined;
  revision: Revision = 1;
  /** How many hold the replica. */
  holds = 0;
  /** If set, every wait for the view fails with it. */
  readFailure: Error | undefined;
  /** If set, every write fails with it. */
  writeFailure: Error | undefined;
  engineStatus: EngineStatus | undefined;
  /** Who leads; tests set it. */
  leader: LeaderRecord | undefined;
  readonly units = new Map<UnitName, Unit>();
  readonly machines = new Map<MachineId, Machine>();
  readonly seats = new Map<MachineId, Map<UnitName, Seat>>();
  readonly states = new Map<MachineId, Map<UnitName, UnitState>>();
  readonly unreadableUnits = new Set<UnitName>();
  readonly #listeners = new Set<(change: ReplicaChange) => void>();

  hold(): () => void {
    this.holds += 1;
    return () => {
      this.holds -= 1;
    };
  }

  view(): ClusterView {
    const { engineStatus, leader, machines, revision, seats, states, units, unreadableUnits } = this;
    return {
      revision,
      identity: undefined,
      leader,
      engineStatus,
      units,
      destroyed: new Map(),
      machines,
      seats,
      states,
      unreadableUnits,
      unreadable: [],
    };
  }

  async waitFor(revision: Revision, signal: AbortSignal): Promise<void> {
    if (this.readFailure !== undefined) throw this.readFailure;
    while (this.condition !== "current" || this.revision < revision) {
      await new Promise<void>((resolve, reject) => {
        const stop = this.subscribe(() => {
          stop();
          resolve();
        });
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      });
    }
  }

  async refresh(_signal?: AbortSignal): Promise<Revision> {
    return this.revision;
  }

  subscribe(listener: (change: ReplicaChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async run(): Promise<void> {}

  async changeUnit(
    name: UnitName,
    decide: (current: UnitRecord | undefined) => UnitChange | undefined,
  ): Promise<WriteOutcome> {
    if (this.writeFailure !== undefined) throw this.writeFailure;
    const current = this.units.get(name);
    const change = decide(current);
    if (change === undefined) return { revision: this.revision, effect: "unchanged" };
    const content = change.content ?? current?.content;
    if (content === undefined)
      throw new FleetError("internal", "a change without content of a unit without any");
    const wish = nextWish(current, change);
    const isSame =
      current?.contentId === content.contentId &&
      current.desiredState === wish.desiredState &&
      current.startCount === wish.startCount &&
      current.instances === wish.instances;
    if (isSame) return { revision: this.revision, effect: "unchanged" };
    this.#step([name], (revision) => {
      this.units.set(name, {
        name,
        contentId: content.contentId,
        hash: content.hash,
        desiredState: wish.desiredState,
        startCount: wish.startCount,
        instances: wish.instances,
        changedAtMs: 0,
        createRevision: current?.createRevision ?? revision,
        modRevision: revision,
        content,
        requirements: parseRequirements(content.options, name),
      });
    });
    return { revision: this.revision, effect: current === undefined ? "created" : "changed" };
  }

  async destroyUnit(name: UnitName): Promise<WriteOutcome> {
    if (this.writeFailure !== undefined) throw this.writeFailure;
    if (!this.units.has(name) && !this.unreadableUnits.has(name)) {
      throw new FleetError("not-found", `no unit ${name}`);
    }
    this.#step([name], () => {
      this.units.delete(name);
      this.unreadableUnits.delete(name);
    });
    return { revision: this.revision, effect: "changed" };
  }

  async writeUnits(writes: readonly UnitWrite[], _signal?: AbortSignal): Promise<readonly UnitWriteResult[]> {
    const results: UnitWriteResult[] = [];
    for (const write of writes) {
      try {
        const { name } = write;
        const outcome =
          write.kind === "destroy"
            ? await this.destroyUnit(name)
            : await this.changeUnit(name, (current) => write.decide(current));
        results.push({ outcome });
      } catch (error) {
        results.push({ error });
      }
    }
    return results;
  }

  async changeMetadata(changes: readonly MetadataChange[]): Promise<WriteOutcome> {
    if (this.writeFailure !== undefined) throw this.writeFailure;
    this.#step([], () => {
      for (const { machine: id, key, value } of changes) {
        const machine = this.machines.get(id);
        if (machine === undefined) continue;
        const metadata = effectiveMetadata(machine.metadata, { [key]: value ?? "" });
        this.machines.set(id, { ...machine, metadata });
      }
    });
    return { revision: this.revision, effect: "changed" };
  }

  async changeMachinePolicy(
    id: MachineId,
    decide: (current: MachinePolicy, standing: MachineStanding) => MachinePolicy,
  ): Promise<WriteOutcome> {
    if (this.writeFailure !== undefined) throw this.writeFailure;
    const machine = this.machines.get(id);
    if (machine === undefined) throw new FleetError("not-found", `machine "${id}" is not known`);
    const standing = { isPresent: machine.presence !== undefined, recordRevision: 1 };
    const policy = decide(machine.policy, standing);
    if (JSON.stringify(policy) === JSON.stringify(machine.policy)) {
      return { revision: this.revision, effect: "unchanged" };
    }
    this.#step([], () => this.machines.set(id, { ...machine, policy }), [id]);
    return { revision: this.revision, effect: "changed" };
  }

  /** What an operator has settled, in order. */
  readonly settled: string[] = [];

  async forgetMachine(machine: MachineId): Promise<WriteOutcome> {
    if (this.machines.get(machine)?.presence !== undefined) {
      throw new FleetError("conflict", `cannot forget machine "${machine}": it is present`);
    }
    this.settled.push(`forget ${machine}`);
    return { effect: "changed", revision: this.revision };
  }

  async accept(machine: MachineId | undefined): Promise<AcceptOutcome> {
    this.settled.push(`accept ${machine ?? "all"}`);
    const frozen = [...this.machines.values()].filter(({ presence }) => presence?.state === "frozen");
    const stillFrozen =
      machine === undefined ? [] : frozen.map(({ id }) => id).filter((id) => id !== machine);
    return { effect: "changed", revision: this.revision, stillFrozen };
  }

  /** Adds a machine that is present. */
  addMachine(id: string, primaryIp: string, metadata: Metadata = {}): void {
    const machine = parseMachineId(id);
    this.#step(
      [],
      (revision) => this.machines.set(machine, presentMachine(machine, primaryIp, metadata, revision)),
      [machine],
    );
  }

  /** Makes a machine absent; its states go with its lease, its seats stay. */
  loseMachine(id: string): void {
    const machineId = parseMachineId(id);
    const machine = this.machines.get(machineId);
    if (machine === undefined) return;
    const names = [...(this.states.get(machineId)?.keys() ?? [])];
    this.#step(names, () => {
      this.machines.set(machineId, { ...machine, presence: undefined });
      this.states.delete(machineId);
    }, [machineId]);
  }

  /** Makes a machine absent whose states are still there, as between two steps of a replica. */
  hideMachine(id: string): void {
    const machineId = parseMachineId(id);
    const machine = this.machines.get(machineId);
    if (machine === undefined) return;
    this.#step([], () => this.machines.set(machineId, { ...machine, presence: undefined }), [machineId]);
  }

  /** Gives a unit a seat, or changes the target of the one it has. */
  seat(machine: string, unit: string, target: SeatTarget, reason = "fewest units"): void {
    const id = parseMachineId(machine);
    const name = parseUnitName(unit);
    const record = this.units.get(name);
    this.#step([name], (revision) => {
      const ofMachine = this.seats.get(id) ?? new Map<UnitName, Seat>();
      this.seats.set(id, ofMachine);
      const old = ofMachine.get(name);
      ofMachine.set(name, seatOf(id, name, { target, reason }, revision, { record, old }));
    });
  }

  /** Takes a seat away. */
  unseat(machine: string, unit: string): void {
    const name = parseUnitName(unit);
    this.#step([name], () => this.seats.get(parseMachineId(machine))?.delete(name));
  }

  /** Lets a machine say something of a unit; what is not given is as for a unit that was just loaded. */
  report(machine: string, unit: string, state: Report): void {
    const id = parseMachineId(machine);
    const name = parseUnitName(unit);
    const seat = this.seats.get(id)?.get(name);
    this.#step([name], (revision) => {
      const ofMachine = this.states.get(id) ?? new Map<UnitName, UnitState>();
      this.states.set(id, ofMachine);
      const old = ofMachine.get(name);
      ofMachine.set(name, stateOf(id, name, state, revision, { seat, old }));
    });
  }

  /** Takes a state away. */
  forgetState(machine: string, unit: string): void {
    const name = parseUnitName(unit);
    this.#step([name], () => this.states.get(parseMachineId(machine))?.delete(name));
  }

  /** Puts a record there that nobody can read. */
  spoil(unit: string): void {
    const name = parseUnitName(unit);
    this.#step([name], () => {
      this.units.delete(name);
      this.unreadableUnits.add(name);
    });
  }

  /** Lets the leader say what it holds back. */
  sayStatus(status: EngineStatus): void {
    const before = this.engineStatus?.refusals ?? [];
    this.engineStatus = status;
    this.revision += 1;
    this.#notify(
      [],
      false,
      [...before, ...status.refusals].map(({ unit }) => unit),
    );
  }

  /** Changes the replica's condition. */
  setCondition(condition: ReplicaCondition): void {
    this.condition = condition;
    this.#notify([], false);
  }

  #step(
    names: readonly UnitName[],
    change: (revision: Revision) => void,
    machines: readonly MachineId[] = [],
  ): void {
    this.revision += 1;
    change(this.revision);
    this.#notify(names, false, [], machines);
  }

  #notify(
    names: readonly UnitName[],
    resynced: boolean,
    refused: readonly UnitName[] = [],
    machines: readonly MachineId[] = [],
  ): void {
    const change: ReplicaChange = {
      revision: this.revision,
      resynced,
      units: new Set(names),
      machines: new Set(machines),
      leader: false,
      refused: new Set(refused),
    };
    for (const listener of [...this.#listeners]) listener(change);
  }
}
