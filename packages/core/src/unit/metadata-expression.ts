import { globProblem } from "./glob.js";

/**
 * How a unit may speak of one metadata key of a machine. `present` and `absent` are written `key` and `!key`.
 * `=` and `!=` compare exactly, `~=` by a pattern, the others as versions.
 */
export type MetadataOperator = "=" | "!=" | "~=" | ">" | ">=" | "<" | "<=" | "present" | "absent";

/** One thing said of a machine's metadata, as a demand or as a wish. */
export interface MetadataExpression {
  readonly key: string;
  readonly operator: MetadataOperator;
  /** Empty for `present` and `absent`. */
  readonly value: string;
}

/** Keys that operators can speak of: those that can be set while a machine runs. Only `=` knows others. */
const plainKey = "[A-Za-z0-9_.-]+";
const comparison = new RegExp(`^(${plainKey})(!=|~=|>=|<=|>|<)([^=]+)$`, "s");
const presence = new RegExp(`^(!?)(${plainKey})$`);

/** What may stand behind `>`, `>=`, `<` and `<=`: numbers, or several with dots between them. */
const version = /^\d+(?:\.\d+)*$/;

/**
 * Reads `key=value`, `key!=value`, `key~=glob`, `key>1.2`, `key>=1.2`, `key<1.2`, `key<=1.2`, `key` or `!key`.
 * What could be read both ways and would make no sense with the operator is a pair, as it always was: `key>=x` demands
 * of the key `key>` the value `x`.
 * @returns `undefined` if it is none of these.
 */
export function parseMetadataExpression(text: string): MetadataExpression | undefined {
  const [, key, operator, value] = comparison.exec(text) ?? [];
  if (key !== undefined && operator !== undefined && value !== undefined && isSensible(operator, value)) {
    return { key, operator: operator as MetadataOperator, value };
  }
  const pair = parseMetadataPair(text);
  if (pair !== undefined) return { key: pair[0], operator: "=", value: pair[1] };
  const [, negation, name] = presence.exec(text) ?? [];
  if (name === undefined) return undefined;
  return { key: name, operator: negation === "!" ? "absent" : "present", value: "" };
}

/**
 * Takes a `key=value` demand apart.
 * @returns `undefined` unless there is exactly one `=` with something on both sides. Blanks count.
 */
export function parseMetadataPair(text: string): readonly [key: string, value: string] | undefined {
  const [key, value, ...rest] = text.split("=");
  return key && value && rest.length === 0 ? [key, value] : undefined;
}

function isSensible(operator: string, value: string): boolean {
  if (operator === "!=") return true;
  return operator === "~=" ? globProblem(value) === undefined : version.test(value);
}

/** Says what is wrong with the value of something that looks like an operator with a value, or `undefined`. */
export function operandProblem(text: string): string | undefined {
  const [, , operator, value] = comparison.exec(text) ?? [];
  if (operator === undefined || value === undefined || isSensible(operator, value)) return undefined;
  return operator === "~="
    ? `the pattern is malformed: ${globProblem(value)}`
    : `"${operator}" compares numbers and versions such as 4 or 5.10`;
}
