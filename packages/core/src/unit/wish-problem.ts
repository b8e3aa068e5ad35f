import { hasBlank, itemsOf } from "./list-item.js";
import { expressionProblem } from "./metadata-problem.js";
import { quote } from "./quote.js";
import { isQuotedList } from "./quoted-list.js";
import { requirementKeys } from "./requirement-keys.js";
import type { UnitOption } from "./unit-file.js";
import { splitUnitName } from "./unit-name.js";
import { parseWish } from "./wish.js";

/** How many wishes one unit may have: each can double the number of classes that machines fall into. */
const wishesMax = 8;

/** Says what is wrong with what a unit prefers and avoids, or `undefined`. */
export function wishProblem(options: readonly UnitOption[], unitName: string): string | undefined {
  const items = itemsOf(options, [requirementKeys.prefer, requirementKeys.avoid], unitName);
  for (const { key, raw, value } of items) {
    if (hasBlank(value) && !isQuotedList(raw)) {
      return `${key} ${quote(value)} contains a blank outside quotes: put every value in double quotes, with one blank between them`;
    }
    const weight = oddWeight(value);
    if (weight !== undefined) {
      return `${key} ${quote(value)} is not understood: the weight ${weight} is not a whole number from 1 to 100`;
    }
    const parsed = parseWish(value, 1);
    if ("problem" in parsed) return `${key} ${quote(value)} is not understood: ${parsed.problem}`;
    if (parsed.wish.kind === "unit") continue;
    const problem = expressionProblem({ key, value: parsed.wish.text });
    if (problem !== undefined) return problem;
  }
  return items.length > wishesMax
    ? `${requirementKeys.prefer} and ${requirementKeys.avoid} have ${items.length} values together (max ${wishesMax})`
    : undefined;
}

/** What stands where a weight would, looks like a number and is none of those that are read as a weight. */
function oddWeight(value: string): string | undefined {
  return /^\d+:/.test(value) ? undefined : /^\s*([-+.,\d]*\d%?)\s*:/.exec(value)?.[1];
}

/** Says what is wrong with what the instances of a template are spread over, or `undefined`. */
export function spreadProblem(options: readonly UnitOption[], unitName: string): string | undefined {
  const items = itemsOf(options, [requirementKeys.spread], unitName);
  const [first, second] = items;
  if (first === undefined) return undefined;
  if (second !== undefined) return `${first.key} is given twice: instances are spread over one key`;
  if (!/^[A-Za-z0-9_.-]+$/.test(first.value)) {
    return `${first.key} ${quote(first.value)} is no metadata key: write ${first.key}=zone`;
  }
  return splitUnitName(unitName)?.template !== undefined
    ? undefined
    : `${first.key} spreads the instances of a template, and ${unitName} is none: remove the line`;
}
