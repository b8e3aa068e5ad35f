import { firstFailure, restoredSeatChecks } from "./checks/chain.js";
import { copyRefusal, possibleCopy, vacate } from "./exclusive.js";
import { findPlace, refuse } from "./find-place.js";
import { beginHandOver, canLeaveTogether } from "./hand-over.js";
import { isAttended, isHeld } from "./place.js";
import { placeRefusedGlobals } from "./place-global.js";
import { placingReason } from "./placing-reason.js";
import { giveUp, type Planning, settle, unseating, waitsForTurn } from "./planning.js";
import { makeWayFor, makeWayForAll } from "./replaces.js";
import { adopt, dropStrays } from "./strays.js";
import type { Claim, Ring, Subject } from "./subject.js";
import { objectionAt, peersAt, refusalAt } from "./verdict.js";

/**
 * How often units that were refused are tried again because others have left a machine since. Each round needs a unit to
 * have moved, and a plan moves a unit once, so more would only matter to a long chain of units waiting for each other.
 */
const roundsMax = 8;

/** Decides where all plain units go that have no final place yet: by name, but those that others follow first. */
export function placePlainUnits(p: Planning): void {
  let departures = p.draft.departures;
  makeWayForAll(p);
  for (const subject of p.world.subjects.values()) decideAfterPeers(p, subject);
  dropStrays(p);
  for (let round = 0; round < roundsMax && p.draft.departures > departures; round += 1) {
    departures = p.draft.departures;
    makeWayForAll(p);
    placeRefusedGlobals(p);
    for (const subject of p.refusals.keys()) reopen(subject);
    for (const subject of p.world.subjects.values()) decideAfterPeers(p, subject);
  }
  for (const subject of p.world.subjects.values()) reconsiderPredecessor(p, subject);
}

/** An old copy does not wait for its successor where those whom it follows are no longer. */
function reconsiderPredecessor(p: Planning, subject: Subject): void {
  const { predecessor } = subject;
  if (predecessor === undefined || isHeld(predecessor.place)) return;
  const peers = peersAt(p, subject, predecessor.place);
  if (peers.kind !== "never") return;
  subject.predecessor = undefined;
  p.draft.remove(subject, predecessor.place);
  p.unseatings.push(unseating(subject, predecessor, "illegal", peers.because));
}

function reopen(subject: Subject): void {
  if (subject.kind !== "plain" || subject.cycle !== undefined || subject.vacates) return;
  subject.progress = "open";
}

/** Without recursion, because a chain of units may be longer than the stack is deep. */
function decideAfterPeers(p: Planning, subject: Subject): void {
  const path = [subject];
  while (path.length > 0) {
    const next = path.at(-1)!;
    const peer = next.progress === "open" ? undecidedPeer(next) : undefined;
    if (peer !== undefined) {
      path.push(peer);
    } else {
      path.pop();
      if (next.kind === "plain" && next.progress === "open") {
        decide(p, next);
        noteTurn(p, next, subject);
      }
    }
  }
}

/** Notes at whose turn a unit found all machines busy that fit. */
function noteTurn(p: Planning, decided: Subject, { name: turn }: Subject): void {
  if (p.paceCheck === undefined || !waitsForTurn(p, decided)) return;
  const before = p.waitedAt.get(decided);
  if (before === undefined || before < turn) p.waitedAt.set(decided, turn);
}

function undecidedPeer(subject: Subject): Subject | undefined {
  for (const member of subject.cycle?.members ?? [subject]) {
    for (const peer of member.peers) {
      const isTied = subject.cycle?.has(peer) === true;
      if (peer.kind === "plain" && peer.progress === "open" && !isTied) return peer;
    }
  }
  return undefined;
}

function decide(p: Planning, subject: Subject): void {
  if (subject.cycle !== undefined) {
    decideRing(p, subject.cycle);
    return;
  }
  if (subject.at !== undefined && subject.leavingBecause === undefined) {
    const peers = peersAt(p, subject, subject.at);
    if (peers.kind !== "never") {
      subject.progress = "placed";
      makeWayFor(p, subject);
      return;
    }
    subject.leavingBecause = peers.because;
    subject.evicted = true;
  }
  if (subject.handsOver && subject.from !== undefined) {
    const peers = peersAt(p, subject, subject.from.place);
    if (peers.kind !== "never") {
      beginHandOver(p, subject);
      makeWayFor(p, subject);
      return;
    }
    // Those whom it follows have left in a hurry.
    subject.handsOver = false;
    subject.evicted = true;
    subject.leavingBecause = peers.because;
  }
  loseWithPeers(p, subject);
  if (restore(p, subject)) return;
  if (subject.handsOver) {
    beginHandOver(p, subject);
    makeWayFor(p, subject);
    return;
  }
  if (!adopt(p, subject) && !place(p, subject)) return;
  makeWayFor(p, subject);
}

/** Whoever would leave if there were a place, and stays without one, stays only where those are whom it follows. */
function loseWithPeers(p: Planning, subject: Subject): void {
  if (subject.at === undefined || subject.evicted || !isAttended(subject.at)) return;
  const peers = peersAt(p, subject, subject.at);
  if (peers.kind !== "never") return;
  subject.evicted = true;
  subject.leavingBecause = peers.because;
}

/** Finds a unit a place where it is not yet. @returns whether there is one. */
function place(p: Planning, subject: Subject): boolean {
  const held = subject.strays.find((stray) => isHeld(stray.place))?.place;
  if (held !== undefined && subject.from === undefined) {
    const why =
      held.stance === "frozen" ? "does not believe the registry" : "has a record that cannot be read";
    const reason = `is on ${held.id} already, which ${why}: waits until that is over`;
    giveUp(p, subject, { unit: subject.name, machine: held.id, reason, failed: [] });
    return false;
  }
  const copy = subject.exclusive && subject.from === undefined ? possibleCopy(p, subject) : undefined;
  if (copy !== undefined) {
    giveUp(p, subject, copyRefusal(subject, copy));
    return false;
  }
  const found = findPlace(p, subject);
  if (found === undefined) {
    giveUp(p, subject, refuse(p, subject));
    return false;
  }
  if (subject.exclusive && subject.from !== undefined) {
    if (isDrainedAway(subject, subject.from) && !canLeaveTogether(p, subject, subject.from)) return false;
    vacate(p, subject, subject.leavingBecause ?? "");
    return false;
  }
  settle(p, subject, found, subject.leavingBecause ?? placingReason(p, subject, found));
  return true;
}

/** Whether nothing but a drain makes a unit leave its machine. */
function isDrainedAway(subject: Subject, { place }: Claim): boolean {
  return place.stance === "drained" && !subject.evicted && refusalAt(subject, place) === undefined;
}

/** Gives a unit its seat back if what it was evicted for has changed in the course of this plan. */
function restore(p: Planning, subject: Subject): boolean {
  const { from } = subject;
  if (!subject.evicted || from === undefined || !isAttended(from.place)) return false;
  const areThere = peersAt(p, subject, from.place).kind === "here";
  const failed = firstFailure(restoredSeatChecks, subject, from.place, p.draft);
  if (!areThere) return false;
  if (failed !== undefined) {
    // Those whom it follows may have come back meanwhile, and with them somebody whom it may not be beside.
    subject.leavingBecause = objectionAt(p, failed, subject, from.place);
    return false;
  }
  subject.evicted = false;
  subject.leavingBecause = refusalAt(subject, from.place);
  settle(p, subject, from.place, "");
  if (subject.leavingBecause === undefined && from.place.stance === "drained") {
    subject.leavingBecause = `machine ${from.place.id} is being drained`;
    subject.handsOver = !subject.exclusive;
  }
  if (subject.leavingBecause !== undefined) subject.progress = "open";
  return subject.leavingBecause === undefined;
}

/** A ring of units that follow each other stays as a whole or goes as a whole, and can be placed nowhere. */
function decideRing(p: Planning, ring: Ring): void {
  const lost = ring.members
    .map((subject) => (subject.at === undefined ? undefined : peersAt(p, subject, subject.at)))
    .find((verdict) => verdict?.kind === "never");
  for (const subject of ring.members) {
    if (subject.progress !== "open") continue;
    if (lost?.kind === "never") {
      subject.evicted = true;
      subject.leavingBecause = lost.because;
    }
    if (subject.at !== undefined && subject.leavingBecause === undefined) subject.progress = "placed";
    else giveUp(p, subject, refuse(p, subject));
  }
}
