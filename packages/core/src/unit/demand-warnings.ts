import { metadataContradictions } from "../rules/metadata-contradictions.js";
import { judgedNames } from "./judged-names.js";
import { itemsOf } from "./list-item.js";
import { metadataRuleText } from "./metadata-rule.js";
import { quote } from "./quote.js";
import { machineOfKeys, requirementKeys, requirementSection } from "./requirement-keys.js";
import { parseRequirements } from "./requirements.js";
import type { UnitOption } from "./unit-file.js";
import { parseWish } from "./wish.js";

/**
 * Lists what a unit demands or wishes for in vain, because of what it says elsewhere: demands on metadata that no machine
 * can meet together, and wishes that change nothing. Of a template only what is said of every instance counts.
 */
export function demandWarnings(name: string, options: readonly UnitOption[]): readonly string[] {
  const own = options.filter(({ section }) => section === requirementSection);
  const bySample = judgedNames(name).map((sample) => [
    ...contradictionWarnings(sample, own),
    ...oddWishes(sample, own),
  ]);
  return [...ofAll(bySample), ...idleWishes(own)];
}

/** What is said of all samples. Where each is said as much, it differs in what the instance is called only. */
function ofAll(bySample: readonly (readonly string[])[]): readonly string[] {
  const [first = [], ...others] = bySample;
  if (others.every(({ length }) => length === first.length)) return first;
  return first.filter((warning) => others.every((warnings) => warnings.includes(warning)));
}

function contradictionWarnings(name: string, options: readonly UnitOption[]): readonly string[] {
  return metadataContradictions(parseRequirements(options, name)).map((demands) => {
    const what = `${requirementKeys.machineMetadata} demands ${listed(demands.map((text) => quote(text)))}`;
    return demands.length === 1
      ? `${what}, which no machine can meet: remove it`
      : `${what}, which no machine can meet together: remove one of them`;
  });
}

function listed(texts: readonly string[]): string {
  return [texts.slice(0, -1).join(", "), texts.at(-1)].filter((text) => text).join(" and ");
}

const wishKeys: readonly string[] = [requirementKeys.prefer, requirementKeys.avoid, requirementKeys.spread];

/** Wishes of units that have no choice. */
function idleWishes(options: readonly UnitOption[]): readonly string[] {
  const keys = options.map(({ name }) => name);
  if (!keys.some((key) => machineOfKeys.includes(key))) return [];
  return keys
    .filter((key) => wishKeys.includes(key))
    .map(
      (key) =>
        `${key} does nothing beside MachineOf, unless all its peers are global: they decide the machine`,
    );
}

interface WrittenWish {
  readonly key: string;
  /** Without the weight. */
  readonly text: string;
  readonly weight: number;
}

/** Wishes for and against the same thing, and such as every machine or no machine that will do fulfils. */
function oddWishes(name: string, options: readonly UnitOption[]): readonly string[] {
  const requirements = parseRequirements(options, name);
  const { machineMetadata, metadataRules } = requirements;
  const demanded = [
    ...[...machineMetadata].flatMap(([key, [value, ...others]]) =>
      others.length > 0 ? [] : `${key}=${value}`,
    ),
    ...metadataRules.map(metadataRuleText),
  ];
  // Where the demands contradict each other already, nothing more is to be said of wishes.
  const isHopeless = metadataContradictions(requirements).length > 0;
  const seen = new Map<string, WrittenWish>();
  return writtenWishes(name, options).flatMap((wish) => {
    const { key, text, weight } = wish;
    const other = seen.get(text);
    seen.set(text, wish);
    if (other !== undefined) return [twice(wish, other)];
    const parsed = parseWish(text, 1);
    if (!("wish" in parsed) || isHopeless || weight === 0) return [];
    if (parsed.wish.kind === "unit") {
      return requirements.conflicts.includes(parsed.wish.pattern)
        ? [`${key} ${quote(text)} does nothing: the unit conflicts with such units`]
        : [];
    }
    if (demanded.includes(text)) return [`${key} ${quote(text)} does nothing: the unit demands it anyway`];
    const rules = { machineMetadata, metadataRules: [...metadataRules, parsed.wish.rule] };
    return metadataContradictions(rules).length === 0
      ? []
      : [`${key} ${quote(text)} does nothing: no machine that meets the unit's demands fulfils it`];
  });
}

function twice(wish: WrittenWish, other: WrittenWish): string {
  const sum = wish.weight + other.weight;
  if (wish.key === other.key)
    return `${wish.key} names ${quote(wish.text)} twice: the weights add up to ${Math.abs(sum)}`;
  const effect =
    sum === 0
      ? "they cancel each other out"
      : `together that is ${sum > 0 ? requirementKeys.prefer : requirementKeys.avoid}=${Math.abs(sum)}`;
  return `Prefer and Avoid both name ${quote(wish.text)}: ${effect}`;
}

function writtenWishes(name: string, options: readonly UnitOption[]): readonly WrittenWish[] {
  const { avoid, prefer } = requirementKeys;
  return itemsOf(options, [prefer, avoid], name).flatMap(({ key, value }) => {
    const parsed = parseWish(value, key === avoid ? -1 : 1);
    return "wish" in parsed ? [{ key, text: parsed.wish.text, weight: parsed.wish.weight }] : [];
  });
}
