import type { MachineId, Metadata } from "@fleet/core";
import { firstFailure } from "./checks/chain.js";
import { checksAt } from "./explain-checks.js";
import { metadataDemands } from "./explain-facts.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";
import type { ViewChange } from "./what-if-change.js";

/** A change that may give a unit a place. */
export interface Candidate {
  /** In the imperative. */
  readonly what: string;
  readonly command?: string;
  readonly changes: readonly ViewChange[];
  /** Small is what is done soonest and undone most easily. */
  readonly cost: number;
  /** Asks the planner's checks, all other decisions being as they are. @returns where the unit would go, if anywhere. */
  tryIt(): Place | "new" | undefined;
}

/** How many machines are named. */
const namedMax = 3;

/** `on m1`, or `on one of 12 machines (m1, m2, m3, …)`. */
export function oneOf(places: readonly Place[]): string {
  const [only] = places;
  if (only !== undefined && places.length === 1) return `machine ${only.id}`;
  const named: readonly (MachineId | "…")[] = places.slice(0, namedMax).map(({ id }) => id);
  const names = places.length > namedMax ? [...named, "…"] : named;
  return `one of ${places.length} machines (${names.join(", ")})`;
}

/** Finds the first machine that a unit like `subject` could go to, if any. */
export function firstFit(p: Planning, subject: Subject, places: readonly Place[]): Place | undefined {
  return places.find(
    (place) => firstFailure(checksAt(p, subject, place), subject, place, p.draft) === undefined,
  );
}

/**
 * Whether a global unit that would come to a machine, once it takes units, would keep the unit away: globals come first.
 * @param metadata - Of the machine.
 */
export function isTakenByGlobals(p: Planning, subject: Subject, metadata: Metadata): boolean {
  return globalsOf(p).some(
    (other) => areRivals(subject, other) && metadataDemands(other).every(({ isMet }) => isMet(metadata)),
  );
}

const knownGlobals = new WeakMap<Planning, readonly Subject[]>();

function globalsOf(p: Planning): readonly Subject[] {
  let globals = knownGlobals.get(p);
  if (globals === undefined) {
    globals = [...p.world.subjects.values()].filter(({ kind }) => kind === "global");
    knownGlobals.set(p, globals);
  }
  return globals;
}

function areRivals(a: Subject, b: Subject): boolean {
  return (
    a.conflicts.some((pattern) => b.conflictedBy.includes(pattern)) ||
    b.conflicts.some((pattern) => a.conflictedBy.includes(pattern))
  );
}
