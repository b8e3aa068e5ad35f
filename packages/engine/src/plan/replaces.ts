import { firstFailure } from "./checks/chain.js";
import { choose } from "./choose.js";
import { allFit, companionsOf } from "./companions.js";
import { vacate } from "./exclusive.js";
import { isAttended, type Place } from "./place.js";
import { type Planning, settle } from "./planning.js";
import type { Subject } from "./subject.js";

/** Whether `a` replaces `b`: its patterns match, and those of `b` do not match it. Then `b` makes way, if it can. */
export function replaces(a: Subject, b: Subject): boolean {
  return a !== b && names(a, b) && !names(b, a);
}

function names(a: Subject, b: Subject): boolean {
  return a.replaces.some((pattern) => b.replacedBy.includes(pattern));
}

/** Whether something on the machine would ask the unit to make way. */
export function isReplacedAt(p: Planning, subject: Subject, place: Place): boolean {
  if (!subject.replacedBy.some((pattern) => pattern.declared.has(place.index))) return false;
  return residents(p, place).some((other) => replaces(other, subject));
}

/** Whether the unit would ask something on the machine to make way. */
export function replacesAt(p: Planning, subject: Subject, place: Place): boolean {
  if (!subject.replaces.some((pattern) => pattern.matched.has(place.index))) return false;
  return residents(p, place).some((other) => replaces(subject, other));
}

function residents(p: Planning, place: Place): readonly Subject[] {
  return [...p.draft.residentsOf(place)].flatMap(([other, residence]) => (residence === "seat" ? other : []));
}

/** How often a plan changes its mind about where a replaced unit goes; so that it comes to an end. */
const displacementsMax = 4;

/** Makes the units that `subject` replaces leave its machine, by name, each if there is another place for it. */
export function makeWayFor(p: Planning, subject: Subject): void {
  const place = subject.at;
  if (place === undefined || !isAttended(place) || !replacesAt(p, subject, place)) return;
  const replaced = residents(p, place).filter(
    (other) =>
      replaces(subject, other) &&
      // The old copy of one that is being handed over leaves anyway.
      other.at === place &&
      other.progress === "placed" &&
      other.displacements < displacementsMax,
  );
  for (const other of replaced.sort((a, b) => (a.name < b.name ? -1 : 1))) displace(p, other, place, subject);
}

/** Does {@link makeWayFor} for every unit that has a place, by name. */
export function makeWayForAll(p: Planning): void {
  for (const subject of p.world.subjects.values()) {
    if (subject.replaces.length > 0 && subject.progress === "placed") makeWayFor(p, subject);
  }
}

/** Moves a unit, together with those who follow it, to a machine where it neither meets nor becomes a replacer. */
function displace(p: Planning, subject: Subject, from: Place, by: Subject): void {
  // A follower has to be where its peers are; a ring can be placed nowhere.
  if (subject.peerNames.length > 0) return;
  const companions = companionsOf(subject, (follower) => follower.at === from);
  const going = new Set([subject, ...companions]);
  const isLeftBehind = (follower: Subject): boolean => follower.at === from && !going.has(follower);
  if (going.has(by) || [...going].some(({ followers }) => followers.some(isLeftBehind))) return;
  const to = choose(
    p,
    subject,
    (place) =>
      place !== from &&
      firstFailure(p.checks, subject, place, p.draft) === undefined &&
      !isReplacedAt(p, subject, place) &&
      !replacesAt(p, subject, place) &&
      allFit(p, subject, companions, place),
  );
  if (to === undefined || (subject.exclusive && companions.length > 0)) return;
  subject.displacedBy = by;
  const because = `replaced on ${from.id} by ${by.name}`;
  move(p, subject, to, because);
  for (const companion of companions) move(p, companion, to, `follows ${companion.peerNames.join(", ")}`);
}

function move(p: Planning, subject: Subject, to: Place, because: string): void {
  subject.displacements += 1;
  if (subject.exclusive && subject.from !== undefined) {
    vacate(p, subject, because);
    return;
  }
  subject.leavingBecause = because;
  settle(p, subject, to, because);
}
