import { type Requirements, replacementBetween } from "@fleet/core";
import { exclude, isUp, misfit, seatedOn, shortage } from "../truth/legality.js";
import { keyOf, liveSeatOf, policyOf, stateOf } from "../truth/records.js";
import type { World } from "../world.js";

/** How long a machine that has refused a unit is not asked again. */
const refusedMs = 700_000;

/**
 * Goes through the rules by hand: whether a machine could take a unit, with everything else as it is. Deliberately written
 * without the planner, and strict: `false` where the rules leave room for doubt.
 */
export function isPlaceFor(world: World, machine: string, unit: string, demands: Requirements): boolean {
  const { truth } = world;
  const { history } = truth;
  const policy = policyOf(history.current(keyOf.policy(machine)));
  if (!isUp(world, machine) || policy.cordoned || policy.drained) return false;
  const wanted = demands.global ? { ...demands, machineId: undefined, machineOf: [] } : demands;
  if (misfit(world, machine, wanted) !== undefined) return false;
  if (history.current(keyOf.seat(machine, unit)) !== undefined) return false;
  if (
    truth
      .lately(keyOf.state(machine, unit), refusedMs)
      .some((version) => stateOf(version)?.condition === "refused")
  ) {
    return false;
  }
  for (const peer of wanted.machineOf) {
    if (liveSeatOf(history.current(keyOf.seat(machine, peer))) === undefined) return false;
  }
  const isSaidLoaded = (other: string): boolean =>
    stateOf(history.current(keyOf.state(machine, other)))?.condition === "loaded";
  const there = new Set<string>([
    ...seatedOn(world, machine),
    ...(world.machineById(machine)?.systemd.loaded.keys() ?? []),
    // Be it without a seat and not running.
    ...truth.unitsSaidOn(machine).filter(isSaidLoaded),
  ]);
  for (const other of there) {
    if (other === unit) continue;
    const theirs = truth.demandsHeld(other);
    if (exclude(unit, wanted, other, theirs)) return false;
    const parties = [
      { name: unit, replaces: wanted.replaces },
      { name: other, replaces: theirs?.replaces ?? [] },
    ] as const;
    if (replacementBetween(...parties) !== undefined) return false;
  }
  const amountOf = (other: string, resource: string): number =>
    truth.demandsHeld(other)?.reserve.get(resource) ?? 0;
  return shortage(world, machine, unit, wanted.reserve, there, amountOf) === undefined;
}
