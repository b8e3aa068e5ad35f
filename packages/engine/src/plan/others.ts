import type { UnitName } from "@fleet/core";
import { conflictAt } from "./checks/conflicts.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";
import type { OtherRecord } from "./task.js";

/** How many records a task relies on. A transaction has room for 128 compares. */
const othersMax = 32;

/**
 * The records of the units because of which a unit leaves a machine: whom it conflicts with there, whom it makes way for,
 * whom it follows, and those for whom they leave in turn. If one of them is changed before the tombstone is written, there
 * may be no reason to go any more.
 */
export function othersBecauseOf(
  p: Planning,
  subject: Subject,
  place: Place,
): { readonly others?: readonly OtherRecord[] } {
  const names = new Set<string>();
  const visited = new Set([subject]);
  // Grows while it is walked: those who are found are looked at in turn.
  for (const one of visited) {
    for (const name of one.peerNames) names.add(name);
    for (const peer of one.peers) visited.add(peer);
    const rival = conflictAt(one, place, p.draft)?.other ?? one.displacedBy;
    if (rival !== undefined) names.add(rival.name);
    if (names.size >= othersMax) break;
  }
  names.delete(subject.name);
  if (names.size === 0) return {};
  const { units, unreadableUnits } = p.world.view;
  const others: OtherRecord[] = [];
  for (const name of [...names].slice(0, othersMax) as UnitName[]) {
    const record = units.get(name);
    // Of a record that nobody can read the revision is not known either.
    if (record === undefined && unreadableUnits.has(name)) continue;
    others.push({ unit: name, revision: record?.modRevision ?? 0 });
  }
  return { others };
}
