import type { Requirements, UnitName } from "@fleet/core";
import { conflictAt } from "./checks/conflicts.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";
import type { Applicant } from "./suggest-applicant.js";
import { type Candidate, firstFit, singleCandidate } from "./suggest-candidate.js";
import { failingOnly, type NearMiss } from "./suggest-near-misses.js";

/** How many other units are thought of. */
const othersMax = 4;

/** Changes of other units: those that keep it away, and those it follows. */
export function unitCandidates(
  p: Planning,
  applicant: Applicant,
  misses: readonly NearMiss[],
): readonly Candidate[] {
  return [...rivalCandidates(p, applicant.whole, misses), ...peerCandidates(p, applicant, misses)];
}

function rivalCandidates(p: Planning, subject: Subject, misses: readonly NearMiss[]): readonly Candidate[] {
  const rivals = new Map<
    UnitName,
    { readonly other: Subject; readonly place: Place; readonly own: boolean }
  >();
  for (const place of failingOnly(misses, "conflicts")) {
    if (rivals.size === othersMax) break;
    const found = conflictAt(subject, place, p.draft);
    if (found === undefined || found.other.unit?.requirements === undefined) continue;
    if (!rivals.has(found.other.name)) rivals.set(found.other.name, { ...found, place });
  }
  return [...rivals.values()].flatMap(({ other, own, place }): readonly Candidate[] => {
    const leave = singleCandidate(50, {
      what: `unload ${other.name}, which is on ${place.id}`,
      command: `fleetctl unload ${other.name}`,
      changes: [{ kind: "want", unit: other.name, desiredState: "inactive" }],
      tryIt: () => without(p, other, place, () => firstFit(p, subject, [place])),
    });
    return own ? [leave] : [dropPattern(p, subject, other, place), leave];
  });
}

/** Has the other unit no longer say that it minds this one. */
function dropPattern(p: Planning, subject: Subject, other: Subject, place: Place): Candidate {
  const minded = other.conflicts.filter((pattern) => subject.conflictedBy.includes(pattern));
  const requirements: Requirements = {
    ...other.unit!.requirements!,
    conflicts: other.unit!.requirements!.conflicts.filter((text) =>
      minded.every((pattern) => pattern.text !== text),
    ),
  };
  const tolerant: Subject = {
    ...other,
    conflicts: other.conflicts.filter((pattern) => !minded.includes(pattern)),
  };
  return singleCandidate(32, {
    what: `remove ${minded.map(({ text }) => `Conflicts=${text}`).join(" and ")} from ${other.name}`,
    changes: [{ kind: "demand", unit: other.name, requirements }],
    tryIt: () =>
      without(p, other, place, () => {
        p.draft.add(tolerant, place, "seat");
        const found = firstFit(p, subject, [place]);
        p.draft.remove(tolerant, place);
        return found;
      }),
  });
}

/** Looks at the draft as if a unit were not there. Afterwards the draft is as before. */
function without<T>(p: Planning, other: Subject, place: Place, look: () => T): T {
  const residence = p.draft.residentsOf(place).get(other);
  if (residence === undefined) return look();
  p.draft.remove(other, place);
  try {
    return look();
  } finally {
    p.draft.add(other, place, residence);
  }
}

function peerCandidates(
  p: Planning,
  { members, whole }: Applicant,
  misses: readonly NearMiss[],
): readonly Candidate[] {
  const resting = whole.peers.filter(
    (peer) => peer.kind === "unwanted" && peer.unit?.requirements !== undefined,
  );
  const names = resting.map(({ name }) => name);
  if (names.length === 0) return [];
  const isOwn = resting.every((peer) => members[0]?.peers.includes(peer));
  return [
    singleCandidate(18, {
      what: `start ${names.join(" and ")}, which ${isOwn ? "it follows" : "its peers follow"}`,
      command: `fleetctl start ${names.join(" ")}`,
      changes: names.map((unit) => ({ kind: "want", unit, desiredState: "launched" })),
      tryIt: () => {
        if (resting.length < new Set(whole.peerNames).size) return undefined;
        const places = failingOnly(misses, "machine-of");
        const awake = resting.map((peer): Subject => ({ ...peer, kind: "plain" }));
        // What the peers follow in turn is not known to the draft.
        if (awake.some(({ unit }) => (unit?.requirements?.machineOf.length ?? 0) > 0)) return undefined;
        return places.find((place) => awake.every((peer) => firstFit(p, peer, [place]) !== undefined));
      },
    }),
  ];
}
