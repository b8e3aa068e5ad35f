import type { CommandContext } from "../command.js";
import type { WaitFailure } from "./wait-for-units.js";

/** Tells of units that did not get where they should be: a line for each, and why if that is known. */
export function tellFailures(
  { stderr }: CommandContext,
  step: string,
  failures: readonly WaitFailure[],
): void {
  for (const { name, message, why } of failures) {
    stderr.write(`${step}: ${message}\n${why === undefined ? "" : `Hint: unit ${name}: ${why}\n`}`);
  }
}
