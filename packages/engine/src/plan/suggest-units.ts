import type { Requirements, UnitName } from "@fleet/core";
import { conflictAt } from "./checks/conflicts.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";
import { type Candidate, firstFit } from "./suggest-candidate.js";
import { failingOnly, type NearMiss } from "./suggest-near-misses.js";

/** How many other units are thought of. */
const othersMax = 4;

/** Changes of other units: those that keep it away, and those it follows. */
export function unitCandidates(
  p: Planning,
  subject: Subject,
  misses: readonly NearMiss[],
): readonly Candidate[] {
  return [...rivalCandidates(p, subject, misses), ...peerCandidates(p, subject, misses)];
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
    const leave: Candidate = {
      what: `unload ${other.name}, which is on ${place.id}`,
      command: `fleetctl unload ${other.name}`,
      cost: 50,
      changes: [{ kind: "want", unit: other.name, desiredState: "inactive" }],
      tryIt: () => without(p, other, place, () => firstFit(p, subject, [place])),
    };
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
  return {
    what: `remove ${minded.map(({ text }) => `Conflicts=${text}`).join(" and ")} from ${other.name}`,
    cost: 32,
    changes: [{ kind: "demand", unit: other.name, requirements }],
    tryIt: () =>
      without(p, other, place, () => {
        p.draft.add(tolerant, place, "seat");
        const found = firstFit(p, subject, [place]);
        p.draft.remove(tolerant, place);
        return found;
      }),
  };
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

function peerCandidates(p: Planning, subject: Subject, misses: readonly NearMiss[]): readonly Candidate[] {
  const resting = subject.peers.filter(
    (peer) => peer.kind === "unwanted" && peer.unit?.requirements !== undefined,
  );
  const names = resting.map(({ name }) => name);
  if (names.length === 0) return [];
  return [
    {
      what: `start ${names.join(" and ")}, which it follows`,
      command: `fleetctl start ${names.join(" ")}`,
      cost: 18,
      changes: names.map((unit) => ({ kind: "want", unit, desiredState: "launched" })),
      tryIt: () => {
        if (resting.length < new Set(subject.peerNames).size) return undefined;
        const places = failingOnly(misses, "machine-of");
        const awake = resting.map((peer): Subject => ({ ...peer, kind: "plain" }));
        // What the peers follow in turn is not known to the draft.
        if (awake.some(({ unit }) => (unit?.requirements?.machineOf.length ?? 0) > 0)) return undefined;
        return places.find((place) => awake.every((peer) => firstFit(p, peer, [place]) !== undefined));
      },
    },
  ];
}
