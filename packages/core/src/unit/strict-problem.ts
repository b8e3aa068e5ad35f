import { contradictionIn } from "./combination-problem.js";
import { globProblem } from "./glob.js";
import { judgedNames } from "./judged-names.js";
import { emptyItem, hasBlank, itemsOf, unquotedList } from "./list-item.js";
import { metadataProblem } from "./metadata-problem.js";
import { optionTextProblem } from "./option-text-problem.js";
import { quote } from "./quote.js";
import {
  conflictsKeys,
  machineIdKeys,
  machineOfKeys,
  requirementKeys,
  requirementSection,
} from "./requirement-keys.js";
import { falsehoods, parseRequirements, truths } from "./requirements.js";
import { reserveProblem } from "./reserve-problem.js";
import type { UnitOption } from "./unit-file.js";
import { splitFields } from "./white-space.js";
import { spreadProblem, wishProblem } from "./wish-problem.js";

/** Looks at one thing in the `[X-Fleet]` options of the unit called `name`. */
type Check = (options: readonly UnitOption[], name: string) => string | undefined;

/** In this order, because the first problem is the one reported. */
const checks: readonly Check[] = [
  emptyMachineId,
  peersProblem,
  metadataProblem,
  conflictsProblem,
  replacesProblem,
  reserveProblem,
  wishProblem,
  spreadProblem,
  truthProblem,
  idleProblem,
  contradiction,
];

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
    const problems = judgedNames(name).map((sample) => check(own, sample));
    if (problems.every((problem) => problem !== undefined)) return problems[0];
  }
  return undefined;
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

/** A unit that must never run twice does not become one that may, by a typing error; nor one that starts unasked. */
function truthProblem(options: readonly UnitOption[], name: string): string | undefined {
  const items = itemsOf(options, [requirementKeys.exclusive, requirementKeys.offlineStart], name);
  const odd = items.find(({ value }) => ![...truths, ...falsehoods].includes(value.toLowerCase()));
  return odd === undefined
    ? undefined
    : `${odd.key} ${quote(odd.value)} is neither true nor false: write true or false`;
}

/** What a unit asks for and cannot have, because something else decides where it runs. */
function idleProblem(options: readonly UnitOption[], name: string): string | undefined {
  const requirements = parseRequirements(options, name);
  const has = (key: string): boolean => options.some((option) => option.name === key);
  const { prefer, avoid, spread } = requirementKeys;
  const [idle] = [prefer, avoid, spread].filter(has);
  if (requirements.global && idle !== undefined) {
    return `${requirementKeys.global} cannot be used with ${idle}: the unit runs on every machine that fits`;
  }
  if (requirements.machineId !== undefined && idle !== undefined) {
    return `${requirementKeys.machineId} cannot be used with ${idle}: the unit runs on that machine and no other`;
  }
  if (requirements.offlineStart && requirements.exclusive) {
    return `${requirementKeys.offlineStart} cannot be used with ${requirementKeys.exclusive}: a machine by itself cannot know that the unit runs nowhere else`;
  }
  return requirements.global && requirements.exclusive
    ? `${requirementKeys.global} cannot be used with ${requirementKeys.exclusive}: the one runs everywhere, the other once`
    : undefined;
}

/** What only shows once specifiers are expanded. */
function contradiction(options: readonly UnitOption[], name: string): string | undefined {
  return contradictionIn(parseRequirements(options, name));
}
