import { matchesGlob } from "../unit/glob.js";

/** What the rule needs to know of a unit. */
export interface ConflictParty {
  readonly name: string;
  /** Patterns, specifiers expanded. */
  readonly conflicts: readonly string[];
}

/** Who objects to whom, so that a refusal can be explained. */
export interface UnitConflict {
  /** The name of the unit whose pattern it is. */
  readonly declaredBy: string;
  readonly pattern: string;
}

/**
 * Says whether two units may not share a machine, because either has a pattern that matches the other's name.
 * Engine and agent both ask this, so that they cannot disagree. A unit never conflicts with itself.
 * @returns The first objection, those of `a` before those of `b`; or `undefined`.
 */
export function conflictBetween(a: ConflictParty, b: ConflictParty): UnitConflict | undefined {
  if (a.name === b.name) return undefined;
  return objection(a, b) ?? objection(b, a);
}

function objection(from: ConflictParty, to: ConflictParty): UnitConflict | undefined {
  const pattern = from.conflicts.find((candidate) => matchesGlob(candidate, to.name));
  return pattern === undefined ? undefined : { declaredBy: from.name, pattern };
}
