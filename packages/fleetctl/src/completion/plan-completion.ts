import { meantCommand } from "../argv/read-command-line.js";
import { isShown } from "../argv/retired-options.js";
import type { Command, OptionSpec } from "../command.js";
import type { Offer } from "./offer.js";

/** What could stand where somebody is typing. */
export interface CompletionPlan {
  readonly offers: readonly Offer[];
  /** Flags that could stand there. */
  readonly flags: readonly OptionSpec[];
  /** What has been typed of the word, up to where the offers begin: `--output=` in `--output=js`. */
  readonly kept: string;
  /** What has been typed of the offer: `js`. */
  readonly begun: string;
}

/**
 * Finds out what could stand in place of the last word.
 * @param words - What follows the program's name, up to the cursor; the last one is being typed, and may be empty.
 */
export function planCompletion(
  words: readonly string[],
  commands: readonly Command[],
  globals: readonly OptionSpec[],
): CompletionPlan {
  const current = words.at(-1) ?? "";
  const all = [...globals, ...commands.flatMap(({ options }) => options)];
  const { command, first, count, isUnknown, pending, isAfterDashes } = readWords(
    words.slice(0, -1),
    commands,
    all,
  );
  if (pending !== undefined) return plan(pending.offers ?? [], "", current);
  const inline = isAfterDashes ? null : /^(--[^=]+=)(.*)$/.exec(current);
  if (inline !== null) {
    const [, kept = "", begun = ""] = inline;
    return plan(findOption(kept.slice(0, -1), command, all)?.offers ?? [], kept, begun);
  }
  if (current.startsWith("-") && !isAfterDashes) {
    return { ...plan([], "", current), flags: [...(command?.options ?? []), ...globals].filter(isShown) };
  }
  if (isUnknown) return plan([], "", current);
  if (command === undefined) return plan([{ kind: "commands" }], "", current);
  const {
    offers,
    further = offers,
    furtherAfter,
    isMany,
  } = command.arguments ?? { offers: [], isMany: false };
  if (count === 0) return plan(offers, "", current);
  if (furtherAfter !== undefined) {
    return plan(Object.hasOwn(furtherAfter, first) ? (furtherAfter[first] ?? []) : [], "", current);
  }
  return plan(isMany ? further : [], "", current);
}

interface ReadWords {
  readonly command: Command | undefined;
  /** Whether a command was named that does not exist. */
  readonly isUnknown: boolean;
  /** How many arguments the command has already. */
  readonly count: number;
  /** The first of them; empty if there is none. */
  readonly first: string;
  /** The flag whose value is to come. */
  readonly pending: OptionSpec | undefined;
  readonly isAfterDashes: boolean;
}

/** Reads what has been typed, as far as it makes sense: errors are told when the line is run. */
function readWords(
  words: readonly string[],
  commands: readonly Command[],
  all: readonly OptionSpec[],
): ReadWords {
  let command: Command | undefined;
  let isUnknown = false;
  let count = 0;
  let first = "";
  let pending: OptionSpec | undefined;
  let isAfterDashes = false;
  for (const word of words) {
    if (pending !== undefined) pending = undefined;
    else if (word === "--") isAfterDashes = true;
    else if (word.startsWith("-") && word !== "-" && !isAfterDashes) {
      const option = findOption(word, command, all);
      if (option !== undefined && option.type !== "boolean") pending = option;
    } else if (command === undefined) {
      command = meantCommand(word, commands);
      isUnknown ||= command === undefined;
    } else {
      if (count === 0) first = word;
      count += 1;
    }
  }
  return { command, isUnknown, first, count, pending, isAfterDashes };
}

/**
 * Finds a flag among those of the command, or of any if that is still to come.
 * @returns `undefined` for flags that do not exist, and for those that have their value with them.
 */
function findOption(
  word: string,
  command: Command | undefined,
  all: readonly OptionSpec[],
): OptionSpec | undefined {
  const name = word.replace(/^--?/, "");
  return [...(command?.options ?? []), ...all].find(
    (option) => option.name === name || option.short === name,
  );
}

function plan(offers: readonly Offer[], kept: string, begun: string): CompletionPlan {
  return { offers, flags: [], kept, begun };
}
