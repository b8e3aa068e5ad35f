import type { UnitName } from "@fleet/core";
import { appended, type Ring, type Subject } from "./subject.js";

/**
 * Ties units to the units they follow: sets `peers`, `followers`, `depth` and `cycle`.
 * @returns the plain units that follow somebody, in groups, peers before followers. A group is one unit, or a ring of
 * units that follow each other.
 */
export function tiePeers(subjects: ReadonlyMap<UnitName, Subject>): readonly (readonly Subject[])[] {
  const following: Subject[] = [];
  for (const subject of subjects.values()) {
    if (subject.peerNames.length === 0) continue;
    following.push(subject);
    const names = [...new Set(subject.peerNames)];
    subject.peers = names.flatMap((name) => subjects.get(name as UnitName) ?? []);
    for (const peer of subject.peers) peer.followers = appended(peer.followers, subject);
  }
  const groups = findGroups(following);
  for (const group of groups) setDepth(group);
  return groups;
}

function setDepth(group: readonly Subject[]): void {
  const isRing = group.length > 1 || group[0]!.peers.includes(group[0]!);
  const ring = isRing ? makeRing(group) : undefined;
  let depth = 0;
  for (const subject of group) {
    for (const peer of subject.peers) if (ring?.has(peer) !== true) depth = Math.max(depth, peer.depth);
  }
  for (const subject of group) {
    subject.depth = depth + 1;
    if (ring !== undefined) subject.cycle = ring;
  }
}

interface Visit {
  readonly subject: Subject;
  readonly index: number;
  /** The smallest index of an open visit that can be reached from here. */
  low: number;
  nextPeer: number;
}

/**
 * Tarjan's strongly connected components, which come out peers first. Without recursion, because a chain of units may
 * be longer than the stack is deep.
 */
function findGroups(following: readonly Subject[]): readonly (readonly Subject[])[] {
  const visits = new Map<Subject, Visit>();
  const open: Visit[] = [];
  const isOpen = new Set<Subject>();
  const groups: Subject[][] = [];

  const enter = (subject: Subject): Visit => {
    const visit = { subject, index: visits.size, low: visits.size, nextPeer: 0 };
    visits.set(subject, visit);
    open.push(visit);
    isOpen.add(subject);
    return visit;
  };
  const close = (visit: Visit): void => {
    const group = open.splice(open.lastIndexOf(visit)).map((member) => member.subject);
    for (const member of group) isOpen.delete(member);
    groups.push(group.sort((a, b) => (a.name < b.name ? -1 : 1)));
  };

  for (const start of following) {
    if (visits.has(start)) continue;
    const path = [enter(start)];
    while (path.length > 0) {
      const visit = path.at(-1)!;
      const peer = visit.subject.peers[visit.nextPeer];
      if (peer === undefined) {
        path.pop();
        const parent = path.at(-1);
        if (parent !== undefined) parent.low = Math.min(parent.low, visit.low);
        if (visit.low === visit.index) close(visit);
        continue;
      }
      visit.nextPeer += 1;
      if (peer.peerNames.length === 0) continue;
      const seen = visits.get(peer);
      if (seen === undefined) path.push(enter(peer));
      else if (isOpen.has(peer)) visit.low = Math.min(visit.low, seen.index);
    }
  }
  return groups;
}

function makeRing(members: readonly Subject[]): Ring {
  const set = new Set(members);
  return {
    members,
    has: (subject) => set.has(subject),
    text: ringText(members, set),
    names: members.slice(0, ringNamesMax).map(({ name }) => name),
  };
}

/** How many units of a ring are named. */
const ringNamesMax = 8;

/** Walks along the peers until it comes round. */
function ringText(members: readonly Subject[], set: ReadonlySet<Subject>): string {
  const walked = new Set<Subject>();
  let at = members[0]!;
  while (!walked.has(at)) {
    walked.add(at);
    at = at.peers.find((peer) => set.has(peer))!;
  }
  const path = [...walked];
  const loop: string[] = [...path.slice(path.indexOf(at)), at].map(({ name }) => name);
  if (loop.length > ringNamesMax) loop.splice(ringNamesMax - 1, loop.length - ringNamesMax, "…");
  return loop.join(" -> ");
}
