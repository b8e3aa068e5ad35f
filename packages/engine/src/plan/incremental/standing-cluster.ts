import type { DestroyedMark, MachineId, UnitName } from "@fleet/core";
import type { Draft } from "../draft.js";
import { EligiblePlaces } from "../eligible.js";
import { isOnTheMove } from "../hand-over.js";
import type { Pattern } from "../pattern-book.js";
import { isVacant, type Place } from "../place.js";
import type { Planning } from "../planning.js";
import { isReplacedAt, replacesAt } from "../replaces.js";
import type { Subject, SubjectBooks } from "../subject.js";
import { recordsIn } from "../view.js";
import { listMeanings, type World } from "../world.js";
import { PatternLedger } from "./pattern-ledger.js";
import { Residences } from "./residences.js";
import { SortedNames } from "./sorted-names.js";
import { SpotBook } from "./spot-book.js";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * What stays in memory between two plans: the draft that the last one ended with, every unit with the place it was
 * decided to have, and indexes that say who may be affected when something happens.
 */
export class StandingCluster {
  readonly places: readonly Place[];
  readonly placeOf: Map<MachineId, Place>;
  readonly books: SubjectBooks;
  readonly draft: Draft;
  readonly subjects: Map<UnitName, Subject>;
  readonly spots: SpotBook;
  readonly ledger: PatternLedger;
  /** Marks, unreadable records and seats as they were when they were last looked at. */
  readonly marks: Map<UnitName, DestroyedMark>;
  readonly unreadable: Set<UnitName>;
  readonly unreadableSeats: Set<UnitName>;
  readonly globals = new Set<UnitName>();
  /** Units by the names that they follow, whether such a unit exists or not. */
  readonly followers = new Map<string, Set<UnitName>>();
  /** Units that replace, or are replaced by, others, by pattern. */
  readonly replacers = new Map<Pattern, Set<UnitName>>();
  /**
   * Units that are looked at again at every event: copies without a seat, and units that are beside one that they
   * replace because they found no other place, and units that leave a drained machine.
   */
  readonly agitated = new Set<UnitName>();
  meant: ReadonlyMap<string, readonly Place[]>;
  eligible: EligiblePlaces;
  readonly #names: SortedNames;
  /** Where each unit stands in the draft, by the index of the machine. */
  readonly #residences = new Residences();

  /** Begins with a plan that was made from scratch, whose world and draft it takes over. */
  constructor(p: Planning) {
    const { world } = p;
    this.places = world.places;
    this.placeOf = new Map(world.placeOf);
    this.meant = world.meant;
    this.books = world.books;
    this.draft = p.draft;
    this.eligible = p.eligible;
    this.subjects = new Map(world.subjects);
    this.spots = new SpotBook(world);
    this.ledger = new PatternLedger(world.books, recordsIn(world.view));
    this.marks = new Map(world.view.destroyed);
    this.unreadable = new Set(world.view.unreadableUnits);
    this.unreadableSeats = new Set(world.view.unreadableSeats);
    this.#names = new SortedNames(world.subjects.keys());
    const seatings = groupSeatings(p);
    for (const subject of world.subjects.values()) this.#enter(p, subject, seatings.get(subject));
  }

  /** Takes units in that a plan has decided about. What stood there of them must have been taken out. */
  enter(p: Planning, subjects: Iterable<Subject>): void {
    const seatings = groupSeatings(p);
    for (const subject of subjects) {
      this.subjects.set(subject.name, subject);
      this.#names.add(subject.name);
      this.#enter(p, subject, seatings.get(subject));
    }
  }

  #enter(p: Planning, subject: Subject, seatings: readonly Place[] = []): void {
    const { name, kind, at } = subject;
    this.#residences.set(subject, residencesIn(p.draft, subject, seatings));
    if (kind === "global") this.globals.add(name);
    for (const peer of subject.peerNames) addTo(this.followers, peer, name);
    for (const pattern of subject.replaces) addTo(this.replacers, pattern, name);
    for (const pattern of subject.replacedBy) addTo(this.replacers, pattern, name);
    const isCrowded = at !== undefined && (replacesAt(p, subject, at) || isReplacedAt(p, subject, at));
    if (isCrowded || subject.strays.length > 0 || isOnTheMove(subject)) this.agitated.add(name);
  }

  /** Takes a unit out of the draft and of the indexes, until it is entered again. */
  remove(subject: Subject): void {
    const { name } = subject;
    this.withdraw(subject);
    this.globals.delete(name);
    this.agitated.delete(name);
    for (const peer of subject.peerNames) deleteFrom(this.followers, peer, name);
    for (const pattern of subject.replaces) deleteFrom(this.replacers, pattern, name);
    for (const pattern of subject.replacedBy) deleteFrom(this.replacers, pattern, name);
  }

  /** Forgets a unit of which nothing is left. */
  forget(name: UnitName): void {
    this.subjects.delete(name);
    this.#names.delete(name);
  }

  /** Takes a unit out of the draft. */
  withdraw(subject: Subject): void {
    for (const index of this.#residences.of(subject)) this.draft.remove(subject, this.places[index]!);
    this.#residences.delete(subject);
  }

  /** Takes units out of the draft that have come in with a plan and have not been entered. */
  clear(p: Planning, subjects: Iterable<Subject>): void {
    const seatings = groupSeatings(p);
    for (const subject of subjects) {
      for (const index of residencesIn(this.draft, subject, seatings.get(subject) ?? [])) {
        this.draft.remove(subject, this.places[index]!);
      }
    }
  }

  /** Takes a unit out of the draft on one machine. */
  withdrawFrom(subject: Subject, place: Place): void {
    if (this.#residences.leave(subject, place.index)) this.draft.remove(subject, place);
  }

  /** Lets a unit stand where a part of it, that was decided about alone, has come to stand. */
  adoptSlice(subject: Subject, slice: Subject, places: Iterable<Place>): void {
    for (const place of places) {
      const residence = this.draft.residentsOf(place).get(slice);
      if (residence === undefined) continue;
      this.draft.remove(slice, place);
      this.draft.add(subject, place, residence);
      this.#residences.enter(subject, place.index);
    }
  }

  /** On how many machines the unit stands. */
  residenceCount(subject: Subject): number {
    return this.#residences.count(subject);
  }

  /** The units, by name, that a pattern matches. */
  *matchedBy({ text, matches }: Pick<Pattern, "text" | "matches">, prefix: string): Iterable<Subject> {
    for (const name of this.#names.beginningWith(prefix)) {
      if (name === text || matches(name)) yield this.subjects.get(name)!;
    }
  }

  /** Lets a unit know of patterns that have come up since it was prepared. */
  refreshPatterns(subject: Subject): void {
    const residences = [...this.#residences.of(subject)].map((index) => {
      const place = this.places[index]!;
      return { place, residence: this.draft.residentsOf(place).get(subject)! };
    });
    for (const { place } of residences) this.draft.remove(subject, place);
    const mutable: Mutable<Subject> = subject;
    for (const pattern of subject.replacedBy) deleteFrom(this.replacers, pattern, subject.name);
    mutable.conflictedBy = this.books.conflicts.matching(subject.name);
    mutable.wishedBy = this.books.wishes.matching(subject.name);
    if (subject.kind === "plain") mutable.replacedBy = this.books.replaces.matching(subject.name);
    for (const pattern of subject.replaces) addTo(this.replacers, pattern, subject.name);
    for (const pattern of subject.replacedBy) addTo(this.replacers, pattern, subject.name);
    for (const { place, residence } of residences) this.draft.add(subject, place, residence);
  }

  /** Finds room for a machine that was never heard of, in the order of ids. @returns whether there is any. */
  admit(id: MachineId): boolean {
    const next = this.places.findIndex((place) => !isVacant(place) && place.id > id);
    const last = this.places.findLastIndex((place) => !isVacant(place));
    // At the end there is room to leave some between it and the last one.
    const vacant = next < 0 ? (this.places[last + 2] ?? this.places[last + 1]) : this.places[next - 1];
    if (vacant === undefined || !isVacant(vacant)) return false;
    const admitted: Mutable<Place> = vacant;
    admitted.id = id;
    this.placeOf.set(id, vacant);
    return true;
  }

  /** Makes a machine what it is now; nobody may be in the draft there. */
  restate(place: Place, now: Place): void {
    Object.assign(place, now);
    this.draft.restate(place);
  }

  /** Finds machines by what they are now. */
  reindexPlaces(): void {
    this.meant = listMeanings(this.places);
    this.eligible = new EligiblePlaces(this.places);
  }

  /** A world of some units, in which all machines are. */
  worldOf(part: Pick<World, "view" | "options" | "subjects" | "graves" | "marks">): World {
    const { places, placeOf, meant, books } = this;
    return { ...part, places, placeOf, meant, books, unwilling: [] };
  }
}

function groupSeatings(p: Planning): ReadonlyMap<Subject, readonly Place[]> {
  const seatings = new Map<Subject, Place[]>();
  for (const { subject, place } of p.globalSeatings) {
    const places = seatings.get(subject);
    if (places === undefined) seatings.set(subject, [place]);
    else places.push(place);
  }
  return seatings;
}

/** Where a plan has left a unit in its draft. */
function residencesIn(draft: Draft, subject: Subject, seatings: readonly Place[]): ReadonlySet<number> {
  const candidates = new Set<number>(subject.keyed);
  for (const { place } of subject.strays) candidates.add(place.index);
  for (const { index } of seatings) candidates.add(index);
  if (subject.at !== undefined) candidates.add(subject.at.index);
  for (const index of candidates) {
    if (!draft.residentsOf(draft.places[index]!).has(subject)) candidates.delete(index);
  }
  return candidates;
}

/** Adds to a set in a map, which is made if need be. */
export function addTo<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}

/** Deletes from a set in a map; an empty one goes. */
export function deleteFrom<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set?.delete(value) === true && set.size === 0) map.delete(key);
}
