import {
  type Amounts,
  type ClusterView,
  type DesiredState,
  type MachineId,
  type PresenceState,
  parseMachineId,
  type SeatTarget,
  type UnitName,
} from "@fleet/core";
import type { Plan, PlanOptions } from "@fleet/engine";
import fc from "fast-check";
import { carryOut, carryOutPartly } from "./carry-out.js";
import { type ClusterSketch, serviceName } from "./cluster-sketch.js";
import { unitOption, unitShortNames } from "./random-cluster.js";
import { ruleOption } from "./random-rules.js";

/** Something that happens to a cluster. Says nothing if it cannot happen. */
export type ClusterEvent =
  | {
      readonly kind: "put";
      readonly unit: string;
      readonly desired: DesiredState;
      readonly options: readonly string[];
    }
  | { readonly kind: "desire"; readonly unit: string; readonly desired: DesiredState }
  | {
      readonly kind: "restart" | "damage" | "destroy" | "vanish" | "unreadable" | "unmark";
      readonly unit: string;
    }
  | {
      readonly kind: "seat";
      readonly unit: string;
      readonly machine: number;
      readonly target: SeatTarget | "none" | "renewed";
    }
  | {
      readonly kind: "state";
      readonly unit: string;
      readonly machine: number;
      readonly state: "active" | "inactive" | "refused" | "acked" | "none";
    }
  | { readonly kind: "presence"; readonly machine: number; readonly state: PresenceState | "gone" }
  | { readonly kind: "policy"; readonly machine: number; readonly policy: "none" | "cordoned" | "drained" }
  | { readonly kind: "zone"; readonly machine: number; readonly zone: string }
  | { readonly kind: "capacity"; readonly machine: number; readonly capacity: Amounts }
  | { readonly kind: "forget"; readonly machine: number }
  | { readonly kind: "release"; readonly machine: number; readonly released: boolean }
  | { readonly kind: "fence"; readonly machine: number; readonly fenced: boolean }
  | { readonly kind: "recall"; readonly unit: string; readonly machine: number; readonly refuses: boolean }
  | { readonly kind: "carry-out"; readonly stale: readonly number[] }
  | { readonly kind: "agents" };

const unit = fc.constantFrom(...unitShortNames);
const machine = fc.nat({ max: 5 });
const desired = fc.constantFrom<DesiredState[]>("launched", "launched", "launched", "loaded", "inactive");

const putEvent = (option: fc.Arbitrary<string>): fc.Arbitrary<ClusterEvent> =>
  fc.record({
    kind: fc.constant("put" as const),
    unit,
    desired,
    options: fc.array(option, { maxLength: 2 }),
  });

/** An event of any kind that has nothing to do with what units demand. */
const otherEvent: fc.Arbitrary<ClusterEvent> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("desire" as const), unit, desired }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "restart" as const,
        "damage" as const,
        "destroy" as const,
        "vanish" as const,
        "unreadable" as const,
        "unmark" as const,
      ),
      unit,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("seat" as const),
      unit,
      machine,
      target: fc.constantFrom(
        "launched" as const,
        "launched" as const,
        "absent" as const,
        "none" as const,
        "renewed" as const,
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("state" as const),
      unit,
      machine,
      state: fc.constantFrom(
        "active" as const,
        "inactive" as const,
        "refused" as const,
        "acked" as const,
        "none" as const,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("presence" as const),
      machine,
      state: fc.constantFrom(
        "up" as const,
        "up" as const,
        "gone" as const,
        "leaving" as const,
        "frozen" as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("policy" as const),
      machine,
      policy: fc.constantFrom("none" as const, "cordoned" as const, "drained" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("zone" as const),
      machine,
      zone: fc.constantFrom("e", "w", ""),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("forget" as const), machine }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("release" as const), machine, released: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("recall" as const), unit, machine, refuses: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("carry-out" as const),
      stale: fc.oneof(fc.constant([]), fc.array(fc.nat({ max: 6 }), { maxLength: 2 })),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: "agents" as const }) },
);

/** One event of any kind, in a cluster that knows the original's rules. */
export const clusterEvent: fc.Arbitrary<ClusterEvent> = fc.oneof(
  { weight: 4, arbitrary: putEvent(unitOption) },
  { weight: 33, arbitrary: otherEvent },
);

/** One event of any kind, in a cluster that knows all rules. */
export const ruledClusterEvent: fc.Arbitrary<ClusterEvent> = fc.oneof(
  { weight: 6, arbitrary: putEvent(fc.oneof(unitOption, ruleOption)) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("capacity" as const),
      machine,
      capacity: fc.constantFrom({}, { memory: 2 * 1024 ** 3 }, { memory: 8 * 1024 ** 3, cpu: 4000, gpu: 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("fence" as const), machine, fenced: fc.boolean() }),
  },
  { weight: 33, arbitrary: otherEvent },
);

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
    // One more than there are is a machine that nobody has heard of.
    return index < ids.length ? ids[index]! : parseMachineId(index === ids.length ? `n${index}` : ids[0]!);
  }

  #release(id: MachineId, released: boolean): void {
    const releasedMachines = new Set(this.options.releasedMachines);
    if (released) releasedMachines.add(id);
    else releasedMachines.delete(id);
    this.options = { ...this.options, releasedMachines };
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

type EventOf<K extends ClusterEvent["kind"]> = Extract<ClusterEvent, { kind: K }>;

function happenToUnit(
  cluster: ClusterSketch,
  name: UnitName,
  event: EventOf<"put" | "desire" | "restart" | "damage" | "destroy" | "vanish" | "unreadable" | "unmark">,
): void {
  const unit = cluster.units.get(name);
  switch (event.kind) {
    case "put":
      cluster.unreadableUnits.delete(name);
      cluster.putUnit(name, event.desired, event.options);
      return;
    case "unmark":
      cluster.destroyed.delete(name);
      return;
    case "destroy":
      cluster.unreadableUnits.delete(name);
      cluster.destroy(name);
      return;
    case "vanish":
      cluster.units.delete(name);
      return;
    case "unreadable":
      cluster.units.delete(name);
      cluster.unreadableUnits.add(name);
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
