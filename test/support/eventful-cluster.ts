import type { ClusterView, MachineId, UnitName } from "@fleet/core";
import { parseMachineId } from "@fleet/core";
import type { Plan, PlanOptions } from "@fleet/engine";
import { carryOut, carryOutPartly } from "./carry-out.js";
import { type ClusterSketch, serviceName } from "./cluster-sketch.js";
import type { ClusterEvent } from "./random-events.js";

/** A cluster that things happen to, with the options it is planned with. */
export class EventfulCluster {
  readonly cluster: ClusterSketch;
  options: PlanOptions;

  constructor(cluster: ClusterSketch) {
    this.cluster = cluster;
    this.options = { releasedMachines: new Set(), refusedLately: new Map() };
  }

  /** Lets something happen. @param plan - The newest plan. */
  happen(event: ClusterEvent, plan: Plan): void {
    const { cluster } = this;
    switch (event.kind) {
      case "carry-out":
        carryOutPartly(cluster, plan, (index) => event.stale.includes(index));
        return;
      case "agents":
        cluster.letAgentsWork();
        return;
      case "release":
        this.#release(this.#machine(event.machine), event.released);
        return;
      case "retry":
        this.#retry(serviceName(event.unit), this.#machine(event.machine), event.isDue);
        return;
      case "mass-loss":
        this.#loseMany(event.machines, event.unreportedMax);
        return;
      case "brake":
        this.#brake([this.#machine(event.machine)], event.isOn);
        return;
      case "erase":
        cluster.states.delete(this.#machine(event.machine));
        cluster.machines.delete(this.#machine(event.machine));
        return;
      case "fence":
        this.#fence(this.#machine(event.machine), event.fenced);
        return;
      case "recall":
        this.#recall(serviceName(event.unit), this.#machine(event.machine), event.refuses);
        return;
      case "presence":
      case "policy":
      case "zone":
      case "capacity":
      case "forget":
        happenToMachine(cluster, this.#machine(event.machine), event);
        return;
      case "seat":
      case "state":
        happenToSpot(cluster, serviceName(event.unit), this.#machine(event.machine), event);
        return;
      default:
        happenToUnit(cluster, serviceName(event.unit), event);
    }
  }

  /** Carries plans out until there is nothing left to do. */
  settle(plan: (view: ClusterView, options: PlanOptions) => Plan): void {
    for (let round = 0; round < 12; round += 1) {
      const next = plan(this.cluster.view, this.options);
      if (next.tasks.length === 0) return;
      carryOut(this.cluster, next);
      this.cluster.letAgentsWork();
    }
  }

  #machine(index: number): MachineId {
    const ids = [...this.cluster.machines.keys()].sort();
    // One more than there are is a machine that nobody has heard of, before, between or after the others.
    if (index <= ids.length) return ids[index] ?? parseMachineId(newMachines[index]!);
    return ids[0] ?? parseMachineId(newMachines[0]!);
  }

  #release(id: MachineId, released: boolean): void {
    const releasedMachines = new Set(this.options.releasedMachines);
    if (released) releasedMachines.add(id);
    else releasedMachines.delete(id);
    this.options = { ...this.options, releasedMachines };
  }

  /** Machines are lost together and given up, with the brake on for the units that they had. */
  #loseMany(machines: readonly number[], unreportedMax: number): void {
    const ids = machines.map((index) => this.#machine(index)).filter((id) => this.cluster.machines.has(id));
    for (const id of ids) {
      this.cluster.lose(id);
      this.#release(id, true);
    }
    this.#brake(ids, true, unreportedMax);
  }

  #brake(
    ids: readonly MachineId[],
    isOn: boolean,
    unreportedMax = this.options.pace?.unreportedMax ?? 1,
  ): void {
    const machines = new Set(this.options.pace?.machines);
    for (const id of ids) {
      if (isOn) machines.add(id);
      else machines.delete(id);
    }
    const { pace: _, ...others } = this.options;
    this.options = machines.size === 0 ? others : { ...others, pace: { machines, unreportedMax } };
  }

  #retry(unit: UnitName, id: MachineId, isDue: boolean): void {
    const retriedHeirs = new Map(this.options.retriedHeirs);
    if (isDue) retriedHeirs.set(unit, id);
    else retriedHeirs.delete(unit);
    this.options = { ...this.options, retriedHeirs };
  }

  #fence(id: MachineId, fenced: boolean): void {
    const fencedMachines = new Set(this.options.fencedMachines);
    if (fenced) fencedMachines.add(id);
    else fencedMachines.delete(id);
    this.options = { ...this.options, fencedMachines };
  }

  #recall(unit: UnitName, id: MachineId, refuses: boolean): void {
    const refusedLately = new Map(this.options.refusedLately);
    if (refuses) refusedLately.set(unit, new Map([[id, "lately"]]));
    else refusedLately.delete(unit);
    this.options = { ...this.options, refusedLately };
  }
}

const newMachines: readonly string[] = ["k", "m05", "a", "m15", "m25", "n"];

type EventOf<K extends ClusterEvent["kind"]> = Extract<ClusterEvent, { kind: K }>;

function happenToUnit(
  cluster: ClusterSketch,
  name: UnitName,
  event: EventOf<"put" | "desire" | "restart" | "damage" | "destroy" | "vanish" | "unreadable" | "unmark">,
): void {
  const unit = cluster.units.get(name);
  switch (event.kind) {
    case "put":
      cluster.mend(name);
      cluster.putUnit(name, event.desired, event.options);
      return;
    case "unmark":
      cluster.destroyed.delete(name);
      return;
    case "destroy":
      cluster.mend(name);
      cluster.destroy(name);
      return;
    case "vanish":
      cluster.vanish(name);
      return;
    case "unreadable":
      cluster.garble(name);
      return;
    default:
      if (unit === undefined) return;
      if (event.kind === "desire") cluster.changeUnit(name, { desiredState: event.desired });
      if (event.kind === "restart") cluster.changeUnit(name, { startCount: unit.startCount + 1 });
      if (event.kind === "damage") cluster.damage(name);
  }
}

function happenToSpot(
  cluster: ClusterSketch,
  name: UnitName,
  id: MachineId,
  event: EventOf<"seat" | "state">,
): void {
  const seat = cluster.seats.get(id)?.get(name);
  if (event.kind === "seat") {
    if (event.target === "none") cluster.seats.get(id)?.delete(name);
    else if (event.target !== "renewed") cluster.putSeat(id, name, event.target);
    else if (seat !== undefined) {
      const revision = cluster.nextRevision();
      cluster.putSeat(id, name, seat.target, { ...seat, createRevision: revision, modRevision: revision });
    }
    return;
  }
  switch (event.state) {
    case "none":
      cluster.states.get(id)?.delete(name);
      return;
    case "refused":
      cluster.reportLoaded(id, name, { condition: "refused", reason: "not here" });
      return;
    case "acked":
      if (seat !== undefined)
        cluster.reportLoaded(id, name, { condition: "unloaded", acked: seat.modRevision });
      return;
    default:
      cluster.reportLoaded(id, name, { activeState: event.state });
  }
}

function happenToMachine(
  cluster: ClusterSketch,
  id: MachineId,
  event: EventOf<"presence" | "policy" | "zone" | "capacity" | "forget">,
): void {
  if (!cluster.machines.has(id)) cluster.addMachines(id);
  const before = cluster.machines.get(id)!;
  const revision = cluster.nextRevision();
  switch (event.kind) {
    case "forget":
      if (before.presence === undefined) cluster.machines.set(id, { ...before, known: false });
      return;
    case "policy":
      cluster.machines.set(id, {
        ...before,
        // One at a time, so that there are turns even on small machines.
        policy: {
          cordoned: event.policy === "cordoned",
          drained: event.policy === "drained",
          handOversMax: 1,
        },
      });
      return;
    case "zone": {
      const metadata: Record<string, string> = event.zone === "" ? {} : { zone: event.zone };
      cluster.machines.set(id, { ...before, metadata });
      return;
    }
    case "capacity":
      if (before.presence === undefined) return;
      cluster.machines.set(id, {
        ...before,
        presence: { ...before.presence, capacity: event.capacity, modRevision: revision },
      });
      return;
    case "presence":
      if (event.state === "gone") {
        cluster.lose(id);
        return;
      }
      cluster.machines.set(id, {
        ...before,
        known: true,
        presence: {
          ...(before.presence ?? {
            id,
            primaryIp: "",
            apiAddresses: [],
            metadata: before.metadata,
            version: "test",
            bootId: "boot",
            instance: "instance",
            leaseId: "1",
            createRevision: revision,
          }),
          state: event.state,
          modRevision: revision,
        },
      });
  }
}
