import { type MachineId, matchesMachineId } from "../machine/machine-id.js";
import type { Requirements } from "../unit/requirements.js";

/** What decides where a unit belongs. */
export type Belonging = Pick<Requirements, "global" | "machineId" | "machineOf">;

/**
 * Whether a unit belongs to the machine it is on, so that it has no business elsewhere when the machine is emptied: a
 * global unit, one that is pinned to the machine, one that follows such a one, and one of which nobody knows what it
 * demands.
 * @param requirementsOf - Finds the units that it follows; `undefined` for those that are not known.
 */
export function belongsToMachine(
  requirements: Belonging | undefined,
  machine: MachineId,
  requirementsOf: (name: string) => Belonging | undefined,
): boolean {
  return requirements === undefined || requirements.global || isPinned(requirements, machine, requirementsOf);
}

function isPinned(
  unit: Belonging,
  machine: MachineId,
  requirementsOf: (name: string) => Belonging | undefined,
): boolean {
  const seen = new Set<Belonging>([unit]);
  for (const { global, machineId, machineOf } of seen) {
    // Whoever follows a global unit can do so elsewhere.
    if (global) continue;
    if (machineId !== undefined && matchesMachineId(machineId, machine)) return true;
    for (const name of machineOf) {
      const peer = requirementsOf(name);
      if (peer !== undefined) seen.add(peer);
    }
  }
  return false;
}
