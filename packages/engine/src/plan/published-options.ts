import type { ClusterView, MachineId } from "@fleet/core";
import type { PlanOptions } from "./view.js";

/** What the configuration of all daemons says alike. */
export type SharedOptions = Pick<PlanOptions, "reserveFromUnit">;

/**
 * What the leader plans with, as far as anybody else can tell: of the machines that are away it moves the units of all but
 * those it says it holds. While nobody leads nothing moves. What it remembers of machines that refused units lately is
 * not published.
 */
export function publishedOptions(
  view: Pick<ClusterView, "machines" | "engineStatus">,
  shared: SharedOptions = {},
): PlanOptions {
  const released = new Set<MachineId>();
  if (view.engineStatus === undefined) return { ...shared, releasedMachines: released };
  const held = new Set(view.engineStatus.machines.map(({ machine }) => machine));
  for (const { id, known, presence } of view.machines.values()) {
    if (presence === undefined && known && !held.has(id)) released.add(id);
  }
  // For how long they have been away only the leader knows; it names those that exclusive units wait for.
  const fencedMachines = new Set(released);
  for (const { machine } of view.engineStatus.fencing ?? []) fencedMachines.delete(machine);
  return { ...shared, releasedMachines: released, fencedMachines };
}
