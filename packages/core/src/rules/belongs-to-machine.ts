import { type MachineId, matchesMachineId } from "../machine/machine-id.js";
import type { Requirements } from "../unit/requirements.js";

/**
 * Whether a unit belongs to the machine it is on, so that it has no business elsewhere when the machine is emptied or lost:
 * a global unit, one that is pinned to the machine, and one of which nobody knows what it demands.
 */
export function belongsToMachine(
  requirements: Pick<Requirements, "global" | "machineId"> | undefined,
  machine: MachineId,
): boolean {
  if (requirements === undefined) return true;
  const { global, machineId } = requirements;
  return global || (machineId !== undefined && matchesMachineId(machineId, machine));
}
