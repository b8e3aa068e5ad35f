import type { MetadataDemand, MetadataRule } from "../unit/metadata-rule.js";
import { metadataRuleText } from "../unit/metadata-rule.js";
import { valueMeetsRule } from "./meets-metadata.js";

/** One thing that is demanded of a key. */
interface Part {
  readonly text: string;
  readonly rule: MetadataRule;
  /** The only values that meet it, if there are so few. */
  readonly exact?: readonly string[];
}

/**
 * Finds demands on one metadata key that no machine can meet together, whatever it says of itself: `gpu` with `!gpu`,
 * `a=1` with `a!=1`, `kernel>5` with `kernel<4`. Values of one key are alternatives, so `a=1` with `a=2` is none. What a
 * pattern excludes is not looked into, so that none is found where there is none.
 * @returns For each such key as few demands as say it, as they are written; keys with plain values first.
 */
export function metadataContradictions(demand: MetadataDemand): readonly (readonly string[])[] {
  const { machineMetadata, metadataRules } = demand;
  // A list of values is met by every key that the machine has to have, so alone it is never in question.
  if (metadataRules.length === 0) return [];
  const byKey = new Map<string, Part[]>();
  for (const part of partsOf(machineMetadata, metadataRules)) {
    const known = byKey.get(part.rule.key);
    if (known === undefined) byKey.set(part.rule.key, [part]);
    else known.push(part);
  }
  return [...byKey.values()].flatMap((parts) => {
    if (canBeMet(parts)) return [];
    return [smallest(parts).map(({ text }) => text)];
  });
}

function partsOf(
  machineMetadata: MetadataDemand["machineMetadata"],
  metadataRules: MetadataDemand["metadataRules"],
): readonly Part[] {
  return [
    ...[...machineMetadata].map(([key, values]): Part => {
      const rule: MetadataRule = { key, operator: "~=", values: values.map(escaped) };
      return { rule, text: `${key}=${values.join("|")}`, exact: values };
    }),
    ...metadataRules.flatMap((rule): readonly Part[] => {
      // Each excluded value is a demand of its own.
      if (rule.operator === "!=") return rule.values.map((value) => partOf({ ...rule, values: [value] }));
      return [partOf(rule)];
    }),
  ];
}

function partOf(rule: MetadataRule): Part {
  const part = { rule, text: metadataRuleText(rule) };
  const isExact = rule.operator === "~=" && rule.values.every(isLiteral);
  return isExact ? { ...part, exact: rule.values.map(unescaped) } : part;
}

/** Leaves out what is not needed for the contradiction. */
function smallest(parts: readonly Part[]): readonly Part[] {
  let needed = parts;
  for (const part of parts) {
    const fewer = needed.filter((other) => other !== part);
    if (!canBeMet(fewer)) needed = fewer;
  }
  return needed;
}

/** Whether some value, or the lack of one, meets all of it: if any does, one of a few does that are easily named. */
function canBeMet(parts: readonly Part[]): boolean {
  const exact = parts.find((part) => part.exact !== undefined)?.exact;
  const isOpen = exact === undefined && parts.some(({ rule }) => rule.operator === "~=");
  if (isOpen) return parts.every(({ rule }) => rule.operator !== "absent");
  const candidates = exact ?? [undefined, ...valuesBetween(parts)];
  return candidates.some((value) => parts.every(({ rule }) => valueMeetsRule(rule, value)));
}

/** One value of each stretch that comparisons can divide the versions into, spelled like none that is excluded. */
function valuesBetween(parts: readonly Part[]): readonly string[] {
  const valuesWith = (isMeant: (rule: MetadataRule) => boolean): readonly string[] =>
    parts.flatMap(({ rule }) => (isMeant(rule) ? rule.values : []));
  const excluded = valuesWith(({ operator }) => operator === "!=");
  const bounds = valuesWith(({ operator }) => operator !== "!=");
  const suffix = "+".repeat(Math.max(0, ...excluded.map(({ length }) => length)) + 1);
  const depth = Math.max(0, ...bounds.map((bound) => bound.split(".").length));
  return [
    suffix,
    `0${suffix}`,
    ...bounds.flatMap((bound) => [`${bound}${suffix}`, `${bound}${".0".repeat(depth)}.1${suffix}`]),
  ];
}

function isLiteral(pattern: string): boolean {
  return !/[*?[]/.test(pattern.replaceAll(/\\./gs, ""));
}

function unescaped(pattern: string): string {
  return pattern.replaceAll(/\\(.)/gs, "$1");
}

function escaped(value: string): string {
  return value.replaceAll(/[\\*?[]/g, "\\$&");
}
