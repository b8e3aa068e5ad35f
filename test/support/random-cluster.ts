import { type DesiredState, parseMachineId, type SeatTarget, type UnitName } from "@fleet/core";
import fc from "fast-check";
import { ClusterSketch, serviceName } from "./cluster-sketch.js";

/** A machine of a random cluster: a name is added by its place in the list. */
interface MachinePlan {
  readonly mark: string;
  readonly zone: string;
  readonly cores: number;
  /** What it has for units that reserve something: `memory=2G,gpu=1`. */
  readonly capacity?: string;
}

/** What may be said of a unit and a machine at once. */
interface SeatPlan {
  readonly machine: number;
  readonly target: SeatTarget;
  readonly acked: boolean;
}

interface UnitPlan {
  readonly name: string;
  readonly desired: DesiredState;
  readonly options: readonly string[];
  readonly seats: readonly SeatPlan[];
  readonly strays: readonly number[];
  readonly refusals: readonly number[];
  /** Two machines between which it is being handed over, and how far that has got. */
  readonly handOver: { readonly from: number; readonly to: number; readonly active: boolean } | undefined;
  readonly fate: "normal" | "damaged" | "destroyed" | "made-anew" | "vanished" | "unreadable";
}

/** Everything a random cluster is made of; shrinks well. */
export interface ClusterPlan {
  readonly machines: readonly MachinePlan[];
  readonly units: readonly UnitPlan[];
}

/** The units of random clusters. */
export const unitShortNames: readonly string[] = ["a", "b", "c", "d", "w@1", "w@2", "w@3", "x"];

/** A line of `[X-Fleet]`. */
export const unitOption = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("Conflicts=a.service", "Conflicts=b.service", "Conflicts=w@*") },
  { weight: 1, arbitrary: fc.constantFrom("Conflicts=%p@*.service", "Conflicts=?.service", "Conflicts=*") },
  {
    weight: 3,
    arbitrary: fc.constantFrom("MachineOf=a.service", "MachineOf=b.service", "MachineOf=w@1.service"),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom("MachineOf=d.service", "MachineOf=c.service", "MachineOf=no.service"),
  },
  { weight: 2, arbitrary: fc.constantFrom("MachineMetadata=zone=e", "MachineMetadata=zone=w") },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "MachineMetadata=zone!=e",
      "MachineMetadata=zone",
      "MachineMetadata=!zone",
      "MachineMetadata=zone~=[ew]",
      "MachineMetadata=cores>2",
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom("MachineID=m0", "MachineID=m1", "MachineID=m2") },
  { weight: 2, arbitrary: fc.constantFrom("Replaces=a.service", "Replaces=w@*", "Replaces=c.service") },
  { weight: 2, arbitrary: fc.constant("Global=true") },
);

const machineIndex = fc.nat({ max: 4 });

const seatPlan: fc.Arbitrary<SeatPlan> = fc.record({
  machine: machineIndex,
  target: fc.constantFrom<SeatTarget[]>("launched", "launched", "launched", "loaded", "absent"),
  acked: fc.boolean(),
});

const unitPlan = (name: string): fc.Arbitrary<UnitPlan> =>
  fc.record({
    name: fc.constant(name),
    desired: fc.constantFrom<DesiredState[]>("launched", "launched", "launched", "loaded", "inactive"),
    options: fc.array(unitOption, { maxLength: 3 }),
    seats: fc.oneof(
      { weight: 3, arbitrary: fc.array(seatPlan, { maxLength: 1 }) },
      { weight: 1, arbitrary: fc.array(seatPlan, { maxLength: 3 }) },
    ),
    strays: fc.oneof(
      { weight: 5, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(machineIndex, { maxLength: 2 }) },
    ),
    refusals: fc.oneof(
      { weight: 8, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(machineIndex, { maxLength: 1 }) },
    ),
    handOver: fc.oneof(
      { weight: 6, arbitrary: fc.constant(undefined) },
      {
        weight: 1,
        arbitrary: fc.record({ from: machineIndex, to: machineIndex, active: fc.boolean() }),
      },
    ),
    fate: fc.oneof(
      { weight: 10, arbitrary: fc.constant("normal" as const) },
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          "damaged" as const,
          "destroyed" as const,
          "made-anew" as const,
          "vanished" as const,
          "unreadable" as const,
        ),
      },
    ),
  });

/** Small clusters in which everything happens at once. */
export const clusterPlan: fc.Arbitrary<ClusterPlan> = fc.record({
  machines: fc.array(
    fc.record({
      mark: fc.oneof(
        { weight: 8, arbitrary: fc.constant("") },
        { weight: 3, arbitrary: fc.constantFrom("!", "~", "*", "^", "%", "?") },
      ),
      zone: fc.constantFrom("e", "w", ""),
      cores: fc.constantFrom(2, 4),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  units: fc
    .subarray([...unitShortNames])
    .chain((chosen) => fc.tuple(...chosen.map(unitPlan)) as fc.Arbitrary<readonly UnitPlan[]>),
});

/** Builds the cluster that a plan describes. */
export function buildCluster({ machines, units }: ClusterPlan): ClusterSketch {
  const cluster = new ClusterSketch();
  for (const [index, { mark, zone, cores, capacity = "" }] of machines.entries()) {
    const metadata = `{cores=${cores}${zone === "" ? "" : `,zone=${zone}`}}`;
    cluster.addMachines(`m${index}${mark}${metadata}${capacity === "" ? "" : `[${capacity}]`}`);
  }
  for (const unit of units) addUnit(cluster, unit, machines.length);
  return cluster;
}

function addHandOver(
  cluster: ClusterSketch,
  name: UnitName,
  { active, from, to }: NonNullable<UnitPlan["handOver"]>,
  machineOf: (index: number) => string,
): void {
  const [old, heir] = [machineOf(from), machineOf(to)];
  const isTaken = [old, heir].some((machine) => cluster.seats.get(parseMachineId(machine))?.has(name));
  if (isTaken || old === heir) return;
  cluster.putSeat(old, name, "launched");
  cluster.reportLoaded(old, name);
  cluster.putSeat(heir, name, "launched", { replaces: parseMachineId(old) });
  if (active) cluster.reportLoaded(heir, name);
}

function addUnit(cluster: ClusterSketch, plan: UnitPlan, machines: number): void {
  const name = serviceName(plan.name);
  cluster.putUnit(name, plan.desired, plan.options);
  const machineOf = (index: number): string => `m${index % machines}`;
  for (const { machine, target, acked } of plan.seats) {
    const seat = cluster.putSeat(machineOf(machine), name, target);
    if (target !== "absent") cluster.reportLoaded(machineOf(machine), name);
    else if (acked) {
      cluster.reportLoaded(machineOf(machine), name, { condition: "unloaded", acked: seat.modRevision });
    }
  }
  if (plan.handOver !== undefined) addHandOver(cluster, name, plan.handOver, machineOf);
  for (const machine of plan.strays) {
    if (!cluster.seats.get(machineOf(machine) as never)?.has(name)) {
      cluster.reportLoaded(machineOf(machine), name, { activeState: "active" });
    }
  }
  for (const machine of plan.refusals) {
    cluster.reportLoaded(machineOf(machine), name, { condition: "refused", reason: "not here" });
  }
  if (plan.fate === "damaged") cluster.damage(plan.name);
  if (plan.fate === "vanished") cluster.vanish(name);
  if (plan.fate === "unreadable") cluster.garble(name);
  if (plan.fate === "destroyed" || plan.fate === "made-anew") cluster.destroy(plan.name);
  if (plan.fate === "made-anew") cluster.putUnit(name, plan.desired, plan.options);
}
