import {
  compareUnitNames,
  type DestroyedMark,
  isTombstone,
  type MachineId,
  type Seat,
  shortMachineId,
  type UnitName,
  type UnitState,
} from "@fleet/core";
import { PatternBook } from "./pattern-book.js";
import { isVacant, listPlaces, type Place } from "./place.js";
import { ResourceBook } from "./resources.js";
import {
  addKey,
  addRefusal,
  appended,
  kindOf,
  makeSubject,
  type Subject,
  type SubjectBooks,
} from "./subject.js";
import { type PlanOptions, type PlanView, recordIn, recordsIn } from "./view.js";

/** A tombstone and what became of it. */
export interface Grave {
  readonly place: Place;
  readonly seat: Seat;
  readonly acked: boolean;
}

/** A machine that will not take a unit. */
export interface Unwilling {
  readonly unit: UnitName;
  readonly machine: MachineId;
  readonly reason: string;
}

/** The view, prepared for planning: everything looked up once, in a stated order. */
export interface World {
  readonly view: PlanView;
  readonly options: PlanOptions;
  /** By id. */
  readonly places: readonly Place[];
  readonly placeOf: ReadonlyMap<MachineId, Place>;
  /** Machines by what people may call them: the full id, or the first characters of it. */
  readonly meant: ReadonlyMap<string, readonly Place[]>;
  readonly books: SubjectBooks;
  /** Every unit with a record, a seat, a mark or an unattached state, by name. */
  readonly subjects: ReadonlyMap<UnitName, Subject>;
  readonly graves: readonly Grave[];
  /** By name. */
  readonly marks: readonly DestroyedMark[];
  /** By unit and machine. */
  readonly unwilling: readonly Unwilling[];
}

/**
 * Reads the view once. Its maps may come in any order; the world's do not depend on it.
 * @param spare - Whether machines are to join later.
 */
export function surveyWorld(view: PlanView, options: PlanOptions, spare = false): World {
  const places = listPlaces(view, options, spare);
  const placeOf = new Map(places.flatMap((place) => (isVacant(place) ? [] : [[place.id, place]])));
  const books = makeBooks(options);
  const subjects = listSubjects(view, places, books);
  const graves: Grave[] = [];
  for (const place of places) surveySeats(place, view, subjects, graves);
  for (const place of places) surveyStates(place, view, subjects);
  const unwilling = listUnwilling(subjects, places);
  addRefusedLately(options, placeOf, subjects);
  for (const subject of subjects.values()) sortClaims(subject);
  const marks = [...view.destroyed.values()].sort((a, b) => compareUnitNames(a.name, b.name));
  return {
    view,
    options,
    places,
    placeOf,
    meant: listMeanings(places),
    books,
    subjects,
    graves,
    marks,
    unwilling,
  };
}

function makeBooks({ reserveFromUnit = false }: PlanOptions): SubjectBooks {
  return {
    conflicts: new PatternBook(),
    replaces: new PatternBook(),
    wishes: new PatternBook(),
    siblings: new Map(),
    resources: new ResourceBook(),
    reserveFromUnit,
  };
}

function listSubjects(view: PlanView, places: readonly Place[], books: SubjectBooks): Map<UnitName, Subject> {
  const names = new Set<UnitName>(view.units.keys());
  for (const name of view.unreadableUnits) names.add(name);
  for (const name of view.destroyed.keys()) names.add(name);
  for (const seats of view.seats.values()) for (const name of seats.keys()) names.add(name);
  for (const place of places) {
    for (const [name, state] of view.states.get(place.id) ?? []) {
      if (state.condition === "loaded") names.add(name);
    }
  }
  for (const { requirements } of recordsIn(view)) {
    for (const text of requirements?.conflicts ?? []) books.conflicts.intern(text);
    for (const text of requirements?.replaces ?? []) books.replaces.intern(text);
    for (const wish of requirements?.wishes ?? [])
      if (wish.kind === "unit") books.wishes.intern(wish.pattern);
  }
  const subjects = new Map<UnitName, Subject>();
  for (const name of [...names].sort()) {
    subjects.set(name, surveyUnit(name, view, books));
  }
  return subjects;
}

/** Prepares a unit by its record, whether it has one or not. */
export function surveyUnit(name: UnitName, view: PlanView, books: SubjectBooks): Subject {
  const unit = recordIn(view, name);
  const unreadable = view.unreadableUnits.has(name);
  const hasRecord = unit !== undefined && (unreadable || view.units.has(name));
  const kind = hasRecord ? kindOf(unit, unreadable) : unreadable ? "unreadable" : "recordless";
  return makeSubject(name, kind, unit, books);
}

function surveySeats(place: Place, view: PlanView, subjects: Map<UnitName, Subject>, graves: Grave[]): void {
  for (const [name, seat] of view.seats.get(place.id) ?? []) {
    surveySeat(subjects.get(name)!, place, seat, view.states.get(place.id)?.get(name), graves);
  }
}

/** Notes a seat of any kind. Seats of one unit are to be noted in the order of the places. */
export function surveySeat(
  subject: Subject,
  place: Place,
  seat: Seat,
  state: UnitState | undefined,
  graves: Grave[],
): void {
  addKey(subject, place.index);
  if (isTombstone(seat)) {
    const acked = state?.condition === "unloaded" && state.acked === seat.modRevision;
    graves.push({ place, seat, acked });
    if (!acked) subject.stopping = appended(subject.stopping, { place, seat });
  } else {
    subject.claims = appended(subject.claims, { place, seat });
  }
}

function surveyStates(place: Place, view: PlanView, subjects: Map<UnitName, Subject>): void {
  for (const [name, state] of view.states.get(place.id) ?? []) {
    surveyState(subjects.get(name), place, state);
  }
}

/** Notes what a machine says of a unit, once all its seats are noted. Of a unit without a subject there is nothing to note. */
export function surveyState(subject: Subject | undefined, place: Place, state: UnitState): void {
  // What a machine that is away says is of the past; its states go with its lease.
  if (subject === undefined || place.presenceRevision === 0) return;
  if (state.condition === "refused") {
    addRefusal(subject, place.index, state.reason ?? "");
  } else if (state.condition === "loaded" && !subject.keyed.has(place.index)) {
    const stray = { subject, place, state, active: isActive(state) };
    subject.strays = appended(subject.strays, stray);
  }
}

/** Whether the unit runs there, in systemd's word. */
export function isActive(state: UnitState | undefined): boolean {
  return (
    state?.condition === "loaded" && (state.activeState === "active" || state.activeState === "reloading")
  );
}

/** Finds the machines by what people may call them. */
export function listMeanings(places: readonly Place[]): ReadonlyMap<string, readonly Place[]> {
  const meant = new Map<string, Place[]>();
  for (const place of places) {
    if (place.stance === "forgotten") continue;
    const short = shortMachineId(place.id);
    const others = meant.get(short);
    if (others === undefined) meant.set(short, [place]);
    else others.push(place);
  }
  // A full id is never in doubt, even if other machines' ids begin with it.
  for (const place of places) if (place.stance !== "forgotten") meant.set(place.id, [place]);
  return meant;
}

function listUnwilling(
  subjects: ReadonlyMap<UnitName, Subject>,
  places: readonly Place[],
): readonly Unwilling[] {
  const unwilling: Unwilling[] = [];
  for (const subject of subjects.values()) {
    if (subject.refusedBy.size > 0) unwilling.push(...unwillingOf(subject, places));
  }
  return unwilling;
}

/** The machines that say that they will not take the unit, by id. */
export function unwillingOf({ name, refusedBy }: Subject, places: readonly Place[]): readonly Unwilling[] {
  return [...refusedBy].map(([index, reason]) => ({ unit: name, machine: places[index]!.id, reason }));
}

function addRefusedLately(
  options: PlanOptions,
  placeOf: ReadonlyMap<MachineId, Place>,
  subjects: ReadonlyMap<UnitName, Subject>,
): void {
  for (const name of options.refusedLately?.keys() ?? []) {
    const subject = subjects.get(name);
    if (subject !== undefined) recallRefusals(subject, options, placeOf);
  }
}

/** Notes the machines that have lately refused the unit, once it is noted which do now. */
export function recallRefusals(
  subject: Subject,
  options: PlanOptions,
  placeOf: ReadonlyMap<MachineId, Place>,
): void {
  for (const [machine, reason] of options.refusedLately?.get(subject.name) ?? []) {
    const place = placeOf.get(machine);
    if (place !== undefined && !subject.refusedBy.has(place.index)) addRefusal(subject, place.index, reason);
  }
}

/** Puts the seat to be kept first: one on a machine that is there, the oldest. */
export function sortClaims(subject: Subject): void {
  if (subject.claims.length > 1 && subject.kind === "plain") {
    subject.claims = subject.claims.toSorted(
      (a, b) =>
        Number(a.place.presenceRevision === 0) - Number(b.place.presenceRevision === 0) ||
        a.seat.createRevision - b.seat.createRevision ||
        a.place.index - b.place.index,
    );
  }
  if (subject.strays.length > 1) {
    subject.strays = subject.strays.toSorted(
      (a, b) => Number(b.active) - Number(a.active) || a.place.index - b.place.index,
    );
  }
}
