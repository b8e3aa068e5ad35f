import { firstFailure } from "./checks/chain.js";
import { checksAt } from "./explain-checks.js";
import { type MetadataDemandPart, metadataDemands } from "./explain-facts.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";
import { areRivals } from "./suggest-applicant.js";
import type { ViewChange } from "./what-if-change.js";

/** A change that can be tried. */
export interface Trial {
  /** In the imperative. */
  readonly what: string;
  readonly command?: string;
  readonly changes: readonly ViewChange[];
  /** What each of several changes is known by; absent for one. If any alone is enough, the others are too much. */
  readonly parts?: readonly string[];
  /** Asks the planner's checks, all other decisions being as they are. @returns where the unit would go, if anywhere. */
  tryIt(): Place | "new" | undefined;
}

/** A change that may give a unit a place; or the same change of any one of several machines. */
export interface Candidate<T extends Trial = Trial> {
  /** Small is what is done soonest and undone most easily. */
  readonly cost: number;
  /** In the order in which they are worth trying; of most candidates only one. The first that helps is enough. */
  readonly trials: Iterable<T>;
  /** Of a change of any of several machines: which, as the trials are; and what to do, the machines in words. */
  readonly anyOf?: { readonly places: readonly Place[]; readonly words: (machines: string) => string };
}

/** A candidate that can be tried in one way only. */
export function singleCandidate(cost: number, trial: Trial): Candidate {
  return { cost, trials: [trial] };
}

/** What a change is known by, wherever it is one of several. */
export function keyOf({ changes, what }: Pick<Trial, "what"> & Partial<Pick<Trial, "changes">>): string {
  const isPlain = changes?.every(({ kind }) => kind !== "demand" && kind !== "put") === true;
  return isPlain ? JSON.stringify(changes) : what;
}

/** How many machines are named. */
export const namedMax = 3;

/**
 * `machine m1`, or `one of 2 machines (m1, m2)`, or `one of 12 machines (tried: m1, m2, m3)`.
 * @param proven - Those where the change has been tried and does help.
 * @param untried - How many others there are of which that is not known.
 */
export function oneOf(proven: readonly Place[], untried: number): string {
  const [only] = proven;
  if (only !== undefined && proven.length === 1 && untried === 0) return `machine ${only.id}`;
  const names = proven.map(({ id }) => id).join(", ");
  return `one of ${proven.length + untried} machines (${untried > 0 ? "tried: " : ""}${names})`;
}

/** Finds the first machine that a unit like `subject` could go to, if any. */
export function firstFit(p: Planning, subject: Subject, places: readonly Place[]): Place | undefined {
  return places.find((place) => {
    // In a ring everything depends on who is decided first, which the checks cannot tell; but who is there may stay.
    if (subject.cycle !== undefined && place.id !== subject.at?.id) return false;
    return firstFailure(checksAt(p, subject, place), subject, place, p.draft) === undefined;
  });
}

/**
 * Whether a global unit that would come to a machine, once it is as in `after`, would keep the unit away: globals come
 * first.
 * @param before - As the machine is; `undefined` if it is new.
 */
export function isTakenByGlobals(
  p: Planning,
  subject: Subject,
  after: Pick<Place, "metadata">,
  before: Place | undefined,
): boolean {
  for (const demands of rivalGlobals(p, subject)) {
    if (!meets(after, demands)) continue;
    // One that could be there already, and is not, is kept away by something else.
    if (before?.stance !== "open" || !meets(before, demands)) return true;
  }
  return false;
}

type Demands = readonly MetadataDemandPart[];

function meets({ metadata }: Pick<Place, "metadata">, demands: Demands): boolean {
  for (const demand of demands) if (!demand.isMet(metadata)) return false;
  return true;
}

interface Globals {
  readonly all: readonly Subject[];
  /** By unit, what those that are never beside it demand. They are asked for each of many machines. */
  readonly rivals: WeakMap<Subject, readonly Demands[]>;
}

const knownGlobals = new WeakMap<Planning, Globals>();

function rivalGlobals(p: Planning, subject: Subject): readonly Demands[] {
  let globals = knownGlobals.get(p);
  if (globals === undefined) {
    const all = [...p.world.subjects.values()].filter(({ kind }) => kind === "global");
    globals = { all, rivals: new WeakMap() };
    knownGlobals.set(p, globals);
  }
  let rivals = globals.rivals.get(subject);
  if (rivals === undefined) {
    rivals = globals.all.filter((other) => areRivals(subject, other)).map(metadataDemands);
    globals.rivals.set(subject, rivals);
  }
  return rivals;
}
