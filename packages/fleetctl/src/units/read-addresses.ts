import type { UnitsSnapshot } from "@fleet/client";
import { completeUnitName } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { expandArguments } from "./expand-arguments.js";
import { findPlaces } from "./find-places.js";

/** A unit that is meant, on all of its machines or on one. */
export interface MeantUnit {
  readonly name: string;
  /** The beginning of the machine's id; absent for the unit as a whole. */
  readonly machine: string | undefined;
  /** Whether only a pattern has named it. */
  readonly isMatch: boolean;
}

/**
 * Reads arguments that may be `unit`, `pattern`, or either with `@@machine` behind.
 * @param step - The caller's prefix for errors.
 * @returns the units in the order of the arguments, none twice; `undefined` if the cluster could not be asked, which has
 *   been told.
 * @throws {FleetError} `not-found` for a pattern that nothing matches.
 */
export async function readAddresses(
  context: CommandContext,
  command: string,
  positionals: readonly string[],
  step: string,
): Promise<readonly MeantUnit[] | undefined> {
  const words = await expandArguments(context, { command, positionals, step });
  if (words === undefined) return undefined;
  const meant = new Map<string, MeantUnit>();
  for (const { argument, isMatch, machine } of words) {
    const name = completeUnitName(argument);
    const key = `${name} ${machine ?? ""}`;
    meant.set(key, { name, machine, isMatch: isMatch && meant.get(key)?.isMatch !== false });
  }
  return [...meant.values()];
}

/**
 * Leaves out what only a pattern has named and what is not there: whoever writes `'*@@113f'` means what is on that machine.
 * @param keepsWaiting - Whether to keep units that are wanted on a machine, whichever, and are on none.
 * @returns all of them if nothing would be left, so that there is something to tell.
 */
export function keepPlaced(
  units: readonly MeantUnit[],
  snapshot: UnitsSnapshot,
  keepsWaiting: boolean,
): readonly MeantUnit[] {
  const kept = units.filter(({ isMatch, machine, name }) => {
    if (!isMatch || findPlaces(name, snapshot, machine).kind === "there") return true;
    const wanted = snapshot.units.get(name)?.desiredState;
    return keepsWaiting && machine === undefined && (wanted === "loaded" || wanted === "launched");
  });
  return kept.length > 0 ? kept : units;
}
