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

/**
 * Refuses `unit@@machine` for commands that can only act on a unit as a whole.
 * @throws {UsageError}
 */
export function requireWholeUnit(text: string, command: string): void {
  if (parseUnitAddress(text).machine === undefined) return;
  throw new UsageError(
    `Error: ${command} acts on a unit on all of its machines, not on ${JSON.stringify(text)} alone`,
    {
      hint: `The instance of a global unit on one machine can be looked at (list-units --filter unit=${text}); commands that change it alone are not supported yet.`,
    },
  );
}
