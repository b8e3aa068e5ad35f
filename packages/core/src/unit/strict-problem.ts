import { contradictionIn } from "./combination-problem.js";
import { globProblem } from "./glob.js";
import { optionTextProblem } from "./option-text-problem.js";
import { quote } from "./quote.js";
import { isQuotedList, splitQuotedList } from "./quoted-list.js";
import {
  conflictsKeys,
  machineIdKeys,
  machineMetadataKeys,
  machineOfKeys,
  requirementKeys,
  requirementSection,
} from "./requirement-keys.js";
import { parseMetadataPair, parseRequirements } from "./requirements.js";
import { expandSpecifiers } from "./specifiers.js";
import type { UnitOption } from "./unit-file.js";
import { isTemplate, splitUnitName } from "./unit-name.js";
import { splitFields, trimWhiteSpace } from "./white-space.js";

/** Looks at one thing in the `[X-Fleet]` options of the unit called `name`. */
type Check = (options: readonly UnitOption[], name: string) => string | undefined;

/** In this order, because the first problem is the one reported. */
const checks: readonly Check[] = [
  emptyMachineId,
  peersProblem,
  metadataProblem,
  conflictsProblem,
  replacesProblem,
  contradiction,
];

/**
 * Instances that have nothing in common but being instances; the last one consists of the only character that means
 * something to a pattern. What is wrong with all of them is taken to be wrong with every instance.
 */
const sampleInstances: readonly string[] = ["1", "zz", "\\"];

/**
 * Says why a unit that the original accepts is refused here: it could never be placed, or a typing error would let it
 * run where it must not. It is judged with its real name; of a template only what holds for every instance counts.
 * @returns The first problem, with what to write instead; or `undefined`.
 */
export function strictProblem(name: string, options: readonly UnitOption[]): string | undefined {
  const textProblem = optionTextProblem(options);
  if (textProblem !== undefined) return textProblem;
  const own = options.filter((option) => option.section === requirementSection);
  for (const check of checks) {
    const problems = namesToJudge(name).map((sample) => check(own, sample));
    if (problems.every((problem) => problem !== undefined)) return problems[0];
  }
  return undefined;
}

function namesToJudge(name: string): readonly string[] {
  const parts = splitUnitName(name);
  if (parts === undefined || !isTemplate(name)) return [name];
  return sampleInstances.map((instance) => `${parts.prefix}@${instance}${parts.suffix}`);
}

/** One value of a list option, and how it was written. */
interface ListItem {
  readonly key: string;
  /** The whole option's value, as written. */
  readonly raw: string;
  /** One value of the list, specifiers expanded. */
  readonly value: string;
}

function itemsOf(options: readonly UnitOption[], keys: readonly string[], name: string): readonly ListItem[] {
  return options
    .filter((option) => keys.includes(option.name))
    .flatMap(({ name: key, value: raw }) =>
      splitQuotedList(raw).map((value) => ({ key, raw, value: expandSpecifiers(value, name) })),
    );
}

function emptyMachineId(options: readonly UnitOption[], name: string): string | undefined {
  if (parseRequirements(options, name).machineId !== "") return undefined;
  const key = machineIdKeys.find((candidate) => options.some((option) => option.name === candidate));
  return `${key} is empty, which no machine matches: name a machine, or remove the line`;
}

function peersProblem(options: readonly UnitOption[], name: string): string | undefined {
  for (const item of itemsOf(options, machineOfKeys, name)) {
    const { key, raw, value } = item;
    if (value === "") return emptyItem(item, "which no unit is called", "name a unit");
    if (hasBlank(value)) return unquotedList(item, "a unit's name");
    if (value === name)
      return `${key}=${quote(raw, "'")} names the unit itself: remove it, or name another unit`;
  }
  return undefined;
}

function metadataProblem(options: readonly UnitOption[], name: string): string | undefined {
  for (const item of itemsOf(options, machineMetadataKeys, name)) {
    const { key, raw, value } = item;
    if (value === "") return emptyItem(item, "which demands nothing", 'write "key=value"');
    if (hasBlank(value) && !isQuotedList(raw)) return unquotedPair(item);
    const pair = parseMetadataPair(value);
    if (pair === undefined) {
      return `${key} ${quote(value)} is not a pair: write "key=value" with one "=" and something on both sides`;
    }
    if (pair.some((side) => trimWhiteSpace(side) !== side)) {
      return `${key} ${quote(value)} has blanks around its key or value, which count: write ${quote(pair.map(trimWhiteSpace).join("="))}`;
    }
  }
  return undefined;
}

function conflictsProblem(options: readonly UnitOption[], name: string): string | undefined {
  for (const { key, raw, value } of itemsOf(options, conflictsKeys, name)) {
    for (const pattern of splitFields(value)) {
      // A continued list leaves its backslashes behind as patterns that match nothing; `unitWarnings` mentions them.
      if (pattern === "\\" && raw.includes("\\\n")) continue;
      const problem = globProblem(pattern);
      if (problem !== undefined) return `${key} pattern ${quote(pattern)} is malformed: ${problem}`;
    }
  }
  return undefined;
}

function replacesProblem(options: readonly UnitOption[], name: string): string | undefined {
  for (const item of itemsOf(options, [requirementKeys.replaces], name)) {
    const { key, value } = item;
    if (hasBlank(value)) return unquotedList(item, "a unit's name");
    const problem = globProblem(value);
    if (problem !== undefined) return `${key} pattern ${quote(value)} is malformed: ${problem}`;
  }
  return undefined;
}

/** What only shows once specifiers are expanded. */
function contradiction(options: readonly UnitOption[], name: string): string | undefined {
  return contradictionIn(parseRequirements(options, name));
}

function hasBlank(value: string): boolean {
  return splitFields(value).join("") !== value;
}

function emptyItem({ key, raw }: ListItem, consequence: string, advice: string): string {
  const cause = raw === "" ? `${key} is empty` : `${key}=${quote(raw, "'")} contains an empty value`;
  const more = isQuotedList(raw) && raw.includes("  ") ? ", with single blanks between quoted values" : "";
  return `${cause}, ${consequence}: ${advice}${more}, or remove the line`;
}

function unquotedList({ key, raw, value }: ListItem, what: string): string {
  const words = wordsOf(raw).map((word) => quote(word.replaceAll(/["']/g, "")));
  return `${key} ${quote(value)} contains a blank, which ${what} cannot: to list several, write ${key}=${words.join(" ")}`;
}

function unquotedPair({ key, raw, value }: ListItem): string {
  const words = wordsOf(raw);
  const isList = words.every((word) => parseMetadataPair(word) !== undefined);
  const pairs = isList ? words : [value.split("=").map(trimWhiteSpace).join("=")];
  const advice = pairs.map((pair) => quote(pair)).join(" ");
  return `${key} ${quote(value)} contains a blank outside quotes: write ${key}=${advice}`;
}

/** The words somebody meant who wrote a list without quotes. */
function wordsOf(raw: string): readonly string[] {
  const wordsMax = 8;
  return splitFields(raw.replaceAll("\\\n", " ")).slice(0, wordsMax);
}
