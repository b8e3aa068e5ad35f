import { mayArriveAt, type Place } from "./place.js";
import { shareResource } from "./room-ties.js";
import type { Subject } from "./subject.js";

/** A unit that gets a seat, or a changed one, on a machine; perhaps leaving another in the same change. */
export interface Arrival {
  readonly subject: Subject;
  readonly at: Place;
  /** The machine it leaves, if it leaves one. */
  readonly from: Place | undefined;
}

/**
 * How often stages are pushed back. Two units that change places have no order, and share a stage, so that one transaction has
 * both; those that do so in a longer ring end up in one stage or the next.
 */
const passesMax = 8;

/**
 * Orders arrivals: followers come after those they follow, and a unit comes after those have left its machine that it
 * conflicts with or whose room it may need. Otherwise a change that was dropped, because the record of a unit had changed,
 * would leave rivals together.
 * @returns the stage of each arrival, from 1 on, in the order given.
 */
export function stagesOf(arrivals: readonly Arrival[]): readonly number[] {
  const stages = arrivals.map(({ subject }) => 1 + subject.depth);
  const leavers = groupLeavers(arrivals);
  if (leavers.size === 0) return stages;
  const arrivalsOf = groupBySubject(arrivals);
  for (let pass = 0; pass < passesMax; pass += 1) {
    let changed = false;
    for (const [index, arrival] of arrivals.entries()) {
      const rivals = (leavers.get(arrival.at) ?? []).filter((other) =>
        areRivals(arrivals[other]!.subject, arrival.subject),
      );
      const before = [...rivals, ...arrival.subject.peers.flatMap((peer) => arrivalsOf.get(peer) ?? [])];
      const stage = before.reduce((latest, other) => {
        if (other === index) return latest;
        const isExchange = arrivals[other]!.at === arrival.from;
        return Math.max(latest, stages[other]! + (isExchange ? 0 : 1));
      }, stages[index]!);
      if (stage === stages[index]) continue;
      stages[index] = stage;
      changed = true;
    }
    if (!changed) break;
  }
  return stages;
}

/** Arrivals, by index, that leave a machine where others may arrive. */
function groupLeavers(arrivals: readonly Arrival[]): ReadonlyMap<Place, readonly number[]> {
  const leavers = new Map<Place, number[]>();
  for (const [index, { at, from }] of arrivals.entries()) {
    if (from === undefined || from === at || !mayArriveAt(from)) continue;
    const others = leavers.get(from);
    if (others === undefined) leavers.set(from, [index]);
    else others.push(index);
  }
  return leavers;
}

function groupBySubject(arrivals: readonly Arrival[]): ReadonlyMap<Subject, readonly number[]> {
  const groups = new Map<Subject, number[]>();
  for (const [index, { subject }] of arrivals.entries()) {
    const group = groups.get(subject);
    if (group === undefined) groups.set(subject, [index]);
    else group.push(index);
  }
  return groups;
}

function areRivals(a: Subject, b: Subject): boolean {
  return (
    shareResource(a, b) ||
    a.conflicts.some((pattern) => b.conflictedBy.includes(pattern)) ||
    b.conflicts.some((pattern) => a.conflictedBy.includes(pattern))
  );
}
