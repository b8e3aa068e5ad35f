import type { Revision, UnitName, UnitState } from "@fleet/core";
import { newSeatChecks } from "./checks/chain.js";
import type { Check } from "./checks/check.js";
import { makePace } from "./checks/pace.js";
import { findDoubtful } from "./doubtful.js";
import { Draft } from "./draft.js";
import { EligiblePlaces } from "./eligible.js";
import type { Place } from "./place.js";
import type { FailedCheck, Refusal } from "./refusal.js";
import type { Claim, Subject } from "./subject.js";
import type { TombstoneContent, UnseatCause } from "./task.js";
import type { World } from "./world.js";

/** A tombstone to be written. */
export interface Unseating {
  readonly subject: Subject;
  readonly place: Place;
  readonly cause: UnseatCause;
  readonly reason: string;
  readonly tombstone: TombstoneContent;
  /** The mod revision of the seat; 0 if the unit is there without one. */
  readonly seatRevision: Revision;
  /** The seat whose unit is the right one, for `surplus` and `moved`. */
  readonly rival?: Claim;
}

/** A new seat of a global unit. */
export interface GlobalSeating {
  readonly subject: Subject;
  readonly place: Place;
  readonly reason: string;
}

/** What one run of the planner works on: the world it reads, the draft it changes, and what it has decided. */
export interface Planning {
  readonly world: World;
  readonly draft: Draft;
  readonly eligible: EligiblePlaces;
  /** What a machine must pass to get a new seat. */
  readonly checks: readonly Check[];
  /** Whether the brake after a mass loss is on for a unit. */
  readonly isPaced: (subject: Subject) => boolean;
  /** What the brake says of a machine; absent if it is off. The last of {@link checks}, but the quickest. */
  readonly paceCheck: Check | undefined;
  /** For each machine, how many seats it has or is to get that it has not reported on; kept only if there is a pace. */
  readonly unreported: Int32Array;
  readonly unseatings: Unseating[];
  /** A machine that has gone away, but not long ago: an exclusive unit could be running there unseen. */
  readonly doubtful: Place | undefined;
  readonly globalSeatings: GlobalSeating[];
  /** Seats of global units that stay. */
  readonly globalClaims: { readonly subject: Subject; readonly claim: Claim }[];
  /** Units whose hand-over this plan ends. */
  readonly arrived: Set<Subject>;
  /** How many units are on their way away from each drained machine, by its index. */
  readonly handOvers: Map<number, number>;
  /** Units that want a place, or another one, and have none in this plan. */
  readonly refusals: Map<Subject, Refusal>;
  /** Other things that are not as they should be and stay so. */
  readonly remarks: Refusal[];
  /**
   * Global units of which only some machines are decided about, because nothing has happened on the others, where the
   * unit is wherever it can be.
   */
  readonly slices?: ReadonlyMap<Subject, readonly Place[]>;
  /** Where in the order of decisions units have last found all machines busy that fit: whose turn it was. */
  readonly waitedAt: Map<Subject, UnitName>;
  /** Whether the brake has let a machine have a unit that has then gone elsewhere. */
  hasReturned: boolean;
  /** Why units with certain demands have no place; good until something leaves a machine. */
  readonly failures: { asOf: number; readonly byDemand: Map<string, readonly FailedCheck[]> };
}

/** A tombstone in place of a live seat. */
export function unseating(
  subject: Subject,
  { place, seat }: Claim,
  cause: UnseatCause,
  reason: string,
  rival?: Claim,
): Unseating {
  const base = { subject, place, cause, reason, tombstone: seat, seatRevision: seat.modRevision };
  return rival === undefined ? base : { ...base, rival };
}

/** What a plan may go on from: who is where already, and is not to be decided about. */
export type Standing = Pick<Planning, "draft" | "eligible" | "slices" | "unreported">;

/**
 * Begins a plan: nothing is decided.
 * @param standing - Absent if nobody is anywhere yet.
 */
export function beginPlanning(world: World, standing?: Standing): Planning {
  const { pace } = world.options;
  const unreported = standing?.unreported ?? countUnreported(world);
  const isPaced = ({ from }: Subject): boolean =>
    from !== undefined && pace?.machines.has(from.place.id) === true;
  const paceCheck = pace && makePace(isPaced, unreported, pace.unreportedMax);
  return {
    world,
    draft: standing?.draft ?? new Draft(world.places),
    eligible: standing?.eligible ?? new EligiblePlaces(world.places),
    checks: paceCheck === undefined ? newSeatChecks : [...newSeatChecks, paceCheck],
    isPaced,
    paceCheck,
    unreported,
    unseatings: [],
    doubtful: findDoubtful(world.places),
    globalSeatings: [],
    globalClaims: [],
    arrived: new Set(),
    handOvers: new Map(),
    refusals: new Map(),
    remarks: [],
    ...(standing?.slices === undefined ? {} : { slices: standing.slices }),
    waitedAt: new Map(),
    hasReturned: false,
    failures: { asOf: -1, byDemand: new Map() },
  };
}

function countUnreported(world: World): Int32Array {
  const unreported = new Int32Array(world.places.length);
  if (world.options.pace === undefined) return unreported;
  for (const subject of world.subjects.values()) {
    for (const { place } of subject.claims) {
      const state = world.view.states.get(place.id)?.get(subject.name);
      if (isUnreported(state)) unreported[place.index]! += 1;
    }
  }
  return unreported;
}

/** Whether a machine has not said yet that it has the unit for which it has a seat. */
export function isUnreported(state: UnitState | undefined): boolean {
  return state === undefined || state.condition === "unloaded";
}

/** Decides where a plain unit is to be, moving it there in the draft. */
export function settle(p: Planning, subject: Subject, place: Place, because: string): void {
  if (subject.at !== place || subject.progress !== "placed") {
    leave(p, subject);
    // A unit that is there without a seat is counted as such until it gets one.
    p.draft.remove(subject, place);
    p.draft.add(subject, place, "seat");
    if (subject.from?.place !== place) p.unreported[place.index]! += 1;
  }
  subject.at = place;
  subject.progress = "placed";
  subject.arrivingBecause = because;
  p.refusals.delete(subject);
}

function leave(p: Planning, subject: Subject): void {
  const { at } = subject;
  if (at === undefined) return;
  p.draft.remove(subject, at);
  if (at !== subject.from?.place) {
    p.unreported[at.index]! -= 1;
    p.hasReturned = true;
  }
  // What was to be adopted there is still there.
  if (!subject.keyed.has(at.index) && subject.strays.some(({ place }) => place === at)) {
    p.draft.add(subject, at, "stray");
  }
}

/** Decides that a plain unit has no place in this plan: it stays where it may, or leaves its seat for nothing. */
export function giveUp(p: Planning, subject: Subject, refusal: Refusal): void {
  subject.progress = "waiting";
  if (subject.evicted || subject.from === undefined) {
    leave(p, subject);
    subject.at = undefined;
  }
  p.refusals.set(subject, refusal);
}

/** Whether a unit is refused because of the brake after a mass loss. */
export function waitsForTurn(p: Planning, subject: Subject): boolean {
  if (subject.handsOver || !p.isPaced(subject)) return false;
  return p.refusals.get(subject)?.failed.some(({ check }) => check === "pace") === true;
}
