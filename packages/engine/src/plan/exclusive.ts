import type { Place } from "./place.js";
import { giveUp, type Planning } from "./planning.js";
import type { Refusal } from "./refusal.js";
import type { Stray, Subject } from "./subject.js";

/**
 * A unit that says `Exclusive` never runs twice (protocol rule P9). So it is never moved in one change: first its seat is
 * taken away, and it gets another one only when no copy of it can be running anywhere, which is when its machine has
 * acknowledged that, or has been away for so long that its guard has stopped everything.
 */

/** Where a copy may be running, and why nobody can be sure. */
export interface PossibleCopy {
  readonly place: Place;
  readonly why: string;
}

/**
 * Says where a copy of an exclusive unit without a seat may be running.
 * @param adopted - The copy that is to get a seat where it is.
 */
export function possibleCopy(p: Planning, subject: Subject, adopted?: Stray): PossibleCopy | undefined {
  for (const place of subject.stopping) {
    if (isOver(place)) continue;
    const why =
      place.presenceRevision === 0
        ? "may still be running there, and the machine has not been away for long enough"
        : "is being stopped there";
    return { place, why };
  }
  const leaving =
    subject.keyed.size === 0 ? undefined : p.unseatings.find((unseating) => unseating.subject === subject);
  if (leaving !== undefined) return { place: leaving.place, why: "is to be stopped there first" };
  for (const stray of subject.strays) {
    // Of two copies that run already one may as well get the seat.
    if (stray === adopted || (adopted?.active === true && stray.active)) continue;
    if (
      p.draft.residentsOf(stray.place).get(subject) === "stray" &&
      (adopted === undefined || stray.active)
    ) {
      return { place: stray.place, why: "is there without a seat" };
    }
  }
  if (adopted?.active === true || p.doubtful === undefined) return undefined;
  return {
    place: p.doubtful,
    why: "could be running there, as nobody knows what a machine has that has just gone away",
  };
}

/** Whether nothing of what was on the machine can be running there. */
function isOver(place: Place): boolean {
  return place.stance === "forgotten" || (place.presenceRevision === 0 && place.fenced);
}

/** Whether the machine is away, and all that is needed to be sure of it is time. */
function isBeingFenced(place: Place): boolean {
  return place.presenceRevision === 0 && !isOver(place);
}

/** Why the unit has to wait, for people. */
export function copyRefusal({ name }: Subject, { place, why }: PossibleCopy): Refusal {
  const reason = `exclusive, and on ${place.id}: it ${why}`;
  return {
    unit: name,
    machine: place.id,
    reason,
    failed: [],
    ...(isBeingFenced(place) ? { fencing: place.id } : {}),
  };
}

/** Takes a unit's seat away because there is another place for it, which it will get when it has stopped here. */
export function vacate(p: Planning, subject: Subject, because: string): void {
  const { place } = subject.from!;
  subject.leavingBecause = because;
  subject.evicted = true;
  subject.vacates = true;
  const reason = `unseated (${because}); exclusive: gets another place when it has stopped on ${place.id}`;
  giveUp(p, subject, { unit: subject.name, machine: place.id, reason, failed: [] });
}
