import { closest } from "@fleet/core";
import type { Command, OptionSpec } from "../command.js";
import { UsageError } from "../usage-error.js";
import { isShown } from "./retired-options.js";

/** A command line, cut into words that need no more guessing. */
export interface CommandWords {
  /** The word that names the command; absent if there is none. */
  readonly command: string | undefined;
  /** Flags with their values and positional arguments, in order, in the notation of {@link normalizeFlag}. */
  readonly rest: readonly string[];
  /** The retired flags among them, in order. */
  readonly retired: readonly OptionSpec[];
}

/**
 * Finds the command word among the flags around it, and writes every flag in one way: `--name=value`, and for switches
 * `--name=true` or `--name=false`. Flags may stand on either side of the command.
 * @param options - Of all commands; those of the same name are of the same type.
 * @param flagsEndAfter - Asked before each positional argument of a command: whether flags end there, as before `--`.
 * @throws {UsageError} for unknown flags and missing values.
 */
export function readCommandLine(
  argv: readonly string[],
  options: readonly OptionSpec[],
  flagsEndAfter: (command: string, words: readonly string[]) => boolean = () => false,
): CommandWords {
  let command: string | undefined;
  const rest: string[] = [];
  const retired: OptionSpec[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    if (word === "--") {
      rest.push(...argv.slice(index));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      if (command === undefined) command = word;
      else if (!flagsEndAfter(command, rest)) rest.push(word);
      else {
        rest.push("--", ...argv.slice(index));
        break;
      }
      continue;
    }
    const [name, value] = splitFlag(word);
    const option = findOption(name, options);
    if (option.retired !== undefined) retired.push(option);
    const written = option.synonymOf ?? option.name;
    if (option.type === "boolean") {
      rest.push(`--${written}=${value ?? "true"}`);
    } else if (value !== undefined) {
      rest.push(`--${written}=${value}`);
    } else {
      index += 1;
      const next = argv[index];
      if (next === undefined) throw new UsageError(`Error: flag needs an argument: ${word}`);
      rest.push(`--${written}=${next}`);
    }
  }
  return { command, rest, retired };
}

/**
 * Finds the command that a word means: its name, or the beginning of only one.
 * @throws {UsageError} with suggestions.
 */
export function findCommand(word: string, commands: readonly Command[]): Command {
  const meant = meantCommand(word, commands);
  if (meant !== undefined) return meant;
  const begun = commands.filter(({ name }) => name.startsWith(word));
  const near = closest(
    word,
    commands.map(({ name }) => name),
  );
  const suggestions = begun.length > 0 ? begun.map(({ name }) => name) : near === undefined ? [] : [near];
  throw new UsageError(`Error: unknown command ${JSON.stringify(word)} for "fleetctl"`, {
    suggestions,
    hint: "Run 'fleetctl --help' for usage.",
  });
}

/** The command of that name, or the only one that begins so. */
export function meantCommand(word: string, commands: readonly Command[]): Command | undefined {
  const begun = commands.filter(({ name }) => name.startsWith(word));
  return begun.find(({ name }) => name === word) ?? (begun.length === 1 ? begun[0] : undefined);
}

/** @returns the flag without its dashes, with them for a short flag, and the value after `=`. */
function splitFlag(word: string): readonly [name: string, value: string | undefined] {
  const equals = word.indexOf("=");
  const flag = equals < 0 ? word : word.slice(0, equals);
  const value = equals < 0 ? undefined : word.slice(equals + 1);
  return [flag, value];
}

function findOption(flag: string, options: readonly OptionSpec[]): OptionSpec {
  const isLong = flag.startsWith("--");
  const name = flag.replace(/^--?/, "");
  const option = options.find((candidate) =>
    // The original knew its short flags with two dashes only, so scripts write them so.
    isLong ? candidate.name === name || candidate.short === name : candidate.short === name,
  );
  if (option !== undefined) return option;
  if (!isLong && options.some((candidate) => candidate.name === name)) {
    throw new UsageError(`Error: unknown flag: ${flag}`, { suggestions: [`--${name}`] });
  }
  throw unknownFlag(flag, options);
}

function unknownFlag(flag: string, options: readonly OptionSpec[]): UsageError {
  const name = flag.replace(/^--?/, "");
  const names = options.filter(isShown).map((option) => option.name);
  // People cut words short more often than they misspell them.
  const meant = names.find((candidate) => candidate.startsWith(name)) ?? closest(name, names);
  return new UsageError(`Error: unknown flag: ${flag}`, {
    suggestions: meant === undefined ? [] : [`--${meant}`],
    hint: "Run 'fleetctl COMMAND --help' for the flags of a command.",
  });
}
