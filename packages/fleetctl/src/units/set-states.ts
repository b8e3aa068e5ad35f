import type { DesiredState } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { tellError } from "../output/error-text.js";
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
  for (const result of results) {
    if (!("error" in result)) continue;
    const { name, replacement } = result.item;
    const what = replacement === undefined ? step : `${step}: failed replacing unit ${name}`;
    tellError(context, what, result.error);
  }
  return results.filter((result) => !("error" in result)).map(({ item }) => item.name);
}
