import type { UnitName } from "@fleet/core";
import { firstFailure, newSeatChecks } from "../checks/chain.js";
import { sharedDemand } from "../find-place.js";
import type { Place } from "../place.js";
import { type Planning, waitsForTurn } from "../planning.js";
import type { Subject } from "../subject.js";
import type { StandingCluster } from "./standing-cluster.js";
import { TurnQueue } from "./turn-queue.js";

/** So many of a queue have their turn at first; then twice as many each time. */
const admittedMin = 4;

/** Tells whether a unit is decided about in a plan. */
type IsIn = (name: UnitName) => boolean;

/**
 * Units that wait for the brake after a mass loss, in queues of those whom every machine treats alike. When a machine has
 * reported on what it has got, the first of a queue may have their turn; and when one of a queue has to wait, so have all
 * who come after it.
 */
export class TurnBook {
  readonly #queues = new Map<string, TurnQueue>();
  readonly #queueOf = new Map<UnitName, string>();

  /** Forgets a unit. */
  delete(name: UnitName): void {
    const key = this.#queueOf.get(name);
    if (key === undefined) return;
    this.#queueOf.delete(name);
    const queue = this.#queues.get(key)!;
    queue.delete(name);
    if (queue.size === 0) this.#queues.delete(key);
  }

  /** Takes in who has to wait by a plan's decisions; what was known of those that it has decided about is forgotten. */
  enter(p: Planning): void {
    if (p.paceCheck === undefined) return;
    for (const subject of p.refusals.keys()) {
      if (!waitsForTurn(p, subject)) continue;
      const key = queueKey(p, subject);
      const queue = this.#queues.get(key) ?? new TurnQueue();
      this.#queues.set(key, queue);
      queue.add(subject.name, earliestTurn(subject));
      this.#queueOf.set(subject.name, key);
    }
  }

  /**
   * Names those who may have their turn now.
   * @param open - The machines that the brake lets have more.
   */
  firstInTurn(cluster: StandingCluster, open: ReadonlySet<Place>, isIn: IsIn): readonly UnitName[] {
    const names: UnitName[] = [];
    if (open.size === 0) return names;
    for (const queue of this.#queues.values()) {
      const first = queue.firstOut(isIn);
      if (first !== undefined && mayHaveTurn(cluster, first.name, open)) {
        names.push(...queue.next(admittedMin, isIn));
      }
    }
    return names;
  }

  /**
   * Names those who might have had their turn in a plan that they were not in, because nobody of their queue had to wait
   * before them.
   */
  passedOver(
    p: Planning,
    cluster: StandingCluster,
    open: ReadonlySet<Place>,
    isIn: IsIn,
  ): readonly UnitName[] {
    const names: UnitName[] = [];
    if (open.size === 0 || this.#queues.size === 0) return names;
    const waited = firstWaits(p);
    for (const [key, queue] of this.#queues) {
      const first = queue.firstOut(isIn);
      if (first === undefined) continue;
      const before = waited.get(key);
      if (before !== undefined && before < first.turn) continue;
      if (mayHaveTurn(cluster, first.name, open))
        names.push(...queue.next(queue.admitted(isIn) + admittedMin, isIn));
    }
    return names;
  }

  /** Whether anybody waits who is not in a plan. */
  hasOthers(isIn: IsIn): boolean {
    return [...this.#queues.values()].some((queue) => queue.firstOut(isIn) !== undefined);
  }
}

/** At whose turn the first unit of each queue had to wait. */
function firstWaits(p: Planning): ReadonlyMap<string, UnitName> {
  const waits = new Map<string, UnitName>();
  for (const [subject, turn] of p.waitedAt) {
    if (!waitsForTurn(p, subject)) continue;
    const key = queueKey(p, subject);
    const known = waits.get(key);
    if (known === undefined || turn < known) waits.set(key, turn);
  }
  return waits;
}

/** A unit with a history or ties of its own is alone in its queue. */
function queueKey(p: Planning, subject: Subject): string {
  return sharedDemand(p, subject) ?? `alone ${subject.name}`;
}

/** The earliest turn at which a unit can be decided about: its own, or that of one who follows it. */
function earliestTurn(subject: Subject): UnitName {
  let earliest = subject.name;
  const chain = new Set([subject]);
  for (const { followers, name } of chain) {
    if (name < earliest) earliest = name;
    for (const follower of followers) chain.add(follower);
  }
  return earliest;
}

/** Whether one of the machines would take a unit, as far as those can tell who are not decided about anew. */
function mayHaveTurn(cluster: StandingCluster, name: UnitName, open: ReadonlySet<Place>): boolean {
  const { draft, eligible, meant, subjects } = cluster;
  const subject = subjects.get(name)!;
  const fits = (place: Place): boolean => firstFailure(newSeatChecks, subject, place, draft) === undefined;
  const peer = subject.peers.find(({ kind }) => kind === "plain");
  if (peer !== undefined) return peer.at !== undefined && open.has(peer.at) && fits(peer.at);
  if (subject.machineId !== undefined) {
    return (meant.get(subject.machineId) ?? []).some((place) => open.has(place) && fits(place));
  }
  const candidates = eligible.of(subject);
  for (const place of open) if (candidates.has(place.index) && fits(place)) return true;
  return false;
}
