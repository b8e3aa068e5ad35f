import type { CommandContext } from "../command.js";
import { errorHint, errorText, tellError } from "../output/error-text.js";

/** A unit with which something could not be done. */
export interface UnitFailure {
  readonly name: string;
  readonly error: unknown;
  /** What could not be done, where the step does not say it: `failed creating`. */
  readonly doing?: string;
}

/** More failures than these that say the same are one line. */
const apartMax = 3;
/** How many units such a line names. */
const namedMax = 3;

/**
 * Tells of units with which something could not be done, and names each. Many that fail alike, as all do when etcd is away,
 * are counted in one line.
 * @param step - The caller's prefix.
 */
export function tellUnitErrors(
  context: CommandContext,
  step: string,
  failures: readonly UnitFailure[],
): void {
  const { endpoint } = context.client;
  const alike = new Map<string, UnitFailure[]>();
  for (const failure of failures) {
    const { doing, error } = failure;
    const key = JSON.stringify([doing, errorText(error), errorHint(error, endpoint)]);
    alike.set(key, [...(alike.get(key) ?? []), failure]);
  }
  for (const group of alike.values()) {
    const [first] = group;
    if (first !== undefined && group.length > apartMax) {
      tellError(context, `${step}: ${inWords(first)}${summaryOf(group)}`, first.error);
    } else {
      for (const failure of group) tellError(context, stepOf(step, failure), failure.error);
    }
  }
}

function inWords({ doing }: UnitFailure): string {
  return doing === undefined ? "" : `${doing} `;
}

function summaryOf(group: readonly UnitFailure[]): string {
  const named = group.slice(0, namedMax).map(({ name }) => name);
  return `${group.length} units (${named.join(", ")} and ${group.length - namedMax} more)`;
}

/** What names the unit already does not name it twice. */
function stepOf(step: string, failure: UnitFailure): string {
  const { doing, error, name } = failure;
  const isNamed = doing === undefined && (names(step, name) || names(errorText(error), name));
  return isNamed ? step : `${step}: ${inWords(failure)}unit ${name}`;
}

function names(text: string, name: string): boolean {
  return text.split(/[\s"',;()]+/).some((word) => word === name || word === `${name}:`);
}
