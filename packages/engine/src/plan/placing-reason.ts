import { scoreAt } from "./appeal.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";

/** Says why a unit goes to a machine, before it is counted in there. */
export function placingReason(p: Planning, subject: Subject, place: Place): string {
  const wish = `desired state ${subject.unit!.desiredState}`;
  if (subject.peerNames.length > 0) return `${wish}; follows ${subject.peerNames.join(", ")}`;
  if (subject.machineId !== undefined) return `${wish}; pinned to this machine`;
  const reasons = [
    ...spreadReason(p, subject, place),
    ...wishReason(p, subject, place),
    loadReason(p, place),
  ];
  return `${wish}; ${reasons.join(", then ")} of the machines that fit`;
}

function spreadReason(
  p: Planning,
  { spread, siblings }: Subject,
  { index, metadata }: Place,
): readonly string[] {
  if (spread === undefined || siblings === undefined || !Object.hasOwn(metadata, spread)) return [];
  const count = p.draft.spreadLevels(siblings, spread).countFor(index);
  return [`fewest instances (${count}) with ${spread}=${metadata[spread]}`];
}

function wishReason(p: Planning, subject: Subject, place: Place): readonly string[] {
  return subject.wishes.length === 0 ? [] : [`most preferred (${scoreAt(p, subject, place.index)})`];
}

function loadReason({ draft }: Planning, place: Place): string {
  const seats = `fewest seats (${draft.loadOf(place)})`;
  if (draft.room.isUnreserved) return seats;
  return `smallest reserved share (${draft.room.shareOf(place)} %), then ${seats}`;
}
