import { byAppeal } from "./appeal.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import { bestOf, bestPlace } from "./rank.js";
import type { Subject } from "./subject.js";

/** Chooses among the machines that `accepts`. Knows which machines not to ask about. */
export function choose(p: Planning, subject: Subject, accepts: (place: Place) => boolean): Place | undefined {
  const seatedPeer = subject.peers.find((peer) => peer.kind === "plain");
  if (seatedPeer !== undefined) return bestOf(p.draft, subject, placesOf(seatedPeer), accepts);
  if (subject.machineId !== undefined) {
    return bestOf(p.draft, subject, namedPlaces(p, subject.machineId), accepts);
  }
  for (const candidates of byAppeal(p, subject, p.eligible.of(subject))) {
    const place = bestPlace(p.draft, subject, candidates, accepts);
    if (place !== undefined) return place;
  }
  return undefined;
}

function placesOf(peer: Subject): readonly Place[] {
  return peer.at === undefined ? [] : [peer.at];
}

/** The machine that a unit's `MachineID` means. A short id that means several machines means none. */
function namedPlaces(p: Planning, required: string): readonly Place[] {
  const meant = meantPlaces(p, required);
  return meant.length === 1 ? meant : [];
}

function meantPlaces(p: Planning, required: string): readonly Place[] {
  return p.world.meant.get(required) ?? [];
}

/** The machines that a unit's `MachineID` may mean, if that is in doubt. */
export function ambiguousPlaces(p: Planning, { machineId }: Subject): readonly Place[] {
  if (machineId === undefined) return [];
  const meant = meantPlaces(p, machineId);
  return meant.length > 1 ? meant : [];
}
