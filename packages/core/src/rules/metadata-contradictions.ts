import type { MetadataDemand, MetadataRule } from "../unit/metadata-rule.js";
import { metadataRuleText } from "../unit/metadata-rule.js";
import { compareVersions } from "./compare-versions.js";
import { valueMeetsRule } from "./meets-metadata.js";

/** One thing that is demanded of a key. */
interface Part {
  readonly text: string;
  readonly rule: MetadataRule;
  /** The only values that meet it, if there are so few. */
  readonly exact?: ReadonlySet<string>;
}

/** More than this many values of one key, times the length of the longest, is not looked into: nobody writes that by hand. */
const effortMax = 10_000;

/**
 * Finds demands on one metadata key that no machine can meet together, whatever it says of itself: `gpu` with `!gpu`,
 * `a=1` with `a!=1`, `kernel>5` with `kernel<4`. Values of one key are alternatives, so `a=1` with `a=2` is none. What a
 * pattern excludes is not looked into, so that none is found where there is none; nor is more of one key than can be looked
 * into within a few milliseconds.
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
    const contradiction = contradictionIn(parts);
    return contradiction.length === 0 ? [] : [contradiction.map(({ text }) => text)];
  });
}

function partsOf(
  machineMetadata: MetadataDemand["machineMetadata"],
  metadataRules: MetadataDemand["metadataRules"],
): readonly Part[] {
  return [
    ...[...machineMetadata].map(([key, values]): Part => {
      const rule: MetadataRule = { key, operator: "~=", values: values.map(escaped) };
      return { rule, text: `${key}=${values.join("|")}`, exact: new Set(values) };
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
  return isExact ? { ...part, exact: new Set(rule.values.map(unescaped)) } : part;
}

/** As few of the parts as contradict each other; none if all can be met. */
function contradictionIn(parts: readonly Part[]): readonly Part[] {
  const values = parts.flatMap(({ rule }) => rule.values);
  if (values.length * Math.max(0, ...values.map(({ length }) => length)) > effortMax) return [];
  const bounds = [tightest(parts, 1), tightest(parts, -1)];
  const decisive = parts.filter(
    (part) => part.rule.operator !== "!=" && (!isComparison(part.rule) || bounds.includes(part)),
  );
  // Exclusions matter where all values are named, and only of those that nothing else rules out.
  const exact = decisive.find((part) => part.exact !== undefined)?.exact ?? new Set();
  const left = new Set([...exact].filter((value) => decisive.every((part) => meets(part, value))));
  const exclusions = parts.filter(({ rule }) => rule.operator === "!=" && left.has(rule.values[0] ?? ""));
  const excluded = new Set(exclusions.flatMap(({ rule }) => rule.values));
  if (canBeMet(decisive, excluded)) return [];
  let needed = decisive;
  for (const part of decisive) {
    const fewer = needed.filter((other) => other !== part);
    if (!canBeMet(fewer, excluded)) needed = fewer;
  }
  const kept = new Set(needed);
  if (needed.some((part) => part.exact !== undefined)) for (const part of exclusions) kept.add(part);
  return parts.filter((part) => kept.has(part));
}

/** The comparison that leaves the fewest versions: of the lower bounds (`sign` 1) or the upper ones (-1). */
function tightest(parts: readonly Part[], sign: 1 | -1): Part | undefined {
  const [strict, weak] = sign === 1 ? [">", ">="] : ["<", "<="];
  let best: Part | undefined;
  for (const part of parts) {
    const { operator } = part.rule;
    if (operator !== strict && operator !== weak) continue;
    const order = best === undefined ? 1 : sign * (compareVersions(boundOf(part), boundOf(best)) ?? 0);
    if (order > 0 || (order === 0 && operator === strict && best?.rule.operator === weak)) best = part;
  }
  return best;
}

function boundOf({ rule }: Part): string {
  return rule.values[0] ?? "";
}

function isComparison({ operator }: MetadataRule): boolean {
  return operator === ">" || operator === ">=" || operator === "<" || operator === "<=";
}

function meets({ exact, rule }: Part, value: string | undefined): boolean {
  return exact === undefined ? valueMeetsRule(rule, value) : value !== undefined && exact.has(value);
}

/** Whether some value, or the lack of one, meets all of it: if any does, one of a few does that are easily named. */
function canBeMet(parts: readonly Part[], excluded: ReadonlySet<string>): boolean {
  const exact = parts.find((part) => part.exact !== undefined)?.exact;
  const isOpen = exact === undefined && parts.some(({ rule }) => rule.operator === "~=");
  if (isOpen) return parts.every(({ rule }) => rule.operator !== "absent");
  // Without a list there is a way to spell each version that is not excluded.
  if (exact === undefined)
    return [undefined, ...valuesBetween(parts)].some((value) => parts.every((part) => meets(part, value)));
  return [...exact].some((value) => !excluded.has(value) && parts.every((part) => meets(part, value)));
}

/** One value of each stretch that comparisons can divide the versions into, and one that is no version. */
function valuesBetween(parts: readonly Part[]): readonly string[] {
  const bounds = parts.filter(({ rule }) => isComparison(rule)).map(boundOf);
  const depth = Math.max(0, ...bounds.map((bound) => bound.split(".").length));
  return ["+", "0", ...bounds.flatMap((bound) => [bound, `${bound}${".0".repeat(depth)}.1`])];
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
