import type { DesiredState } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { tellUnitErrors } from "./tell-unit-errors.js";
import { type UnitToSet, writeDesiredStates } from "./write-unit.js";

/**
 * Changes what is wanted of several units, and tells of every one that could not be changed.
 * @param step - The caller's prefix for errors.
 * @returns the names that were changed, in the given order.
 */
export async function setStates(
  context: CommandContext,
  units: readonly UnitToSet[],
  desiredState: DesiredState,
  step: string,
): Promise<readonly string[]> {
  const results = await writeDesiredStates(context, units, desiredState);
  context.signal.throwIfAborted();
  const failures = results.flatMap(({ item: { name, replacement }, ...result }) =>
    "error" in result
      ? [{ name, error: result.error, ...(replacement === undefined ? {} : { doing: "failed replacing" }) }]
      : [],
  );
  tellUnitErrors(context, step, failures);
  return results.filter((result) => !("error" in result)).map(({ item }) => item.name);
}
