import type { UnitStatusV2, UnitsSnapshot } from "@fleet/client";
import { completeUnitName } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { tellError } from "../output/error-text.js";
import { UsageError } from "../usage-error.js";
import { type ExpandedArgument, expandArguments } from "./expand-arguments.js";

/** Says whether a unit that a pattern matches is meant. */
export type MeantUnits = (unit: UnitStatusV2) => boolean;

/**
 * Finds the units that a command is about in the cluster. Names that are not there are told on stderr.
 * @param step - The caller's prefix for errors.
 * @param isMeant - Which of the units that patterns match are meant; default: all. Units that were named always are.
 * @returns the units in the order of the arguments, none twice; `undefined` if there are none, which has been told.
 * @throws {UsageError} without any argument; {FleetError} for a pattern that nothing matches.
 */
export async function findUnits(
  context: CommandContext,
  command: string,
  positionals: readonly string[],
  step: string,
  isMeant: MeantUnits = () => true,
): Promise<readonly UnitStatusV2[] | undefined> {
  if (positionals.length === 0) {
    throw new UsageError("No units given", { hint: `Usage: fleetctl ${command} UNIT...` });
  }
  const words = await expandArguments(context, { command, positionals, step });
  if (words === undefined) return undefined;
  const names = [...new Set(words.map(({ argument }) => completeUnitName(argument)))];
  let snapshot: UnitsSnapshot;
  try {
    snapshot = await context.client.look(names, context.signal);
  } catch (error) {
    context.signal.throwIfAborted();
    tellError(context, step, error);
    return undefined;
  }
  const found = names.flatMap((name) => snapshot.units.get(name) ?? []);
  if (found.length === 0) {
    context.stderr.write("Units not found in registry\n");
    return undefined;
  }
  for (const name of names) {
    if (!snapshot.units.has(name)) context.stderr.write(`Unit ${name} not found in registry\n`);
  }
  return keepMeant(found, words, isMeant);
}

function keepMeant(
  units: readonly UnitStatusV2[],
  words: readonly ExpandedArgument[],
  isMeant: MeantUnits,
): readonly UnitStatusV2[] {
  const named = words.filter(({ isMatch }) => !isMatch).map(({ argument }) => completeUnitName(argument));
  const isNamed = new Set(named);
  return units.filter((unit) => isNamed.has(unit.name) || isMeant(unit));
}
