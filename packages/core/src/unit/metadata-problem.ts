import { emptyItem, hasBlank, itemsOf, type ListItem, wordsOf } from "./list-item.js";
import { operandProblem, parseMetadataExpression, parseMetadataPair } from "./metadata-expression.js";
import { quote } from "./quote.js";
import { isQuotedList } from "./quoted-list.js";
import { requirementKeys } from "./requirement-keys.js";
import type { UnitOption } from "./unit-file.js";
import { trimWhiteSpace } from "./white-space.js";

/** Says what is wrong with what a unit demands of metadata, or `undefined`. */
export function metadataProblem(options: readonly UnitOption[], unitName: string): string | undefined {
  for (const item of itemsOf(options, [requirementKeys.machineMetadata], unitName)) {
    const problem = blankProblem(item) ?? expressionProblem(item);
    if (problem !== undefined) return problem;
  }
  for (const item of itemsOf(options, [requirementKeys.legacyMachineMetadata], unitName)) {
    const problem = blankProblem(item) ?? pairProblem(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function blankProblem(item: ListItem): string | undefined {
  if (item.value === "") return emptyItem(item, "which demands nothing", 'write "key=value"');
  return hasBlank(item.value) && !isQuotedList(item.raw) ? unquotedExpression(item) : undefined;
}

/** Says what is wrong with something that is to be an expression about metadata, or `undefined`. */
export function expressionProblem({ key, value }: Pick<ListItem, "key" | "value">): string | undefined {
  const expression = parseMetadataExpression(value);
  const tight = withoutBlanksAround(value);
  if (tight !== value && isMeant(tight)) {
    return `${key} ${quote(value)} has blanks around its key or value, which count: write ${quote(tight)}`;
  }
  const problem = operandProblem(value);
  if (problem !== undefined) return `${key} ${quote(value)} is not understood: ${problem}`;
  if (expression !== undefined) return keylessProblem(key, value);
  return value.includes("=")
    ? noPair(key, value)
    : `${key} ${quote(value)} is no demand: write "key=value", "key!=value", "key~=pattern", "key>=1.2", "key" or "!key"`;
}

/** What begins with an operator reads as a pair whose key is a part of the operator, which no machine has. */
function keylessProblem(key: string, value: string): string | undefined {
  const [, operator] = /^([!~<>]+=)/.exec(value) ?? [];
  return operator === undefined
    ? undefined
    : `${key} ${quote(value)} has no key before "${operator}": write ${quote(`key${value}`)}`;
}

function pairProblem({ key, value }: ListItem): string | undefined {
  if (parseMetadataPair(value) === undefined) return noPair(key, value);
  const tight = value.split("=").map(trimWhiteSpace).join("=");
  if (tight === value) return undefined;
  return `${key} ${quote(value)} has blanks around its key or value, which count: write ${quote(tight)}`;
}

function noPair(key: string, value: string): string {
  return `${key} ${quote(value)} is not a pair: write "key=value" with one "=" and something on both sides`;
}

function isMeant(text: string): boolean {
  return parseMetadataExpression(text) !== undefined;
}

function withoutBlanksAround(text: string): string {
  return trimWhiteSpace(text.replace(/\s*(!=|~=|>=|<=|[=<>])\s*/, "$1").replace(/^\s*!\s+/, "!"));
}

function unquotedExpression({ key, raw, value }: ListItem): string {
  const words = wordsOf(raw);
  const operators = words.map((word) => parseMetadataExpression(word)?.operator);
  const isNamed = operators.map((operator) => operator === "present" || operator === "absent");
  const isList = operators.every((operator) => operator !== undefined) && new Set(isNamed).size === 1;
  const advice = (isList ? words : [withoutBlanksAround(value)]).map((text) => quote(text)).join(" ");
  return `${key} ${quote(value)} contains a blank outside quotes: write ${key}=${advice}`;
}
