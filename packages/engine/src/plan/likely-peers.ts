import { firstFailure, keptSeatChecks } from "./checks/chain.js";
import { isAttended, type Place } from "./place.js";
import type { Planning } from "./planning.js";
import { areRivals, type Subject } from "./subject.js";

/**
 * Whether the units that a new copy follows will be beside it, as far as that can be told before global units are judged: it
 * is when the others are that hand-overs end, so that whoever waits for their turn has it in the same plan. In doubt the
 * answer is no, and the old copy runs on.
 */
export function isLikelyBeside(p: Planning, subject: Subject, place: Place): boolean {
  return subject.peers.every((peer) => {
    if (peer.progress === "open" && peer.kind === "plain") return peer.at === place && p.arrived.has(peer);
    if (peer.progress === "open" && peer.kind === "global") return willStay(p, peer, place);
    // Nobody else's place is open, and the seat would not depend on anything if one of them were elsewhere.
    return true;
  });
}

/**
 * Whether the units that one of several seats of a unit depends on have theirs there for the time being: if any of the seats can
 * stay, one like this can.
 */
export function isBesideForNow(p: Planning, subject: Subject, place: Place): boolean {
  return subject.peers.every((peer) => {
    if (peer.progress === "open" && peer.kind === "plain") return peer.at === place;
    if (peer.progress === "open" && peer.kind === "global") return willStay(p, peer, place);
    return true;
  });
}

/** Whether a global unit has a seat, and nothing that has one there, too, speaks against it. */
function willStay(p: Planning, subject: Subject, place: Place): boolean {
  if (!isSeatedAt(subject, place)) return false;
  if (!isAttended(place)) return true;
  if (firstFailure(keptSeatChecks, subject, place, p.draft) !== undefined) return false;
  // Whose seats are judged later may win against it all the same.
  for (const name of p.world.view.seats.get(place.id)?.keys() ?? []) {
    const other = p.world.subjects.get(name);
    if (other === undefined || other === subject || !isSeatedAt(other, place)) continue;
    if (areRivals(subject, other)) return false;
  }
  return true;
}

function isSeatedAt({ claims }: Subject, place: Place): boolean {
  return claims.some((claim) => claim.place === place);
}
