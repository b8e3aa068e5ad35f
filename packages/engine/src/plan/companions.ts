import { machineId } from "./checks/machine-id.js";
import { machineMetadata } from "./checks/machine-metadata.js";
import { vacancy } from "./checks/vacancy.js";
import { willingness } from "./checks/willingness.js";
import { choose } from "./choose.js";
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

/**
 * All units that are to go where `head` goes: those who follow it, and whomever else these follow, in turn. Whose place is
 * open at all is to be said by `isBound`.
 */
export function groupAround(head: Subject, isBound: (member: Subject) => boolean): readonly Subject[] {
  const found = new Set<Subject>([head]);
  const add = (member: Subject): void => {
    if (found.size > companionsMax || member.kind !== "plain" || member.cycle !== undefined) return;
    if (isBound(member)) found.add(member);
  };
  for (const subject of found) {
    for (const follower of subject.followers) add(follower);
    // Where its own peers are is decided.
    if (subject !== head) for (const peer of subject.peers) add(peer);
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
  return companions.every((companion) => fits(p, head, companions, companion, place));
}

/**
 * Chooses a machine for `head` where all of `companions` fit. If there is none, those of them do not count that can go
 * nowhere, so that they do not lead it away from where the others can.
 */
export function chooseBeside(
  p: Planning,
  head: Subject,
  companions: readonly Subject[],
  accepts: (place: Place) => boolean,
): Place | undefined {
  const chooseFor = (wanted: readonly Subject[]): Place | undefined =>
    choose(p, head, (place) => accepts(place) && allFit(p, head, wanted, place));
  const place = chooseFor(companions);
  if (place !== undefined || companions.length === 1) return place;
  const placeable = placeableBeside(p, head, companions, accepts);
  const isNarrower = placeable.length > 0 && placeable.length < companions.length;
  return isNarrower ? chooseFor(placeable) : undefined;
}

/**
 * Those of `companions` that could be beside `head` on some machine, each for itself. The others wait wherever it goes, and
 * so does whoever follows one of them.
 */
function placeableBeside(
  p: Planning,
  head: Subject,
  companions: readonly Subject[],
  accepts: (place: Place) => boolean,
): readonly Subject[] {
  const hopeless = new Set(companions);
  choose(p, head, (place) => {
    if (!accepts(place)) return false;
    for (const companion of hopeless) {
      const hasRoom = hasRoomForAll(p.draft, [head, companion], place);
      if (hasRoom && fits(p, head, companions, companion, place)) hopeless.delete(companion);
    }
    return hopeless.size === 0;
  });
  for (const companion of hopeless) {
    for (const follower of companion.followers) if (companions.includes(follower)) hopeless.add(follower);
  }
  // Those who were to come only for the sake of these need not come.
  return groupAround(head, (member) => companions.includes(member) && !hopeless.has(member));
}

function fits(
  p: Planning,
  head: Subject,
  companions: readonly Subject[],
  companion: Subject,
  place: Place,
): boolean {
  return (
    companionChecks.every((check) => check.passes(companion, place, p.draft)) &&
    (companion.at === place || vacancy.passes(companion, place, p.draft)) &&
    !p.draft.hasConflict(companion, place) &&
    hasOtherPeers(p.draft, head, companions, companion, place)
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
