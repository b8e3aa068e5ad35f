import type { UnitState } from "@fleet/core";
import { firstFailure } from "./checks/chain.js";
import { choose } from "./choose.js";
import { allFit, groupAround } from "./companions.js";
import { refuse } from "./find-place.js";
import type { Place } from "./place.js";
import { giveUp, type Planning } from "./planning.js";
import type { Refusal } from "./refusal.js";
import { isReplacedAt } from "./replaces.js";
import type { Claim, Subject } from "./subject.js";
import { isActive } from "./world.js";

/**
 * A unit that leaves a drained machine is handed over: it gets a second seat elsewhere, which names the machine that it
 * replaces, and the first one goes when the new copy has taken over. Until then the two are one unit in two places. Units
 * that follow each other leave together: none of their old seats goes before all of them have taken over.
 */

/** How many units of a machine are handed over at a time if nobody says otherwise: enough to be quick, and no crowd. */
export const handOversMaxDefault = 10;

/** The two seats of a unit that is being handed over. */
export interface Pair {
  readonly old: Claim;
  readonly heir: Claim;
}

/** Finds the two seats, if the unit is being handed over. The heir is the younger one, so that no two replace each other. */
export function pairOf({ claims }: Subject): Pair | undefined {
  if (claims.length < 2) return undefined;
  for (const heir of claims) {
    const { createRevision, replaces } = heir.seat;
    if (replaces === undefined) continue;
    const old = claims.find(
      ({ place, seat }) => place.id === replaces && seat.createRevision < createRevision,
    );
    if (old !== undefined) return { old, heir };
  }
  return undefined;
}

/**
 * Whether a unit's turn to leave, or to have left, may come because of something that happens to quite another one: one
 * that leaves the same machine, or is on its way together with it.
 */
export function isOnTheMove({ claims, kind }: Subject): boolean {
  return kind === "plain" && (claims.length > 1 || claims.some(({ place }) => place.stance === "drained"));
}

/** Whether a unit, and everyone who has to go with it, has taken over on its new machine. */
export function isHandedOver(p: Planning, subject: Subject, from: Place): boolean {
  return groupOf(subject, from).every((member) => {
    const pair = pairOf(member);
    return pair !== undefined && pair.old.place === from && hasTakenOver(p, member, pair);
  });
}

/** A unit, and those on the same machine who follow it or whom it follows, and so on. */
function groupOf(subject: Subject, place: Place): readonly Subject[] {
  const group = new Set<Subject>([subject]);
  for (const member of group) {
    for (const tied of [...member.peers, ...member.followers]) {
      if (tied.kind === "plain" && tied.claims.some((claim) => claim.place === place)) group.add(tied);
    }
  }
  return [...group];
}

/**
 * Whether the new copy does what the old one did: it runs; or it has ended as it should; or it is loaded, if that is all
 * that is wanted; or it has been started, and the old one does not run either.
 */
function hasTakenOver(p: Planning, { name }: Subject, { old, heir }: Pair): boolean {
  if (heir.place.presenceRevision === 0) return false;
  const state = p.world.view.states.get(heir.place.id)?.get(name);
  if (state?.condition !== "loaded") return false;
  if (heir.seat.target === "loaded") return state.contentId === heir.seat.contentId;
  if (!isStarted(state, heir)) return false;
  if (isActive(state)) return true;
  if (state.activeState === "inactive" && state.jobResult === "done") return true;
  return isAtRest(state) && isAtRest(p.world.view.states.get(old.place.id)?.get(name));
}

function isStarted({ started }: UnitState, { seat }: Claim): boolean {
  return (
    started?.seatRevision === seat.createRevision &&
    started.contentId === seat.contentId &&
    started.startCount === seat.startCount
  );
}

function isAtRest(state: UnitState | undefined): boolean {
  return state?.condition === "loaded" && ["inactive", "failed"].includes(state.activeState);
}

/** Whether what keeps a hand-over from going on may well be over soon: a new copy is only loaded, and may be started next. */
export function isUntried(p: Planning, subject: Subject, pair: Pair): boolean {
  if (!hasTakenOver(p, subject, pair)) return isJustLoaded(p, subject, pair);
  return laggardsOf(p, subject, pair.old.place).every((member) => {
    const theirs = pairOf(member);
    return theirs !== undefined && isJustLoaded(p, member, theirs);
  });
}

/** Whether the new copy has just been loaded, as far as anybody can tell. */
function isJustLoaded(p: Planning, { name }: Subject, { heir }: Pair): boolean {
  const state = p.world.view.states.get(heir.place.id)?.get(name);
  return state?.activeState === "inactive" && state.jobResult === undefined;
}

/** What keeps a hand-over from going on, unless that changes by itself; `undefined` if something is being done. */
export function handOverTrouble(p: Planning, subject: Subject, pair: Pair): string | undefined {
  const { heir, old } = pair;
  const copy = `its new copy on ${heir.place.id}`;
  if (hasTakenOver(p, subject, pair)) {
    const names = laggardsOf(p, subject, old.place).map(({ name }) => name);
    return names.length === 0
      ? undefined
      : `${copy} waits for ${names.join(", ")}, without which it cannot leave`;
  }
  const state = stateAtRest(p, subject, pair);
  if (state === undefined) return undefined;
  const { activeState, jobResult, reason = "", subState } = state;
  const how = jobResult === undefined || jobResult === "done" ? "" : `, job result ${jobResult}`;
  return `${copy} does not run (${activeState}/${subState}${how})${reason === "" ? "" : `: ${reason}`}`;
}

/** Those who are to leave together with a unit and have no new copy, or one that does not run. */
function laggardsOf(p: Planning, subject: Subject, from: Place): readonly Subject[] {
  return groupOf(subject, from).filter((member) => {
    const pair = pairOf(member);
    if (pair === undefined) return true;
    return !hasTakenOver(p, member, pair) && stateAtRest(p, member, pair) !== undefined;
  });
}

/** What is said of a new copy with which nothing is being done. */
function stateAtRest(p: Planning, { name }: Subject, { heir }: Pair): UnitState | undefined {
  const state = p.world.view.states.get(heir.place.id)?.get(name);
  return isAtRest(state) ? state : undefined;
}

/** Counts a unit that is on its way away from a machine. */
export function countHandOver(p: Planning, from: Place): void {
  p.handOvers.set(from.index, (p.handOvers.get(from.index) ?? 0) + 1);
}

/**
 * Finds a place for a unit that is to leave a drained machine, with all who have to go with it, and seats it there without
 * unseating it here. It stays if there is no such place, or if as many as may be are on their way already.
 */
export function beginHandOver(p: Planning, subject: Subject): void {
  const { from } = subject;
  if (from === undefined) return;
  const tied = subject.peers.filter((peer) => peer.kind === "plain" && p.draft.hasSeat(peer, from.place));
  const stayers = tied.filter((peer) => peer.at === from.place);
  if (stayers.length > 0) {
    const names = stayers.map(({ name }) => name).join(", ");
    const isPaced = (peer: Subject): boolean =>
      p.refusals.get(peer)?.failed.some(({ check }) => check === "pace") === true;
    if (stayers.every(isPaced)) stayBecause(p, subject, `waits for ${names}`);
    else giveUp(p, subject, stay(subject, from.place, `follows ${names}, which cannot leave`));
    return;
  }
  const to = findPlaceForAll(p, subject, from.place);
  if (to === undefined) return;
  if (tied.length === 0 && isCrowded(p, from.place) && !isAwaited(subject, from.place))
    stayBecause(p, subject, "waits for its turn");
  else seatHeir(p, subject, to);
}

/**
 * Whether there is a place for an exclusive unit that is to leave a drained machine, and for all who have to go with it. It
 * gives the unit up if there is none.
 */
export function canLeaveTogether(p: Planning, subject: Subject, { place }: Claim): boolean {
  return groupOf(subject, place).length === 1 || findPlaceForAll(p, subject, place) !== undefined;
}

/** Finds a place for a unit and all who have to leave a drained machine with it. It gives the unit up if there is none. */
function findPlaceForAll(p: Planning, subject: Subject, from: Place): Place | undefined {
  const rooted = groupOf(subject, from).filter((member) => member !== subject && isRooted(member, from));
  if (rooted.length > 0) {
    const names = rooted.map(({ name }) => name).join(", ");
    const what = `${names}, without which it cannot leave, ${rooted.length === 1 ? "stays" : "stay"} there`;
    giveUp(p, subject, stay(subject, from, what));
    return undefined;
  }
  const companions = groupAround(subject, (member) => member.at === from && isToLeave(member));
  const suits = (place: Place): boolean =>
    firstFailure(p.checks, subject, place, p.draft) === undefined && !isReplacedAt(p, subject, place);
  const to = choose(p, subject, (place) => suits(place) && allFit(p, subject, companions, place));
  if (to !== undefined) return to;
  if (companions.length > 0 && choose(p, subject, suits) !== undefined) {
    const others = companions.map(({ name }) => name).join(", ");
    giveUp(p, subject, stay(subject, from, `no machine takes it together with ${others}`));
  } else {
    giveUp(p, subject, refuse(p, subject));
  }
  return undefined;
}

/** Whether a unit has its seat on a drained machine and is not to go from there. */
function isRooted(subject: Subject, from: Place): boolean {
  return subject.from?.place === from && subject.at === from && !isToLeave(subject);
}

/** Whether a unit is to go if there is a place for it; there is none for a unit in a ring. */
function isToLeave({ cycle, leavingBecause }: Subject): boolean {
  return cycle === undefined && leavingBecause !== undefined;
}

/** It is only a matter of time. */
function stayBecause(p: Planning, subject: Subject, what: string): void {
  const refusal = stay(subject, subject.from!.place, what);
  giveUp(p, subject, { ...refusal, failed: [{ check: "pace", machines: 1, what }] });
}

function stay(subject: Subject, place: Place, what: string): Refusal {
  const reason = `stays on ${place.id} (${subject.leavingBecause}); ${what}`;
  return { unit: subject.name, machine: place.id, reason, failed: [] };
}

function isCrowded(p: Planning, place: Place): boolean {
  const max = p.world.view.machines.get(place.id)?.policy.handOversMax ?? handOversMaxDefault;
  return (p.handOvers.get(place.index) ?? 0) >= max;
}

/** Whether a unit that is on its way can leave only together with this one. */
function isAwaited(subject: Subject, from: Place): boolean {
  return groupOf(subject, from).some(({ predecessor }) => predecessor?.place === from);
}

function seatHeir(p: Planning, subject: Subject, to: Place): void {
  const from = subject.from!;
  // A copy that is there without a seat is counted as such until it gets one.
  p.draft.remove(subject, to);
  p.draft.add(subject, to, "seat");
  p.unreported[to.index]! += 1;
  subject.at = to;
  subject.progress = "placed";
  subject.predecessor = from;
  subject.from = undefined;
  subject.arrivingBecause = `takes over from ${from.place.id}: ${subject.leavingBecause}`;
  p.refusals.delete(subject);
  countHandOver(p, from.place);
}
