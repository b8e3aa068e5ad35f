import { UsageError } from "../usage-error.js";

/** A unit, or the instance of a global unit on one machine. */
export interface UnitAddress {
  /** What names the unit: `glob`, `glob.service`, `web@*`. */
  readonly unit: string;
  /** The beginning of the machine's id; absent for the unit as a whole. */
  readonly machine?: string;
}

/**
 * Takes `unit@@machine` apart, at its last `@@`. The machine is an id or the beginning of one. `glob@@113f.service`, with a
 * type at its end, is a name like any other: the instance `@113f` of a template.
 */
export function parseUnitAddress(text: string): UnitAddress {
  const match = /^(.+)@@([0-9A-Za-z_-]{1,64})$/.exec(text);
  return match === null ? { unit: text } : { unit: match[1] ?? "", machine: match[2] ?? "" };
}

/** How the id of a machine is cut for people; enough to be typed again. */
const shownDigits = 8;

/** Names a unit on one machine, for people, as {@link parseUnitAddress} reads it. */
export function formatUnitAddress(name: string, machineId: string): string {
  return `${name}@@${machineId.slice(0, shownDigits)}`;
}

/**
 * Refuses `unit@@machine` for commands that can only act on a unit as a whole.
 * @throws {UsageError}
 */
export function requireWholeUnit({ machine, unit }: UnitAddress, command: string): void {
  if (machine === undefined) return;
  throw new UsageError(
    `Error: ${command} concerns a unit wherever it is, not on one machine: ${JSON.stringify(`${unit}@@${machine}`)}`,
    { hint: `Leave "@@${machine}" out.` },
  );
}
