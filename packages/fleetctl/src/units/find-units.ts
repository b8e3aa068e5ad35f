import type { UnitStatusV2, UnitsSnapshot } from "@fleet/client";
import { completeUnitName } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { tellError } from "../output/error-text.js";
import { UsageError } from "../usage-error.js";

/**
 * Finds the units that a command is about in the cluster. Names that are not there are told on stderr.
 * @param step - The caller's prefix for errors.
 * @returns the units in the order of the arguments, none twice; `undefined` if there are none, which has been told.
 * @throws {UsageError} without any argument.
 */
export async function findUnits(
  context: CommandContext,
  command: string,
  positionals: readonly string[],
  step: string,
): Promise<readonly UnitStatusV2[] | undefined> {
  const names = [...new Set(positionals.map(completeUnitName))];
  if (names.length === 0) {
    throw new UsageError("No units given", { hint: `Usage: fleetctl ${command} UNIT...` });
  }
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
  return found;
}
