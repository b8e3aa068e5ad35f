import { completeUnitName, FleetError } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { tellError } from "../output/error-text.js";
import { expandBraces } from "../patterns/expand-braces.js";
import { requireWholeUnit } from "../patterns/unit-address.js";
import { compileUnitPattern, isPattern } from "../patterns/unit-pattern.js";
import { UsageError } from "../usage-error.js";

/** A word of the command line that means one unit. */
export interface ExpandedArgument {
  /** As somebody would have typed it: a name or a path, braces written out, patterns replaced by what they match. */
  readonly argument: string;
  /** Whether the name came from a pattern, so that nobody has typed it. */
  readonly isMatch: boolean;
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
  { command, positionals, step, patternProblem }: ExpandOptions,
): Promise<readonly ExpandedArgument[] | undefined> {
  const words = positionals.flatMap((positional) => expandWord(positional, command));
  for (const word of words) requireWholeUnit(word, command);
  if (!words.some(hasPattern)) return words.map((argument) => ({ argument, isMatch: false }));
  if (patternProblem !== undefined) {
    const word = words.find(hasPattern);
    throw new FleetError("not-found", `Cannot ${command} ${JSON.stringify(word)}: ${patternProblem}`, {
      hint: "the shell replaces patterns by names of files that are there, if they stand without quotes",
    });
  }
  // Patterns are read before anything is asked, because what is malformed needs no cluster to be told.
  const readers = words.map((word) => (hasPattern(word) ? readPattern(word) : undefined));
  const names = await listUnitNames(context, step);
  if (names === undefined) return undefined;
  return words.flatMap((argument, index): readonly ExpandedArgument[] => {
    const reader = readers[index];
    if (reader === undefined) return [{ argument, isMatch: false }];
    return matchNames(argument, reader, names).map((match) => ({ argument: match, isMatch: true }));
  });
}

/**
 * Writes out the braces of one argument. Alternatives that are empty are dropped, as shells do; but an argument that names
 * nothing at all is a slip, most often a variable of a script that is not set.
 */
function expandWord(positional: string, command: string): readonly string[] {
  const words = expandBraces(positional).filter((word) => word !== "");
  if (words.length > 0 && words.every((word) => completeUnitName(word) !== "")) return words;
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
