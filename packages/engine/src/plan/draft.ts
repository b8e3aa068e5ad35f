import { Bits } from "./bits.js";
import { LoadOrder } from "./load-order.js";
import { type Pattern, type Tally, tally } from "./pattern-book.js";
import { mayArriveAt, type Place } from "./place.js";
import { Room } from "./resources.js";
import { KeyGroups, SpreadLevels } from "./spread-levels.js";
import type { Subject } from "./subject.js";

/** `seat`: it has or gets a seat there. `stray`: it is there without one, which counts for conflicts and for room. */
export type Residence = "seat" | "stray";

/**
 * Who would be where if the plan so far were carried out. Kept in step with counts by which the least loaded machine
 * and a conflict are found without looking at every unit of every machine.
 */
export class Draft {
  readonly places: readonly Place[];
  readonly #residents: readonly Map<Subject, Residence>[];
  readonly #loads: Int32Array;
  /** What units reserve of the machines. */
  readonly room: Room;
  /** The machines that take units, the least loaded first. */
  readonly order: LoadOrder;
  /** Those patterns of wishes that somebody has asked for. */
  readonly #wished = new WeakMap<Pattern, Bits>();
  /** By the instances of a template and the key they are spread over, where somebody has asked for it. */
  readonly #spreads = new Map<Tally, Map<string, SpreadLevels>>();
  readonly #groups = new Map<string, KeyGroups>();
  #departures = 0;

  constructor(places: readonly Place[]) {
    this.places = places;
    this.#residents = places.map(() => new Map());
    this.#loads = new Int32Array(places.length);
    this.room = new Room(places);
    this.order = new LoadOrder(places.length);
    for (const place of places) if (place.stance === "open") this.order.add(place.index, 0, 0);
  }

  /** Rises whenever something goes from a machine where units may arrive: what was refused before may be possible now. */
  get departures(): number {
    return this.#departures;
  }

  /** How many seats the machine has, those of global units among them. */
  loadOf(place: Place): number {
    return this.#loads[place.index]!;
  }

  residentsOf(place: Place): ReadonlyMap<Subject, Residence> {
    return this.#residents[place.index]!;
  }

  hasSeat(subject: Subject, place: Place): boolean {
    return this.#residents[place.index]!.get(subject) === "seat";
  }

  /** Counts a unit in. It must not be there yet. */
  add(subject: Subject, place: Place, residence: Residence): void {
    this.#residents[place.index]!.set(subject, residence);
    this.#count(subject, place, residence, 1);
  }

  /** Counts a unit out; nothing happens if it is not there. */
  remove(subject: Subject, place: Place): void {
    const residence = this.#residents[place.index]!.get(subject);
    if (residence === undefined) return;
    this.#residents[place.index]!.delete(subject);
    this.#count(subject, place, residence, -1);
    if (mayArriveAt(place)) this.#departures += 1;
  }

  /** Takes in what a machine, where nobody is, says of itself now and whether it takes units. */
  restate(place: Place): void {
    this.room.restate(place);
    this.#spreads.clear();
    this.#groups.clear();
    if (this.order.has(place.index)) this.order.delete(place.index);
    if (place.stance === "open") this.order.add(place.index, 0, 0);
  }

  /** Whether the rules keep the unit apart from anything else that is there. */
  hasConflict(subject: Subject, place: Place): boolean {
    const at = place.index;
    // A pattern may match the name of the unit that declares it; that alone is no conflict.
    const own = this.#residents[at]!.has(subject) ? 1 : 0;
    for (const pattern of subject.conflicts) {
      const count = pattern.matched.get(at) ?? 0;
      if (count > 0 && (count > own || !subject.conflictedBy.includes(pattern))) return true;
    }
    for (const pattern of subject.conflictedBy) {
      const count = pattern.declared.get(at) ?? 0;
      if (count > 0 && (count > own || !subject.conflicts.includes(pattern))) return true;
    }
    return false;
  }

  /** Whether there is room for what the unit reserves, or it has that room already. */
  hasRoomFor(subject: Subject, place: Place): boolean {
    if (subject.reserve.length === 0 || this.room.hasRoom(place, subject.reserve)) return true;
    return this.#residents[place.index]!.has(subject);
  }

  /** The machines where a unit has a seat whose name matches a pattern of wishes. */
  machinesWith(pattern: Pattern): Bits {
    const known = this.#wished.get(pattern);
    if (known !== undefined) return known;
    const found = new Bits(this.places.length);
    for (const index of pattern.matched.keys()) found.add(index);
    this.#wished.set(pattern, found);
    return found;
  }

  /** The machines by how many instances of a template are on those with the same value of `key`. */
  spreadLevels(siblings: Tally, key: string): SpreadLevels {
    const spreads = this.#spreads.get(siblings) ?? new Map<string, SpreadLevels>();
    this.#spreads.set(siblings, spreads);
    const known = spreads.get(key);
    if (known !== undefined) return known;
    const groups = this.#groups.get(key) ?? new KeyGroups(this.places, key);
    this.#groups.set(key, groups);
    const levels = new SpreadLevels(groups, siblings);
    spreads.set(key, levels);
    return levels;
  }

  #countWished(pattern: Pattern, at: number, by: 1 | -1): void {
    tally(pattern.matched, at, by);
    const machines = this.#wished.get(pattern);
    if (machines === undefined) return;
    if (pattern.matched.has(at)) machines.add(at);
    else machines.delete(at);
  }

  #count(subject: Subject, place: Place, residence: Residence, by: 1 | -1): void {
    const at = place.index;
    for (const pattern of subject.conflicts) tally(pattern.declared, at, by);
    for (const pattern of subject.conflictedBy) tally(pattern.matched, at, by);
    if (subject.reserve.length > 0) this.room.take(place, subject.reserve, by);
    if (residence === "seat") this.#countSeat(subject, place, by);
    if (this.order.has(at)) this.order.change(at, this.room.shareOf(place), this.#loads[at]!);
  }

  #countSeat(subject: Subject, place: Place, by: 1 | -1): void {
    const at = place.index;
    for (const pattern of subject.replaces) tally(pattern.declared, at, by);
    for (const pattern of subject.replacedBy) tally(pattern.matched, at, by);
    for (const pattern of subject.wishedBy) this.#countWished(pattern, at, by);
    if (subject.siblings !== undefined) {
      tally(subject.siblings, at, by);
      for (const levels of this.#spreads.get(subject.siblings)?.values() ?? []) levels.change(at, by);
    }
    this.#loads[at]! += by;
  }
}
