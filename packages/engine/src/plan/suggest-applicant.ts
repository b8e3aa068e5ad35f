import type { UnitName } from "@fleet/core";
import type { Planning } from "./planning.js";
import type { Reservation } from "./resources.js";
import type { Subject } from "./subject.js";

/** With more units than this that wait for each other, each is to be asked for by itself. */
const membersMax = 8;

/** Who looks for a place: a unit alone, or together with those it follows that have none either. */
export interface Applicant {
  /** The unit in question first. */
  readonly members: readonly Subject[];
  /** All of them as if they were one unit: what the checks are asked of. Of a unit alone, the unit itself. */
  readonly whole: Subject;
  /** The applicant that it would be if one of its members demanded less. */
  lessen(member: UnitName, change: (subject: Subject) => Subject): Applicant;
}

/** A unit by itself. */
export function alone(subject: Subject): Applicant {
  return { members: [subject], whole: subject, lessen: (_member, change) => alone(change(subject)) };
}

/**
 * A unit and all that it follows and that waits, too, so that one change may place them all.
 * @returns `undefined` if there are none, or if no machine can take them together.
 */
export function withWaitingPeers(p: Planning, subject: Subject): Applicant | undefined {
  const members = waitingCompany(p, subject, new Map());
  if (members === undefined || members.length < 2) return undefined;
  return together(p, subject, new Map(), members);
}

function together(
  p: Planning,
  subject: Subject,
  changed: ReadonlyMap<UnitName, Subject>,
  members: readonly Subject[],
): Applicant | undefined {
  const whole = merge(members);
  if (whole === undefined) return undefined;
  const lessen: Applicant["lessen"] = (name, change) => {
    const before = members.find((member) => member.name === name);
    if (before === undefined) return { members, whole, lessen };
    const now = new Map([...changed, [name, change(before)]]);
    // One that no longer follows another is on its own.
    const left = waitingCompany(p, now.get(subject.name) ?? subject, now) ?? [];
    return together(p, subject, now, left) ?? { members, whole, lessen };
  };
  return { members, whole, lessen };
}

function waitingCompany(
  p: Planning,
  subject: Subject,
  changed: ReadonlyMap<UnitName, Subject>,
): readonly Subject[] | undefined {
  if (subject.at !== undefined) return undefined;
  const members = new Map([[subject.name, subject]]);
  for (const member of members.values()) {
    if (member.cycle !== undefined || members.size > membersMax) return undefined;
    for (const peer of member.peers) {
      const waits = peer.kind === "plain" && peer.at === undefined && p.refusals.has(peer);
      if (waits && !members.has(peer.name)) members.set(peer.name, changed.get(peer.name) ?? peer);
    }
  }
  return [...members.values()];
}

/** Demands all that any of them demands. @returns `undefined` if they cannot be on one machine. */
function merge(members: readonly Subject[]): Subject | undefined {
  const [first] = members;
  if (first === undefined || members.length === 1) return first;
  const machineIds = new Set(members.flatMap(({ machineId }) => machineId ?? []));
  const machineMetadata = mergeMetadata(members);
  if (machineIds.size > 1 || machineMetadata === undefined) return undefined;
  const someClash = members.some((a, index) => members.slice(index + 1).some((b) => areRivals(a, b)));
  if (someClash) return undefined;
  const names = new Set<string>(members.map(({ name }) => name));
  return {
    ...first,
    machineId: [...machineIds][0],
    machineMetadata,
    metadataRules: members.flatMap(({ metadataRules }) => metadataRules),
    peerNames: [...new Set(members.flatMap(({ peerNames }) => peerNames))].filter((name) => !names.has(name)),
    peers: [...new Set(members.flatMap(({ peers }) => peers))].filter(({ name }) => !names.has(name)),
    conflicts: [...new Set(members.flatMap(({ conflicts }) => conflicts))],
    conflictedBy: [...new Set(members.flatMap(({ conflictedBy }) => conflictedBy))],
    reserve: sumOf(members.flatMap(({ reserve }) => reserve)),
    claims: members.flatMap(({ claims }) => claims),
    keyed: new Set(members.flatMap(({ keyed }) => [...keyed])),
    refusedBy: new Map(members.flatMap(({ refusedBy }) => [...refusedBy])),
  };
}

function mergeMetadata(members: readonly Subject[]): ReadonlyMap<string, readonly string[]> | undefined {
  const merged = new Map<string, readonly string[]>();
  for (const { machineMetadata } of members) {
    for (const [key, values] of machineMetadata) {
      const known = merged.get(key);
      const common = known === undefined ? values : known.filter((value) => values.includes(value));
      if (common.length === 0) return undefined;
      merged.set(key, common);
    }
  }
  return merged;
}

function sumOf(reservations: readonly Reservation[]): readonly Reservation[] {
  const sums = new Map<Reservation["resource"], number>();
  for (const { amount, resource } of reservations) sums.set(resource, (sums.get(resource) ?? 0) + amount);
  return [...sums].map(([resource, amount]) => ({ resource, amount }));
}

/** Whether two units are never on the same machine. */
export function areRivals(a: Subject, b: Subject): boolean {
  return (
    a.conflicts.some((pattern) => b.conflictedBy.includes(pattern)) ||
    b.conflicts.some((pattern) => a.conflictedBy.includes(pattern))
  );
}
