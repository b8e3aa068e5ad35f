import { firstFailure, newSeatChecks, tallyFailures } from "./checks/chain.js";
import { ambiguousPlaces, choose } from "./choose.js";
import { chooseBeside, groupAround } from "./companions.js";
import { contradictionText } from "./contradiction.js";
import { demandKey } from "./eligible.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import { type FailedCheck, type Refusal, refusalText } from "./refusal.js";
import { isReplacedAt } from "./replaces.js";
import type { Subject } from "./subject.js";
import { refusalAt } from "./verdict.js";

/**
 * Chooses the machine for a plain unit whose peers are decided. Preferred are machines where those who follow it fit
 * too, and whomever else these follow, and where it would not be asked to make way again.
 */
export function findPlace(p: Planning, subject: Subject): Place | undefined {
  if (isHopeless(p, subject)) return undefined;
  const passes = (place: Place): boolean =>
    p.paceCheck?.passes(subject, place, p.draft) !== false &&
    firstFailure(newSeatChecks, subject, place, p.draft) === undefined;
  const stays = (place: Place): boolean => passes(place) && !isReplacedAt(p, subject, place);
  const companions =
    subject.followers.length === 0 ? [] : groupAround(subject, ({ progress }) => progress === "open");
  if (companions.length > 0) {
    const place = chooseBeside(p, subject, companions, stays);
    if (place !== undefined) return place;
  }
  const place = choose(p, subject, stays);
  return place !== undefined || subject.replacedBy.length === 0 ? place : choose(p, subject, passes);
}

/** Says why a unit gets no place, or not the one it wants. */
export function refuse(p: Planning, subject: Subject): Refusal {
  const stays = !subject.evicted && subject.from !== undefined ? subject.from.place : undefined;
  const base = { unit: subject.name, ...(stays === undefined ? {} : { machine: stays.id }) };
  const say = (reason: string): string => {
    // A unit is nowhere while all refuse it, and which of them has its seat means nothing.
    const isRefused = stays !== undefined && subject.leavingBecause === refusalAt(subject, stays);
    if (subject.leavingBecause === undefined || isRefused) return reason;
    const head = stays === undefined ? "loses its seat" : `stays on ${stays.id}`;
    return `${head} (${subject.leavingBecause}); ${reason}`;
  };
  if (subject.cycle !== undefined) {
    const { text, names } = subject.cycle;
    return { ...base, reason: say(`MachineOf leads round in a ring: ${text}`), failed: [], cycle: names };
  }
  const meant = ambiguousPlaces(p, subject);
  if (meant.length > 0) {
    const ids = meant.map(({ id }) => id).join(", ");
    return {
      ...base,
      reason: say(`MachineID "${subject.machineId}" means several machines: ${ids}`),
      failed: [],
    };
  }
  const failed = failuresOf(p, subject);
  const isByMetadata = failed.some(({ check }) => check === "machine-metadata");
  const contradiction = isByMetadata ? contradictionText(subject) : undefined;
  return { ...base, reason: say(refusalText(failed, contradiction)), failed };
}

/** Whether a unit with the same demands was refused and nothing has left any machine since. */
function isHopeless(p: Planning, subject: Subject): boolean {
  const key = sharedDemand(p, subject);
  if (key === undefined) return false;
  if (p.failures.asOf !== p.draft.departures) {
    p.failures.byDemand.clear();
    p.failures.asOf = p.draft.departures;
  }
  return p.failures.byDemand.has(key);
}

function failuresOf(p: Planning, subject: Subject): readonly FailedCheck[] {
  const key = sharedDemand(p, subject);
  const known = key === undefined ? undefined : p.failures.byDemand.get(key);
  if (known !== undefined && p.failures.asOf === p.draft.departures) return known;
  const failed = tallyFailures(p.checks, subject, p.draft);
  if (key !== undefined && p.failures.asOf === p.draft.departures) p.failures.byDemand.set(key, failed);
  return failed;
}

/** Where those whom a unit follows are by now: they may have come somewhere since it was refused, though nobody has left. */
function whereabouts(p: Planning, { peers }: Subject): readonly (string | number)[] {
  return peers.map((peer) => (peer.kind === "plain" ? (peer.at?.id ?? "") : p.globalSeatings.length));
}

/** Equal for units that every machine treats alike; `undefined` for a unit with a history of its own. */
export function sharedDemand(p: Planning, subject: Subject): string | undefined {
  const { conflicts, conflictedBy, keyed, machineId, peerNames, refusedBy, reserve, strays } = subject;
  if (refusedBy.size > 0 || strays.length > 0 || machineId !== undefined) return undefined;
  // A machine that takes no units at all treats those alike that it has and those that it has not.
  for (const index of keyed) if (p.draft.places[index]!.stance === "open") return undefined;
  return JSON.stringify([
    demandKey(subject),
    peerNames,
    whereabouts(p, subject),
    conflicts.map(({ text }) => text),
    conflictedBy.map(({ text }) => text),
    reserve.map(({ resource, amount }) => [resource.name, amount]),
    p.isPaced(subject),
    // Whose old copy runs on is choosier.
    subject.handsOver,
  ]);
}
