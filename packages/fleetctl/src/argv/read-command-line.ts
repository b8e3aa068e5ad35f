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

/** What a command line may consist of. */
export interface Vocabulary {
  /** The options of all commands; those of the same name are of the same type. */
  readonly options: readonly OptionSpec[];
  /** The options that a command has, of its own and with all others; `undefined` if the word means none. */
  ownOptions?(command: string): readonly OptionSpec[] | undefined;
  /** Asked before each positional argument of a command: whether flags end there, as before `--`. */
  flagsEndAfter?(command: string, words: readonly string[]): boolean;
}

/**
 * Finds the command word among the flags around it, and writes every flag in one way: `--name=value`, and for switches
 * `--name=true` or `--name=false`. Flags may stand on either side of the command; short ones may share a dash (`-lo wide`),
 * and the last of them may have its value right behind it. The command itself may stand behind `--`.
 * @throws {UsageError} for unknown flags and missing values.
 */
export function readCommandLine(argv: readonly string[], vocabulary: Vocabulary): CommandWords {
  let command: string | undefined;
  const rest: string[] = [];
  const retired: OptionSpec[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    if (word === "--") {
      if (command === undefined) index += 1;
      command ??= argv[index];
      rest.push("--", ...argv.slice(index + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      if (command === undefined) command = word;
      else if (vocabulary.flagsEndAfter?.(command, rest) !== true) rest.push(word);
      else {
        rest.push("--", ...argv.slice(index));
        break;
      }
      continue;
    }
    const scope = findScope(command, argv.slice(index + 1), vocabulary);
    for (const { option, value } of word.startsWith("--")
      ? [readLong(word, scope)]
      : readShort(word, scope)) {
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

/** Where a flag is looked up. */
interface Scope {
  readonly all: readonly OptionSpec[];
  /** The options of the command, as far as that is known. */
  readonly own: readonly OptionSpec[];
  /** What was typed for the command. */
  readonly command: string | undefined;
  /** Whether the command was typed before the flag; what follows may be a flag's value instead. */
  readonly isSure: boolean;
}

/** @param ahead - What follows: the command may be still to come, and what is typed for it is no flag. */
function findScope(
  command: string | undefined,
  ahead: readonly string[],
  { options, ownOptions }: Vocabulary,
): Scope {
  const words = command === undefined ? ahead.filter((word) => !word.startsWith("-")) : [command];
  for (const word of words) {
    const own = ownOptions?.(word);
    if (own !== undefined) return { all: options, own, command: word, isSure: command !== undefined };
  }
  return { all: options, own: options, command, isSure: false };
}

interface ReadFlag {
  readonly option: OptionSpec;
  /** Absent if it is not in the same word. */
  readonly value: string | undefined;
}

function readLong(word: string, scope: Scope): ReadFlag {
  const equals = word.indexOf("=");
  const flag = equals < 0 ? word : word.slice(0, equals);
  const name = flag.slice(2);
  // The original knew its short flags with two dashes only, so scripts write them so.
  const isMeant = (option: OptionSpec): boolean => option.name === name || option.short === name;
  const option = scope.own.find(isMeant) ?? scope.all.find(isMeant);
  if (option === undefined) throw unknownFlag(`unknown flag: ${flag}`, name, scope);
  return { option, value: equals < 0 ? undefined : word.slice(equals + 1) };
}

/** Reads letters that share a dash. The first one that takes a value ends them. */
function readShort(word: string, scope: Scope): readonly ReadFlag[] {
  const flags: ReadFlag[] = [];
  for (let at = 1; at < word.length; at += 1) {
    const letter = word[at] ?? "";
    const isMeant = ({ short }: OptionSpec): boolean => short === letter;
    const option = scope.own.find(isMeant) ?? (scope.isSure ? undefined : scope.all.find(isMeant));
    if (option === undefined) {
      const name = word.slice(1).replace(/=.*$/, "");
      throw unknownFlag(`unknown shorthand flag: '${letter}' in ${word}`, name, scope);
    }
    const behind = word.slice(at + 1);
    if (behind.startsWith("=")) return [...flags, { option, value: behind.slice(1) }];
    if (option.type !== "boolean") {
      return [...flags, { option, value: behind === "" ? undefined : behind }];
    }
    flags.push({ option, value: undefined });
  }
  return flags;
}

function unknownFlag(message: string, name: string, { command, own }: Scope): UsageError {
  const names = own.filter(isShown).map((option) => option.name);
  // People cut words short more often than they misspell them. A single letter says too little.
  const meant =
    name.length < 2 ? undefined : (names.find((each) => each.startsWith(name)) ?? closest(name, names));
  return new UsageError(`Error: ${message}`, {
    suggestions: meant === undefined ? [] : [`--${meant}`],
    hint:
      command === undefined
        ? "Run 'fleetctl COMMAND --help' for the flags of a command."
        : `Run 'fleetctl ${command} --help' for its flags.`,
  });
}
