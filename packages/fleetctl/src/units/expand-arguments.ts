import { completeUnitName, FleetError } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { tellError } from "../output/error-text.js";
import { expandBraces } from "../patterns/expand-braces.js";
import { parseUnitAddress, requireWholeUnit, type UnitAddress } from "../patterns/unit-address.js";
import { compileUnitPattern, isPattern } from "../patterns/unit-pattern.js";
import { UsageError } from "../usage-error.js";

/** A word of the command line that means one unit. */
export interface ExpandedArgument {
  /** As somebody would have typed it: a name or a path, braces written out, patterns replaced by what they match. */
  readonly argument: string;
  /** Whether the name came from a pattern, so that nobody has typed it. */
  readonly isMatch: boolean;
  /** The beginning of a machine's id, if the unit is meant there alone. */
  readonly machine: string | undefined;
}

/** What may be written for a unit. */
export interface ExpandOptions {
  /** For messages. */
  readonly command: string;
  readonly positionals: readonly string[];
  /** The caller's prefix for errors. */
  readonly step: string;
  /** Why there are no patterns here; absent if there are. */
  readonly patternProblem?: string;
  /** Units are meant as they are everywhere: `unit@@machine` is a mistake. */
  readonly isWholeOnly?: boolean;
}

/**
 * Writes out braces and ranges, and replaces patterns by the units of the cluster that they match, by name. The cluster
 * is asked for its units only if there is a pattern. A pattern may stand behind a path: `units/web@*` gives
 * `units/web@1.service`, for commands that look for files.
 * @returns `undefined` if the cluster could not be asked, which has been told.
 * @throws {FleetError} `not-found` for a pattern that nothing matches; {UsageError} for what is malformed, empty or not
 *   meant for this command.
 */
export async function expandArguments(
  context: CommandContext,
  { command, positionals, step, patternProblem, isWholeOnly = false }: ExpandOptions,
): Promise<readonly ExpandedArgument[] | undefined> {
  const words = positionals.flatMap((positional) => expandWord(positional, command));
  if (isWholeOnly) for (const address of words) requireWholeUnit(address, command);
  if (!words.some(({ unit }) => hasPattern(unit))) {
    return words.map(({ machine, unit }) => ({ argument: unit, isMatch: false, machine }));
  }
  if (patternProblem !== undefined) {
    const word = words.find(({ unit }) => hasPattern(unit))?.unit;
    throw new FleetError("not-found", `Cannot ${command} ${JSON.stringify(word)}: ${patternProblem}`, {
      hint: "the shell replaces patterns by names of files that are there, if they stand without quotes",
    });
  }
  // Patterns are read before anything is asked, because what is malformed needs no cluster to be told.
  const readers = words.map(({ unit }) => (hasPattern(unit) ? readPattern(unit) : undefined));
  const names = await listUnitNames(context, step);
  if (names === undefined) return undefined;
  return words.flatMap(({ machine, unit }, index): readonly ExpandedArgument[] => {
    const reader = readers[index];
    if (reader === undefined) return [{ argument: unit, isMatch: false, machine }];
    return matchNames(unit, reader, names).map((match) => ({ argument: match, isMatch: true, machine }));
  });
}

/**
 * Writes out the braces of one argument. Alternatives that are empty are dropped, as shells do; but an argument that names
 * nothing at all is a slip, most often a variable of a script that is not set.
 */
function expandWord(positional: string, command: string): readonly UnitAddress[] {
  const words = expandBraces(positional).filter((word) => word !== "");
  const addresses = words.map(parseUnitAddress);
  if (words.length > 0 && addresses.every(({ unit }) => completeUnitName(unit) !== "")) return addresses;
  throw new UsageError(`Error: ${JSON.stringify(positional)} names no unit`, {
    hint: `Run 'fleetctl ${command} --help' for its usage.`,
  });
}

/** Directories are taken as they are; only the name behind them can be a pattern. */
function hasPattern(word: string): boolean {
  return isPattern(word.slice(word.lastIndexOf("/") + 1));
}

interface PatternReader {
  readonly directory: string;
  readonly matches: (name: string) => boolean;
}

function readPattern(word: string): PatternReader {
  const slash = word.lastIndexOf("/");
  return { directory: word.slice(0, slash + 1), matches: compileUnitPattern(word.slice(slash + 1)) };
}

async function listUnitNames(context: CommandContext, step: string): Promise<readonly string[] | undefined> {
  try {
    const units = await context.client.listUnits(context.signal);
    return units.flatMap(({ name }) => name ?? []);
  } catch (error) {
    context.signal.throwIfAborted();
    tellError(context, step, error);
    return undefined;
  }
}

function matchNames(
  word: string,
  { directory, matches }: PatternReader,
  names: readonly string[],
): readonly string[] {
  const found = names.filter((name) => matches(name));
  if (found.length > 0) return found.map((name) => directory + name);
  const howMany = names.length === 1 ? "one unit" : `${names.length} units`;
  throw new FleetError("not-found", `No unit matches ${JSON.stringify(word)}`, {
    hint: `the cluster has ${howMany}; fleetctl list-unit-files shows their names`,
  });
}
