import { adoptionChecks, firstFailure } from "./checks/chain.js";
import { destroyedSince } from "./dismiss.js";
import { possibleCopy } from "./exclusive.js";
import { isHeld, mayArriveAt, type Place } from "./place.js";
import { type Planning, settle } from "./planning.js";
import { addKey, type Stray, type Subject } from "./subject.js";
import type { UnseatCause } from "./task.js";
import { isActive } from "./world.js";

/**
 * Units that are on a machine without a seat: they run on and hold their place against units they conflict with. They are
 * stopped only on the evidence that protocol rule P4.3 names: a mark, an active copy elsewhere, or the rules of a global
 * unit. What a frozen machine has is not touched at all.
 */
export function admitStrays(p: Planning): void {
  for (const stray of allStrays(p)) {
    const { subject, place } = stray;
    const isWanted = subject.kind === "plain" || subject.kind === "global";
    if (subject.kind !== "unreadable" && !isWanted && destroyedSince(p, subject) > 0) {
      if (unseat(p, stray, "destroyed", "the unit was destroyed")) continue;
    }
    if (subject.kind === "global" && !p.eligible.of(subject).has(place.index)) {
      if (unseat(p, stray, "illegal", `machine ${place.id} lacks the metadata it demands`)) continue;
    }
    p.draft.add(subject, place, "stray");
  }
}

/** Does once more, when all is decided, what could be done before. */
export function dropStrays(p: Planning): void {
  dropSurplusStrays(p);
  dropDestroyedStrays(p);
}

/** Removes copies that the seats which stay have made superfluous. */
export function dropSurplusStrays(p: Planning): void {
  for (const stray of allStrays(p)) {
    const { subject, place } = stray;
    if (!p.draft.residentsOf(place).has(subject)) continue;
    const { from } = subject;
    if (subject.kind === "plain" && from !== undefined && isSettledAt(subject, from.place)) {
      if (!isActive(p.world.view.states.get(from.place.id)?.get(subject.name))) continue;
      unseat(p, stray, "surplus", `is active on ${from.place.id}, where its seat is`);
    }
    if (subject.kind === "global" && conflictsWithSeat(p, subject, place)) {
      unseat(p, stray, "illegal", `machine ${place.id} conflicts with a unit that has a seat there`);
    }
  }
}

/** Gives wanted units the seat of the machine they run on already, before any other seat is considered. */
export function adoptStrays(p: Planning): void {
  const candidates = [...p.world.subjects.values()].filter(
    (subject) => subject.kind === "plain" && subject.strays.length > 0,
  );
  for (const subject of candidates.toSorted((a, b) => a.depth - b.depth)) {
    const isSeatless = subject.at === undefined || subject.leavingBecause !== undefined;
    const isFree = subject.peers.every((peer) => peer.kind !== "plain" || peer.progress === "placed");
    // Who is handed over has a copy that runs, and goes with others where they all fit.
    if (subject.progress === "open" && isSeatless && isFree && !subject.handsOver) adopt(p, subject);
  }
  dropDestroyedStrays(p);
}

/** Removes copies of a unit that was destroyed and made anew, where the new one has no seat. */
function dropDestroyedStrays(p: Planning): void {
  for (const stray of allStrays(p)) {
    const { subject, place } = stray;
    if (subject.kind !== "plain" || p.draft.residentsOf(place).get(subject) !== "stray") continue;
    if (destroyedSince(p, subject) > 0) {
      unseat(p, stray, "destroyed", "the unit was destroyed before it was made anew");
    }
  }
}

/**
 * Seats a unit on a machine that has it already.
 * @returns whether that was possible.
 */
export function adopt(p: Planning, subject: Subject): boolean {
  for (const stray of subject.strays) {
    const { place } = stray;
    if (!mayArriveAt(place)) continue;
    if (subject.exclusive && !mayBeAdopted(p, stray)) continue;
    if (!p.draft.residentsOf(place).has(subject)) continue;
    if (firstFailure(adoptionChecks, subject, place, p.draft) !== undefined) continue;
    settle(p, subject, place, "runs there already: adopted");
    return true;
  }
  return false;
}

/** What is exclusive gets a seat only when it has no other, and none of its copies elsewhere would run beside it. */
function mayBeAdopted(p: Planning, stray: Stray): boolean {
  return stray.subject.from === undefined && possibleCopy(p, stray.subject, stray) === undefined;
}

/** Remarks on the strays that are left alone. */
export function remarkOnStrays(p: Planning): void {
  for (const { subject, place } of allStrays(p)) {
    if (p.draft.residentsOf(place).get(subject) !== "stray") continue;
    p.remarks.push({
      unit: subject.name,
      machine: place.id,
      reason: `is on ${place.id} without a seat, and ${strayText(subject)}: it runs on`,
      failed: [],
    });
  }
}

function strayText(subject: Subject): string {
  switch (subject.kind) {
    case "recordless":
      return "no record or mark says what is wanted of it";
    case "unreadable":
      return "its record cannot be read";
    case "unwanted":
      return "its record says inactive, which is no order to this copy (start it to adopt it)";
    default:
      return "no other copy of it is active";
  }
}

function* allStrays(p: Planning): Iterable<Stray> {
  for (const subject of p.world.subjects.values()) yield* subject.strays;
}

function isSettledAt(subject: Subject, place: Place): boolean {
  return subject.progress === "placed" && subject.at === place;
}

function conflictsWithSeat(p: Planning, subject: Subject, place: Place): boolean {
  if (!p.draft.hasConflict(subject, place)) return false;
  for (const [other, residence] of p.draft.residentsOf(place)) {
    if (residence !== "seat" || other === subject) continue;
    if (subject.conflicts.some((pattern) => other.conflictedBy.includes(pattern))) return true;
    if (other.conflicts.some((pattern) => subject.conflictedBy.includes(pattern))) return true;
  }
  return false;
}

function unseat(p: Planning, stray: Stray, cause: UnseatCause, reason: string): boolean {
  const { subject, place, state } = stray;
  if (isHeld(place)) return false;
  const rival = cause === "surplus" ? { rival: subject.from! } : {};
  p.draft.remove(subject, place);
  addKey(subject, place.index);
  const tombstone = {
    contentId: state.contentId,
    hash: state.hash,
    startCount: state.started?.startCount ?? 0,
  };
  p.unseatings.push({ subject, place, cause, reason, tombstone, seatRevision: 0, ...rival });
  return true;
}
