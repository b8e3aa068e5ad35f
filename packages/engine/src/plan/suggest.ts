import type { Suggestion } from "@fleet/core";
import type { DecidedCluster } from "./decided-cluster.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";
import { type Applicant, alone, withWaitingPeers } from "./suggest-applicant.js";
import type { Candidate } from "./suggest-candidate.js";
import { demandCandidates } from "./suggest-demands.js";
import { machineCandidates, newMachineCandidate } from "./suggest-machines.js";
import { listNearMisses, type NearMiss } from "./suggest-near-misses.js";
import { Prover } from "./suggest-prove.js";
import { type SetTrial, setCandidates } from "./suggest-sets.js";
import { unitCandidates } from "./suggest-units.js";

/** How many suggestions are made; more is no help. */
const suggestionsMax = 4;

/** How many of them may be made of several changes. */
const setsMax = 2;

/** How many candidates are looked at before that many have passed. */
const candidatesMax = 16;

/** In clusters of at most so many units and machines each candidate is planned, which takes some milliseconds there. */
const plannedMaxUsual = 1_000;

/**
 * Looks for the smallest changes that would give a waiting unit a place, together with those it follows if they wait, too:
 * one fact of one machine, one demand, or one other unit; then for a few of them together, on one machine. What is
 * suggested has been tried: with the change the planner, or its checks, give it a place.
 * @param plannedMax - In clusters of at most so many units and machines each candidate is planned.
 */
export function suggestChanges(
  { planning: p }: DecidedCluster,
  subject: Subject,
  plannedMax = plannedMaxUsual,
): readonly Suggestion[] {
  if (onlyWaits(p, subject)) return [];
  const company = withWaitingPeers(p, subject);
  const applicant = company ?? alone(subject);
  const misses = listNearMisses(p, applicant.whole);
  const prover = new Prover(p, subject, plannedMax);
  const found: Suggestion[] = [];
  const enough = new Set<string>();
  const candidates = candidatesFor(p, applicant, misses).toSorted((a, b) => a.cost - b.cost);
  for (const candidate of candidates.slice(0, candidatesMax)) {
    const proven = prover.prove(candidate);
    if (proven === undefined) continue;
    found.push(proven.suggestion);
    for (const key of proven.keys) enough.add(key);
    if (found.length === suggestionsMax) return found;
  }
  const sets: (readonly string[])[] = [];
  for (const { trials, ...candidate } of setsFor(p, subject, company, misses)) {
    const isTooMuch = (parts: readonly string[]): boolean =>
      parts.some((part) => enough.has(part)) || sets.some((set) => set.every((part) => parts.includes(part)));
    const needed = [...trials].filter(({ parts }) => !isTooMuch(parts));
    const proven = prover.prove({ ...candidate, trials: needed });
    if (proven === undefined) continue;
    found.push(proven.suggestion);
    sets.push(proven.keys);
    if (sets.length === setsMax || found.length === suggestionsMax) break;
  }
  return found;
}

function candidatesFor(p: Planning, applicant: Applicant, misses: readonly NearMiss[]): readonly Candidate[] {
  const { whole } = applicant;
  return [
    ...machineCandidates(p, whole, misses),
    ...unitCandidates(p, applicant, misses),
    ...demandCandidates(p, applicant, misses),
    ...newMachineCandidate(p, whole),
  ];
}

/** Sets for the unit together with those that wait with it; and for it alone, where no single change would help them all. */
function setsFor(
  p: Planning,
  subject: Subject,
  company: Applicant | undefined,
  misses: readonly NearMiss[],
): readonly Candidate<SetTrial>[] {
  if (company === undefined) return setCandidates(p, alone(subject), misses);
  const helped = new Set(misses.flatMap(({ failed, place }) => (failed.length === 1 ? place : [])));
  const own = listNearMisses(p, subject).filter(({ place }) => !helped.has(place));
  return [...setCandidates(p, company, misses), ...setCandidates(p, alone(subject), own)].sort(
    (a, b) => a.cost - b.cost,
  );
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
    if (member.cycle === undefined && refusal.machine !== undefined && refusal.failed.length === 0)
      return true;
    for (const peer of member.peers) chain.add(peer);
  }
  return false;
}
