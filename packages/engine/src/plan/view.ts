import type { ClusterView, MachineId, Unit, UnitName } from "@fleet/core";

/** What a plan is made from: the part of a {@link ClusterView} that placements depend on, and nothing else. */
export type PlanView = Pick<
  ClusterView,
  "units" | "destroyed" | "machines" | "seats" | "states" | "unreadableUnits" | "unreadableSeats" | "presumed"
>;

/** A unit's record, or what it is presumed to be if its record cannot be read or is gone. */
export function recordIn({ presumed, units }: PlanView, name: UnitName): Unit | undefined {
  return units.get(name) ?? presumed?.get(name);
}

/** All that {@link recordIn} finds. */
export function* recordsIn({ presumed, units }: PlanView): Iterable<Unit> {
  yield* units.values();
  for (const [name, unit] of presumed ?? []) if (!units.has(name)) yield unit;
}

/** What the planner cannot read off the cluster itself. */
export interface PlanOptions {
  /**
   * Machines that are away and whose units may be moved now, as the loss rules have decided. The seats of all other
   * absent machines stay. Machines that are present are ignored.
   */
  readonly releasedMachines: ReadonlySet<MachineId>;
  /**
   * Machines that are away, and have been for so long that no exclusive unit can be running there any more. Absent:
   * none is known to be.
   */
  readonly fencedMachines?: ReadonlySet<MachineId>;
  /** Machines that lately would not take a unit, each with the reason, beside those whose states say so now. */
  readonly refusedLately?: ReadonlyMap<UnitName, ReadonlyMap<MachineId, string>>;
  /** Whether a unit's own `MemoryMax=` and `CPUQuota=` count as reserved, of what its `Reserve=` does not name. */
  readonly reserveFromUnit?: boolean;
  /**
   * Units in the middle of a hand-over whose new copy has not run for long: the machines where those copies are given up,
   * to be tried anew.
   */
  readonly retriedHeirs?: ReadonlyMap<UnitName, MachineId>;
  /** Absent to move without a brake. */
  readonly pace?: Pace;
}

/** A brake on moves after a loss of many machines, so that what is left is not started to death. */
export interface Pace {
  /** The brake is on for units that leave these machines. */
  readonly machines: ReadonlySet<MachineId>;
  /** How many seats a machine may have that it has not reported on yet, before it is given more. */
  readonly unreportedMax: number;
}
