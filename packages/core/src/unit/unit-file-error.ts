import { FleetError } from "../errors.js";

/** Where a unit file breaks the grammar, and what should have stood there. */
export interface UnitFileErrorPlace {
  /** Counted from 1. */
  readonly line: number;
  /** In characters, counted from 1. */
  readonly column: number;
  /** For people: `"=" after the option name "ExecStart"`. */
  readonly expected: string;
}

/**
 * A unit file that cannot be read. The message is the original's, which says little; `line`, `column` and `expected`
 * are for whoever has to mend the file.
 */
export class UnitFileError extends FleetError implements UnitFileErrorPlace {
  readonly line: number;
  readonly column: number;
  readonly expected: string;

  constructor(message: string, place: UnitFileErrorPlace) {
    super("invalid-argument", message, {
      hint: `line ${place.line}, column ${place.column}: expected ${place.expected}`,
    });
    this.name = "UnitFileError";
    this.line = place.line;
    this.column = place.column;
    this.expected = place.expected;
  }
}
