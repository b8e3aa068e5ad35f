import { Parser } from "yargs/helpers";
import type { Command, CommandArgs, OptionSpec } from "../command.js";
import { UsageError } from "../usage-error.js";
import { globalOptions } from "./global-options.js";
import { type OptionValue, parseOptionValue } from "./option-value.js";
import { optionsOf, retiredGlobalOptions } from "./retired-options.js";

/**
 * Reads the flags and arguments of a command.
 * @param rest - From `readCommandLine`: every flag with its value.
 * @param environment - Gives global options that the command line does not.
 * @param all - The options of all commands, to name the owners of a flag that this command does not have.
 * @throws {UsageError}
 */
export function parseFlags(
  command: Command,
  rest: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  all: readonly Command[],
): CommandArgs {
  const options = optionsOf(command);
  const parsed = parseWithYargs(joinRepeated(rest, options), options, (flag) =>
    foreignFlag(flag, command, all),
  );
  const values = new Map<string, OptionValue>();
  for (const option of options) {
    // What an old name gives belongs to the new one, which wins.
    const own = values.get(option.synonymOf ?? "");
    const value = readValue(option, parsed, environment);
    if (option.synonymOf === undefined) values.set(option.name, value);
    else if (own === "") values.set(option.synonymOf, value);
  }
  const positionals = [...parsed._, ...(parsed["--"] ?? [])].map(String);
  return {
    positionals,
    isGiven: (name) => typeof parsed[name] === "string",
    flag: (name) => values.get(name) === true,
    text: (name) => String(values.get(name) ?? ""),
    number: (name) => Number(values.get(name) ?? 0),
  };
}

/** Makes one flag of all those of one name whose values belong together. */
function joinRepeated(rest: readonly string[], options: readonly OptionSpec[]): readonly string[] {
  const end = rest.includes("--") ? rest.indexOf("--") : rest.length;
  let words = rest.slice(0, end);
  for (const option of options) {
    if (option.type !== "text" || option.joinedBy === undefined) continue;
    const beginning = `--${option.name}=`;
    const values = words.filter((word) => word.startsWith(beginning));
    if (values.length < 2) continue;
    const joined = values.map((word) => word.slice(beginning.length)).join(option.joinedBy);
    words = [...words.filter((word) => !word.startsWith(beginning)), beginning + joined];
  }
  return [...words, ...rest.slice(end)];
}

interface Parsed {
  readonly _: readonly (string | number)[];
  readonly "--"?: readonly (string | number)[];
  readonly [flag: string]: unknown;
}

/**
 * Takes words apart with the parser of yargs. It alone, because the whole of yargs takes longer to load than most commands
 * take to run; and everything is a text for it, because its readings of booleans and numbers lose what was typed.
 */
function parseWithYargs(
  rest: readonly string[],
  options: readonly OptionSpec[],
  unknown: (flag: string) => UsageError,
): Parsed {
  const known = new Set(options.map(({ name }) => name));
  for (const word of rest) {
    if (word === "--") break;
    const name = /^--([^=]+)=/.exec(word)?.[1];
    if (name !== undefined && !known.has(name)) throw unknown(name);
  }
  return Parser([...rest], {
    string: [...known],
    configuration: {
      "boolean-negation": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "duplicate-arguments-array": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "populate--": true,
      "short-option-groups": false,
    },
  });
}

function readValue(
  option: OptionSpec,
  parsed: Parsed,
  environment: Readonly<Record<string, string | undefined>>,
): OptionValue {
  const given = parsed[option.name];
  if (typeof given === "string") return parseOptionValue(option, given, `--${option.name}=${given}`);
  const variable = environmentVariable(option);
  const inherited = variable === undefined ? undefined : environment[variable];
  if (variable === undefined || inherited === undefined || inherited === "") return option.fallback;
  return parseOptionValue(option, inherited, `${variable}=${inherited}`);
}

/** Global options that say how to work have a variable; those that ask for a page do not. */
function environmentVariable(option: OptionSpec): string | undefined {
  const isGlobal = globalOptions.includes(option) || retiredGlobalOptions.includes(option);
  if (!isGlobal || option.name === "help" || option.name === "version") return undefined;
  return `FLEETCTL_${option.name.toUpperCase().replaceAll("-", "_")}`;
}

function foreignFlag(name: string, command: Command, all: readonly Command[]): UsageError {
  const owners = all.filter(({ options }) => options.some((option) => option.name === name));
  const have = owners.length === 1 ? "has" : "have";
  return new UsageError(`Error: unknown flag: --${name}`, {
    hint: `${command.name} has no such flag; ${owners.map((owner) => owner.name).join(", ")} ${have} it.`,
  });
}
