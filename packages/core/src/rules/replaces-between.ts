import { matchesGlob } from "../unit/glob.js";

/** What the rule needs to know of a unit. */
export interface ReplacementParty {
  readonly name: string;
  /** Patterns, specifiers expanded. */
  readonly replaces: readonly string[];
}

/** Who stays and who moves, by name. */
export interface UnitReplacement {
  readonly replacer: string;
  readonly replaced: string;
}

/**
 * Says which of two units has to leave if they meet on a machine: the one that only the other's `Replaces` matches.
 * @returns `undefined` if neither matches, and if both do: replacing each other cancels out.
 */
export function replacementBetween(a: ReplacementParty, b: ReplacementParty): UnitReplacement | undefined {
  if (a.name === b.name) return undefined;
  const aReplacesB = replaces(a, b);
  if (aReplacesB === replaces(b, a)) return undefined;
  return aReplacesB ? { replacer: a.name, replaced: b.name } : { replacer: b.name, replaced: a.name };
}

function replaces(from: ReplacementParty, to: ReplacementParty): boolean {
  return from.replaces.some((pattern) => matchesGlob(pattern, to.name));
}
