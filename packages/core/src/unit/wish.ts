import { globProblem } from "./glob.js";
import { parseMetadataExpression } from "./metadata-expression.js";
import { type MetadataRule, ruleOfExpression } from "./metadata-rule.js";

/** Something that makes a machine better or worse for a unit, without deciding alone. */
export type Wish = WishedMetadata | WishedUnit;

interface Weighted {
  /** Below 0 for what is to be avoided. */
  readonly weight: number;
  /** As it was written, without the weight. */
  readonly text: string;
}

/** That a machine says something of itself. */
export interface WishedMetadata extends Weighted {
  readonly kind: "metadata";
  readonly rule: MetadataRule;
}

/** That a unit has a place on the machine whose name matches. */
export interface WishedUnit extends Weighted {
  readonly kind: "unit";
  readonly pattern: string;
}

/** What stands before a pattern of unit names. No metadata key contains a colon. */
const unitPrefix = "unit:";

/** Weights go from 1 to this. */
const weightMax = 100;

/** What {@link parseWish} makes of a text: without a wish, what is wrong with it. */
export type ParsedWish = { readonly wish: Wish } | { readonly problem: string };

/**
 * Reads `disk=ssd`, `50:kernel>=5.10` or `unit:web@*`: an expression about metadata or a pattern of unit names, with a
 * weight from 1 to 100 before it if it has one; otherwise it weighs 1.
 * @param sign - -1 for what is to be avoided.
 */
export function parseWish(text: string, sign: 1 | -1): ParsedWish {
  const [, digits, rest = ""] = /^(?:(\d+):)?(.*)$/s.exec(text) ?? [];
  const weight = digits === undefined ? 1 : Number(digits);
  if (weight < 1 || weight > weightMax) {
    return { problem: `the weight ${digits} is not between 1 and ${weightMax}` };
  }
  const base = { weight: sign * weight, text: rest };
  if (rest.startsWith(unitPrefix)) {
    const pattern = rest.slice(unitPrefix.length);
    const problem = pattern === "" ? "it matches no unit" : globProblem(pattern);
    return problem === undefined
      ? { wish: { ...base, kind: "unit", pattern } }
      : { problem: `the pattern is malformed: ${problem}` };
  }
  const expression = parseMetadataExpression(rest);
  if (expression === undefined) {
    return {
      problem: 'write metadata ("disk=ssd") or units ("unit:web@*"), with a weight before it ("50:disk=ssd")',
    };
  }
  return { wish: { ...base, kind: "metadata", rule: ruleOfExpression(expression) } };
}
