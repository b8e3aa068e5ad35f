import type { Suggestion } from "@fleet/core";
import type { DecidedCluster } from "./decided-cluster.js";
import type { Place } from "./place.js";
import { decide } from "./plan.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";
import type { Candidate } from "./suggest-candidate.js";
import { demandCandidates } from "./suggest-demands.js";
import { machineCandidates, newMachineCandidate } from "./suggest-machines.js";
import { listNearMisses, type NearMiss } from "./suggest-near-misses.js";
import { setCandidates } from "./suggest-sets.js";
import { unitCandidates } from "./suggest-units.js";
import { changeView } from "./what-if-change.js";

/** How many suggestions are made; more is no help. */
const suggestionsMax = 4;

/** How many of them may be made of several changes. */
const setsMax = 2;

/** How many candidates are looked at before that many have passed. */
const candidatesMax = 16;

/** In clusters of at most so many units and machines each candidate is planned, which takes some milliseconds there. */
const plannedMaxUsual = 1_000;

/**
 * Looks for the smallest changes that would give a waiting unit a place: one fact of one machine, one demand of the unit,
 * or one other unit; then for a few of them together, on one machine. What is suggested has been tried: with the change the planner, or its checks, give it a place.
 * @param plannedMax - In clusters of at most so many units and machines each candidate is planned.
 */
export function suggestChanges(
  { planning: p }: DecidedCluster,
  subject: Subject,
  plannedMax = plannedMaxUsual,
): readonly Suggestion[] {
  const misses = listNearMisses(p, subject);
  const found: Suggestion[] = [];
  const isSmall = p.world.subjects.size + p.world.placeOf.size <= plannedMax;
  const prove = (candidate: Candidate): Suggestion | undefined =>
    isSmall ? proveByPlan(p, subject, candidate) : proveByChecks(candidate);
  const candidates = candidatesFor(p, subject, misses).toSorted((a, b) => a.cost - b.cost);
  for (const candidate of candidates.slice(0, candidatesMax)) {
    const proven = prove(candidate);
    if (proven !== undefined) found.push(proven);
    if (found.length === suggestionsMax) break;
  }
  if (found.length === suggestionsMax || subject.cycle !== undefined || onlyWaits(p, subject)) return found;
  const enough = new Set(found.map(({ what }) => what));
  const sets: Suggestion[] = [];
  for (const candidate of setCandidates(p, subject, misses)) {
    if (candidate.parts.some((part) => enough.has(part))) continue;
    const proven = prove(candidate);
    if (proven !== undefined) sets.push(proven);
    if (sets.length === setsMax || found.length + sets.length === suggestionsMax) break;
  }
  return [...found, ...sets];
}

function candidatesFor(p: Planning, subject: Subject, misses: readonly NearMiss[]): readonly Candidate[] {
  if (subject.cycle !== undefined) return demandCandidates(p, subject, misses);
  if (onlyWaits(p, subject)) return [];
  return [
    ...machineCandidates(p, subject, misses),
    ...unitCandidates(p, subject, misses),
    ...demandCandidates(p, subject, misses),
    ...newMachineCandidate(p, subject),
  ];
}

/**
 * Whether a unit waits for a machine to let go of it, or to be spoken to, and goes nowhere else before; or follows a unit
 * that does.
 */
function onlyWaits(p: Planning, subject: Subject): boolean {
  const chain = new Set([subject]);
  for (const member of chain) {
    const refusal = p.refusals.get(member);
    if (refusal === undefined || (member !== subject && member.at !== undefined)) continue;
    if (refusal.machine !== undefined && refusal.failed.length === 0) return true;
    for (const peer of member.peers) chain.add(peer);
  }
  return false;
}

function proveByChecks(candidate: Candidate): Suggestion | undefined {
  const place = candidate.tryIt();
  if (place === undefined) return undefined;
  return { ...wordsOf(candidate), ...(place === "new" ? {} : { machine: place.id }), proof: "tried" };
}

function proveByPlan(p: Planning, subject: Subject, candidate: Candidate): Suggestion | undefined {
  const place = planWith(p, subject, candidate);
  if (place === undefined) return undefined;
  const machine = p.world.placeOf.has(place.id) ? { machine: place.id } : {};
  return { ...wordsOf(candidate), ...machine, proof: "planned" };
}

function wordsOf({ command, what }: Candidate): Pick<Suggestion, "what" | "command"> {
  return command === undefined ? { what } : { what, command };
}

/** Where the unit would be if the whole cluster were planned with the change. */
function planWith({ world }: Planning, { name }: Subject, { changes }: Candidate): Place | undefined {
  const { options, view } = changeView(world, changes);
  const after = decide(view, options);
  const subject = after.world.subjects.get(name);
  return subject === undefined || after.refusals.has(subject) ? undefined : subject.at;
}
