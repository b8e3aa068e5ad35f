import type { MetadataExpression, MetadataOperator } from "./metadata-expression.js";

/** A demand on one metadata key that is more than a list of values. */
export interface MetadataRule {
  readonly key: string;
  readonly operator: Exclude<MetadataOperator, "=">;
  /**
   * `~=`: patterns, one of which has to match. `!=`: values, none of which the machine may have. The comparisons: one
   * version. `present`, `absent`: nothing.
   */
  readonly values: readonly string[];
}

/** What a unit demands of a machine's metadata. All of it has to hold. */
export interface MetadataDemand {
  /** For each key, the values one of which the machine must have. In order of first appearance. */
  readonly machineMetadata: ReadonlyMap<string, readonly string[]>;
  /** The other demands, in order of first appearance. */
  readonly metadataRules: readonly MetadataRule[];
}

/**
 * Puts together what is said of each key. Values and patterns of one key are alternatives; everything else has to hold
 * by itself.
 */
export function groupMetadata(expressions: readonly MetadataExpression[]): MetadataDemand {
  const values = new Map<string, Set<string>>();
  const patterns = new Map<string, Set<string>>();
  const others = new Map<string, { readonly rule: MetadataRule; readonly values: Set<string> }>();
  for (const { key, operator, value } of expressions) {
    if (operator === "=") addTo(values, key, value);
    else if (operator === "~=") addTo(patterns, key, value);
    else {
      // Several "!=" of a key are one list, and the same thing said twice is said once.
      const id = operator === "!=" ? `${operator} ${key}` : `${operator} ${key} ${value}`;
      const found = others.get(id) ?? { rule: { key, operator, values: [] }, values: new Set() };
      if (value !== "") found.values.add(value);
      others.set(id, found);
    }
  }
  for (const [key, group] of patterns) {
    for (const value of values.get(key) ?? []) group.add(value.replaceAll(/[\\*?[]/g, "\\$&"));
    values.delete(key);
  }
  return {
    machineMetadata: new Map([...values].map(([key, group]) => [key, [...group]])),
    metadataRules: [
      ...[...patterns].map(([key, group]) => ({ key, operator: "~=" as const, values: [...group] })),
      ...[...others.values()].map(({ rule, values: group }) => ({ ...rule, values: [...group] })),
    ],
  };
}

/** Turns what is said of a key into a rule that is asked alone, as wishes are. */
export function ruleOfExpression({ key, operator, value }: MetadataExpression): MetadataRule {
  // A value is the pattern that matches nothing else.
  if (operator === "=") return { key, operator: "~=", values: [value.replaceAll(/[\\*?[]/g, "\\$&")] };
  return { key, operator, values: value === "" ? [] : [value] };
}

function addTo(groups: Map<string, Set<string>>, key: string, value: string): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, new Set([value]));
  else group.add(value);
}

/** Prints a rule as it would be written, with `|` between alternatives: `kernel>=5.10`, `zone~=eu-*|us-1`, `!gpu`. */
export function metadataRuleText({ key, operator, values }: MetadataRule): string {
  if (operator === "present") return key;
  if (operator === "absent") return `!${key}`;
  return `${key}${operator}${values.join("|")}`;
}
