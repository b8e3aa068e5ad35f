import type { EngineStatus, UnitName } from "@fleet/core";

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
