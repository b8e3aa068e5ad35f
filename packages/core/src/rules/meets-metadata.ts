import type { Metadata } from "../machine/metadata.js";
import { compileGlob } from "../unit/glob.js";
import type { MetadataDemand, MetadataRule } from "../unit/metadata-rule.js";
import { compareVersions } from "./compare-versions.js";
import { matchesMetadata } from "./matches-metadata.js";

/** Says whether a machine has all that a unit demands of its metadata. No demand is met by every machine. */
export function meetsMetadata(demand: MetadataDemand, actual: Metadata): boolean {
  if (!matchesMetadata(demand.machineMetadata, actual)) return false;
  for (const rule of demand.metadataRules) if (!meetsMetadataRule(rule, actual)) return false;
  return true;
}

/** Says whether a machine meets one demand. */
export function meetsMetadataRule(rule: MetadataRule, actual: Metadata): boolean {
  const value = Object.hasOwn(actual, rule.key) ? actual[rule.key] : undefined;
  return valueMeetsRule(rule, value);
}

/**
 * Says whether a demand is met by a value of its key; `undefined` is a machine without the key. Such a machine does not
 * have any of the values that `!=` excludes; it meets no pattern and no comparison, and neither does a value that is no
 * version meet a comparison.
 */
export function valueMeetsRule(rule: MetadataRule, value: string | undefined): boolean {
  const { operator, values } = rule;
  if (operator === "absent") return value === undefined;
  if (operator === "!=") return value === undefined || !values.includes(value);
  if (value === undefined) return false;
  if (operator === "present") return true;
  if (operator === "~=") return patternsOf(rule).some((matches) => matches(value));
  const order = compareVersions(value, values[0] ?? "");
  if (order === undefined) return false;
  switch (operator) {
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
  }
}

/** Patterns are read once for all machines. */
const patterns = new WeakMap<MetadataRule, readonly ((value: string) => boolean)[]>();

function patternsOf(rule: MetadataRule): readonly ((value: string) => boolean)[] {
  const known = patterns.get(rule);
  if (known !== undefined) return known;
  const compiled = rule.values.map(compileGlob);
  patterns.set(rule, compiled);
  return compiled;
}
