import type { UnitName } from "@fleet/core";
import { conflictAt } from "./checks/conflicts.js";
import { isAttended, type Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";
import type { OtherPresence, OtherRecord } from "./task.js";

/** How many records a task relies on. A transaction has room for 128 compares. */
const othersMax = 32;

/**
 * What a unit leaves a machine because of, if that is others: the records of those whom it conflicts with there, whom it makes
 * way for, whom it follows, and those for whom they leave in turn; and the presences of machines that such a unit comes from
 * because they are away, or about to be. If one of these is changed before the tombstone is written, there may be no reason
 * to go any more.
 */
export function othersBecauseOf(
  p: Planning,
  subject: Subject,
  place: Place,
): { readonly others?: readonly OtherRecord[]; readonly otherPresences?: readonly OtherPresence[] } {
  const names = new Set<string>();
  const presences = new Map<Place, OtherPresence>();
  const visited = new Set([subject]);
  // Grows while it is walked: those who are found are looked at in turn.
  for (const one of visited) {
    for (const name of one.peerNames) names.add(name);
    for (const peer of one.peers) visited.add(peer);
    const rival = conflictAt(one, place, p.draft)?.other ?? one.displacedBy;
    if (rival !== undefined) names.add(rival.name);
    const left = rival?.from?.place;
    if (left !== undefined && left !== rival?.at && !isAttended(left)) {
      presences.set(left, { machine: left.id, revision: left.presenceRevision });
    }
    if (names.size >= othersMax) break;
  }
  names.delete(subject.name);
  const otherPresences = presences.size === 0 ? {} : { otherPresences: [...presences.values()] };
  if (names.size === 0) return otherPresences;
  const { units, unreadableUnits } = p.world.view;
  const others: OtherRecord[] = [];
  for (const name of [...names].slice(0, othersMax) as UnitName[]) {
    const record = units.get(name);
    // Of a record that nobody can read the revision is not known either.
    if (record === undefined && unreadableUnits.has(name)) continue;
    others.push({ unit: name, revision: record?.modRevision ?? 0 });
  }
  return { others, ...otherPresences };
}
