import type { OptionSpec } from "../command.js";
import { UsageError } from "../usage-error.js";

/** What an option can be. */
export type OptionValue = string | number | boolean;

/** The spellings of truth that the original took, and those that people expect. */
const literals: Readonly<Record<string, boolean>> = {
  "1": true,
  t: true,
  true: true,
  yes: true,
  on: true,
  "0": false,
  f: false,
  false: false,
  no: false,
  off: false,
};

/**
 * Reads a value as it was typed.
 * @param source - How it was given, for the message: `--lines=x` or `FLEETCTL_DEBUG=x`.
 * @throws {UsageError}
 */
export function parseOptionValue(option: OptionSpec, text: string, source: string): OptionValue {
  switch (option.type) {
    case "text":
      return text;
    case "boolean": {
      const value = literals[text.toLowerCase()];
      if (value === undefined) throw invalid(text, source, "expected true or false");
      return value;
    }
    case "integer":
      if (!/^[+-]?(\d{1,9}|0x[0-9a-f]{1,8})$/i.test(text)) {
        throw invalid(text, source, "expected a whole number");
      }
      return Number(text);
    case "seconds": {
      const value = Number(text);
      if (!/^[\d.]+(e[+-]?\d+)?$/i.test(text) || !(value > 0) || value > 86_400) {
        throw invalid(text, source, "expected a number of seconds above 0");
      }
      return value;
    }
  }
}

function invalid(text: string, source: string, expected: string): UsageError {
  return new UsageError(`Error: invalid argument ${JSON.stringify(text)} for ${source}: ${expected}`);
}
