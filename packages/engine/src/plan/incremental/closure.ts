import type { UnitName } from "@fleet/core";
import { isAttended, type Place } from "../place.js";
import { areRivals, type Subject } from "../subject.js";
import type { Grave, Unwilling } from "../world.js";
import { type RefusalBook, type Tie, tiesOf } from "./refusal-book.js";
import type { StandingCluster } from "./standing-cluster.js";

/** A unit that is to be decided about again, as it is now. */
export interface Candidate {
  readonly subject: Subject;
  readonly graves: readonly Grave[];
  readonly unwilling: readonly Unwilling[];
}

/** Prepares a unit for planning; `undefined` if nothing is left of it. */
export type Survey = (name: UnitName) => Candidate | undefined;

/** Names the units that have seats on a machine. */
export type SeatsAt = (place: Place) => Iterable<UnitName>;

/**
 * The units that an event can affect, found from those it has happened to. Whoever is not among them would be decided
 * about in the same way whether these are there or not (docs/decisions/0043).
 */
export class Closure {
  /** Units to be decided about as a whole; `undefined` for those of which nothing is left. */
  readonly candidates = new Map<UnitName, Candidate | undefined>();
  /** Global units to be decided about on some machines. */
  readonly slices = new Map<UnitName, Set<Place>>();
  readonly #cluster: StandingCluster;
  readonly #refusals: RefusalBook;
  readonly #survey: Survey;
  readonly #seatsAt: SeatsAt;
  readonly #sizeMax: number;
  readonly #fresh: UnitName[] = [];
  readonly #followed = new Set<Tie>();
  readonly #freshSlices: (readonly [UnitName, Place])[] = [];

  /** @param sizeMax - It is not worth while to go on beyond this many. */
  constructor(
    cluster: StandingCluster,
    refusals: RefusalBook,
    survey: Survey,
    seatsAt: SeatsAt,
    sizeMax: number,
  ) {
    this.#cluster = cluster;
    this.#refusals = refusals;
    this.#survey = survey;
    this.#seatsAt = seatsAt;
    this.#sizeMax = sizeMax;
  }

  /** Hands out what was prepared of a unit, once. */
  take(name: UnitName): Candidate | undefined {
    const candidate = this.candidates.get(name);
    this.candidates.set(name, undefined);
    return candidate;
  }

  /** Adds a unit. */
  add(name: UnitName): void {
    if (this.candidates.has(name)) return;
    this.candidates.set(name, undefined);
    this.slices.delete(name);
    this.#fresh.push(name);
  }

  /** Adds a unit because of something on one machine, which matters on that machine alone if the unit is a global one. */
  addAt(name: UnitName, place: Place): void {
    if (this.candidates.has(name)) return;
    if (!this.#canBeCut(name)) {
      this.add(name);
      return;
    }
    const places = this.slices.get(name);
    if (places?.has(place) === true) return;
    if (places === undefined) this.slices.set(name, new Set([place]));
    else places.add(place);
    this.#freshSlices.push([name, place]);
  }

  /** A global unit that others follow, or that is refused anything, is decided about as a whole. */
  #canBeCut(name: UnitName): boolean {
    const { globals, followers, agitated, marks } = this.#cluster;
    if (!globals.has(name) || followers.has(name) || agitated.has(name) || marks.has(name)) return false;
    return !this.#refusals.has(name) && !this.#refusals.isUnwanted(name);
  }

  /** Adds everyone who may be affected in turn. @returns whether that came to an end. */
  complete(): boolean {
    for (;;) {
      if (this.candidates.size + this.slices.size > this.#sizeMax) return false;
      const name = this.#fresh.pop();
      const slice = name === undefined ? this.#freshSlices.pop() : undefined;
      if (name !== undefined) this.#follow(name);
      else if (slice === undefined) return true;
      else this.#followSlice(...slice);
    }
  }

  #follow(name: UnitName): void {
    const before = this.#cluster.subjects.get(name);
    const candidate = this.#survey(name);
    this.candidates.set(name, candidate);
    for (const follower of this.#cluster.followers.get(name) ?? []) this.add(follower);
    for (const subject of [before, candidate?.subject]) if (subject !== undefined) this.#followTies(subject);
    for (const { place } of candidate?.subject.claims ?? []) this.#followClaim(candidate!.subject, place);
  }

  #followTies(subject: Subject): void {
    const { subjects, followers, replacers } = this.#cluster;
    for (const peer of subject.peerNames) {
      if (subjects.has(peer as UnitName)) this.add(peer as UnitName);
      for (const follower of followers.get(peer) ?? []) this.add(follower);
    }
    for (const pattern of subject.replaces) for (const name of replacers.get(pattern) ?? []) this.add(name);
    for (const pattern of subject.replacedBy) for (const name of replacers.get(pattern) ?? []) this.add(name);
    this.#followRefusals(subject);
    for (const { place } of subject.claims) if (place.stance === "drained") this.#addAllAt(place);
  }

  /** Adds those who are refused, perhaps because of what becomes of the unit. */
  #followRefusals(subject: Subject): void {
    for (const tie of tiesOf(subject)) {
      if (this.#followed.has(tie)) continue;
      this.#followed.add(tie);
      for (const name of this.#refusals.tiedBy(tie)) this.add(name);
    }
  }

  /** Units leave a drained machine in turns. */
  #addAllAt(place: Place): void {
    for (const name of this.#seatsAt(place)) this.addAt(name, place);
  }

  /** Seats that exclude each other are judged by age, so they have to be judged together. */
  #followClaim(subject: Subject, place: Place): void {
    const { draft } = this.#cluster;
    if (!isAttended(place) || !draft.hasConflict(subject, place)) return;
    for (const other of draft.residentsOf(place).keys()) {
      if (other.name !== subject.name && areRivals(subject, other)) this.addAt(other.name, place);
    }
  }

  #followSlice(name: UnitName, place: Place): void {
    if (!this.slices.has(name)) return;
    const subject = this.#cluster.subjects.get(name)!;
    this.#followRefusals(subject);
    this.#followClaim(subject, place);
  }
}
