import { machineId } from "./checks/machine-id.js";
import { machineMetadata } from "./checks/machine-metadata.js";
import { vacancy } from "./checks/vacancy.js";
import { willingness } from "./checks/willingness.js";
import type { Draft } from "./draft.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Resource } from "./resources.js";
import type { Subject } from "./subject.js";

/** How many followers a choice of machine takes into account; beyond that it costs more than it is worth. */
const companionsMax = 64;

/** The units that will have to go wherever `head` goes, followers before their own followers. */
export function companionsOf(head: Subject, isBound: (follower: Subject) => boolean): readonly Subject[] {
  const found = new Set<Subject>([head]);
  for (const subject of found) {
    for (const follower of subject.followers) {
      if (found.size > companionsMax) break;
      if (follower.kind === "plain" && follower.cycle === undefined && isBound(follower)) found.add(follower);
    }
  }
  found.delete(head);
  return [...found];
}

const companionChecks = [machineId, machineMetadata, willingness];

/**
 * Whether all of `companions` could be where `head` would be, and there is room for all of them together. Whether they
 * exclude each other is not looked at.
 */
export function allFit(p: Planning, head: Subject, companions: readonly Subject[], place: Place): boolean {
  if (!hasRoomForAll(p.draft, [head, ...companions], place)) return false;
  return companions.every(
    (companion) =>
      companionChecks.every((check) => check.passes(companion, place, p.draft)) &&
      (companion.at === place || vacancy.passes(companion, place, p.draft)) &&
      !p.draft.hasConflict(companion, place) &&
      hasOtherPeers(p.draft, head, companions, companion, place),
  );
}

function hasRoomForAll(draft: Draft, group: readonly Subject[], place: Place): boolean {
  if (group.every(({ reserve }) => reserve.length === 0)) return true;
  const sums = new Map<Resource, number>();
  for (const subject of group) {
    if (draft.residentsOf(place).has(subject)) continue;
    for (const { resource, amount } of subject.reserve) {
      sums.set(resource, (sums.get(resource) ?? 0) + amount);
    }
  }
  return draft.room.hasRoom(
    place,
    [...sums].map(([resource, amount]) => ({ resource, amount })),
  );
}

function hasOtherPeers(
  draft: Draft,
  head: Subject,
  companions: readonly Subject[],
  companion: Subject,
  place: Place,
): boolean {
  if (companion.peers.length < new Set(companion.peerNames).size) return false;
  return companion.peers.every(
    (peer) =>
      peer === head ||
      companions.includes(peer) ||
      (draft.hasSeat(peer, place) && (peer.kind !== "plain" || peer.progress === "placed")),
  );
}
