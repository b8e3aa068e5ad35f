import type { Seat } from "@fleet/core";
import type { Place } from "./place.js";
import { giveUp, type Planning } from "./planning.js";
import type { Refusal } from "./refusal.js";
import { differenceBetween, wishOf } from "./seat-wish.js";
import type { Stray, Subject } from "./subject.js";

/**
 * A unit that says `Exclusive` never runs twice (protocol rule P9). So it is never moved in one change: first its seat is
 * taken away, and it gets another one only when no copy of it can be running anywhere, which is when its machine has
 * acknowledged that, or has been away for so long that its guard has stopped everything.
 */

/** Where a copy may be running, and why nobody can be sure. */
export interface PossibleCopy {
  readonly place: Place;
  /** What may be there, as a clause that `the unit is exclusive and` begins. */
  readonly why: string;
  /** Whether no time that passes makes it certain that it does not run. */
  readonly isUnguarded?: boolean;
}

/** What a machine has, or was told to let go of. */
interface Copy {
  readonly place: Place;
  readonly seat: Pick<Seat, "contentId" | "unconfirmed">;
}

/** Why a copy that may have no guard is waited for, for people. */
export const unguarded =
  "with an earlier text, which need not have been exclusive: until the machine returns or is forgotten";

/**
 * Says where a copy of an exclusive unit without a seat may be running.
 * @param adopted - The copy that is to get a seat where it is.
 */
export function possibleCopy(p: Planning, subject: Subject, adopted?: Stray): PossibleCopy | undefined {
  const stopping = stoppingCopy(subject);
  if (stopping !== undefined) return stopping;
  const leaving =
    subject.keyed.size === 0 ? undefined : p.unseatings.find((unseating) => unseating.subject === subject);
  if (leaving !== undefined) {
    return { place: leaving.place, why: `has to be stopped on ${leaving.place.id} first` };
  }
  for (const stray of subject.strays) {
    // Of two copies that run already one may as well get the seat.
    if (stray === adopted || (adopted?.active === true && stray.active)) continue;
    if (
      p.draft.residentsOf(stray.place).get(subject) === "stray" &&
      (adopted === undefined || stray.active)
    ) {
      return { place: stray.place, why: `is on ${stray.place.id} without a seat` };
    }
  }
  if (adopted?.active === true || p.doubtful === undefined) return undefined;
  return {
    place: p.doubtful,
    why: `could have been begun on ${p.doubtful.id}, which has gone away too recently to be sure`,
  };
}

/** Says where a copy may be running that was told to go. */
function stoppingCopy(subject: Subject): PossibleCopy | undefined {
  for (const claim of subject.stopping) {
    if (isOver(subject, claim)) continue;
    const { place } = claim;
    if (place.presenceRevision > 0) return { place, why: `is still being stopped on ${place.id}` };
    const why = `may still be running on ${place.id}`;
    if (isOfOtherText(subject, claim)) return { place, why: `${why} ${unguarded}`, isUnguarded: true };
    return { place, why: `${why}, which has not been away for long enough` };
  }
  return undefined;
}

/**
 * Lets exclusive units that have seats wait with what would start them there: a seat that was given before the unit became
 * exclusive was given without asking where else copies are.
 */
export function withholdStarts(p: Planning): void {
  for (const subject of p.world.subjects.values()) {
    const { from } = subject;
    if (!subject.exclusive || from === undefined || from.place !== subject.at) continue;
    const { unconfirmed } = from.seat;
    const wish = {
      ...wishOf(subject.unit!, from.place),
      ...(unconfirmed === undefined ? {} : { unconfirmed }),
    };
    if (wish.target !== "launched" || differenceBetween(from.seat, wish) === undefined) continue;
    const copy = stoppingCopy(subject) ?? otherCopy(p, subject, from.place);
    if (copy === undefined) continue;
    subject.withheld = true;
    p.remarks.push(copyRefusal(subject, copy));
  }
}

/** Says where a unit that has a seat may be running beside that. */
function otherCopy(p: Planning, subject: Subject, own: Place): PossibleCopy | undefined {
  const leaving = p.unseatings.find(
    ({ subject: leaver, place, tombstone }) =>
      leaver === subject && place !== own && !isOver(subject, { place, seat: tombstone }),
  );
  const place = leaving?.place ?? subject.strays.find((stray) => stray.active && stray.place !== own)?.place;
  return place && { place, why: `has to be stopped on ${place.id} first` };
}

/** Whether nothing of a copy that a machine had, or was told to let go of, can be running there. */
export function isOver(subject: Subject, claim: Copy): boolean {
  const { stance, presenceRevision, fenced } = claim.place;
  if (stance === "forgotten") return true;
  return presenceRevision === 0 && fenced && !isOfOtherText(subject, claim);
}

/**
 * Whether the machine had another text of the unit than the present one, or may have, because it never said that it got this
 * one. Whether that was exclusive nobody knows any more, and only a guard makes an end of a copy by itself.
 */
export function isOfOtherText({ unit }: Subject, { seat }: Copy): boolean {
  return seat.contentId !== unit?.contentId || seat.unconfirmed === true;
}

/** Why the unit has to wait, for people. */
export function copyRefusal({ name }: Subject, { place, why, isUnguarded }: PossibleCopy): Refusal {
  const reason = `waits, because it is exclusive and ${why}`;
  // Whether the machine is away, and all that is needed to be sure is time.
  const isBeingFenced = place.presenceRevision === 0 && place.stance !== "forgotten" && isUnguarded !== true;
  return {
    unit: name,
    machine: place.id,
    reason,
    failed: [],
    ...(isBeingFenced ? { fencing: place.id } : {}),
  };
}

/** Takes a unit's seat away because there is another place for it, which it will get when it has stopped here. */
export function vacate(p: Planning, subject: Subject, because: string): void {
  const { place } = subject.from!;
  subject.leavingBecause = because;
  subject.evicted = true;
  subject.vacates = true;
  const reason = `leaves ${place.id} (${because}) and gets another place only when it has stopped there, because it is exclusive`;
  giveUp(p, subject, { unit: subject.name, machine: place.id, reason, failed: [] });
}
