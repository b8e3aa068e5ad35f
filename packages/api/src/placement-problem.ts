import type { EngineStatus, MachineId, UnitName } from "@fleet/core";

const indexes = new WeakMap<EngineStatus, ReadonlyMap<UnitName, string>>();

/**
 * Why the leader has no place for a unit, or not all the places of a global one, in its words.
 * @returns `undefined` if it has said nothing of the unit.
 */
export function placementProblem(status: EngineStatus | undefined, unit: UnitName): string | undefined {
  if (status === undefined) return undefined;
  let index = indexes.get(status);
  if (index === undefined) {
    index = new Map(status.refusals.toReversed().map(({ unit: refused, reason }) => [refused, reason]));
    indexes.set(status, index);
  }
  return index.get(unit);
}

/** Why the leader does not move the units of a lost machine; `undefined` if it does not hold them. */
export function holdOf(status: EngineStatus | undefined, machine: MachineId): string | undefined {
  if (status === undefined || status.machines.length === 0) return undefined;
  let held = holds.get(status);
  if (held === undefined) {
    held = new Map(status.machines.map((entry) => [entry.machine, entry.held]));
    holds.set(status, held);
  }
  return held.get(machine);
}

const holds = new WeakMap<EngineStatus, ReadonlyMap<MachineId, string>>();
