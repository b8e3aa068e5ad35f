import { completeUnitName } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { expandArguments } from "./expand-arguments.js";

/** A unit that is meant, on all of its machines or on one. */
export interface MeantUnit {
  readonly name: string;
  /** The beginning of the machine's id; absent for the unit as a whole. */
  readonly machine: string | undefined;
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
  for (const { argument, machine } of words) {
    const name = completeUnitName(argument);
    meant.set(`${name} ${machine ?? ""}`, { name, machine });
  }
  return [...meant.values()];
}
