import type { MachineId, UnitName } from "@fleet/core";
import { prefixOf } from "../pattern-book.js";
import { makePlace, type Place } from "../place.js";
import { type PlanOptions, type PlanView, recordIn } from "../view.js";
import type { BusyBook } from "./busy-book.js";
import type { PlanChanges } from "./changes.js";
import type { Closure } from "./closure.js";
import { type RefusalBook, tiesOf } from "./refusal-book.js";
import type { StandingCluster } from "./standing-cluster.js";

/** On more machines than this it is cheaper to look at a global unit as a whole. */
const slicePlacesMax = 64;

const none: ReadonlySet<MachineId> = new Set();

/** Why an event cannot be planned on in part. */
export type Hindrance = "machines" | "options";

/** Finds out what an event has happened to, and makes the standing cluster's indexes what the view is now. */
export class Touch {
  /** Units to which something has happened that a plan depends on. */
  readonly units = new Set<UnitName>();
  /** The same, for what has happened on certain machines. */
  readonly spots = new Map<UnitName, Set<Place>>();
  readonly #cluster: StandingCluster;
  readonly #refusals: RefusalBook;
  readonly #busy: BusyBook;
  readonly #view: PlanView;
  readonly #options: PlanOptions;

  constructor(
    cluster: StandingCluster,
    refusals: RefusalBook,
    busy: BusyBook,
    view: PlanView,
    options: PlanOptions,
  ) {
    this.#cluster = cluster;
    this.#refusals = refusals;
    this.#busy = busy;
    this.#view = view;
    this.#options = options;
  }

  /** @returns what makes it necessary to plan from scratch, if anything does. */
  takeIn(changes: PlanChanges, before: PlanOptions): Hindrance | undefined {
    if (!areComparable(before, this.#options)) return "options";
    const machines = new Set(changes.machines);
    noteDifferences(before.releasedMachines, this.#options.releasedMachines, machines);
    noteDifferences(before.fencedMachines ?? none, this.#options.fencedMachines ?? none, machines);
    for (const id of machines) if (!this.#hasPlace(id) && !this.#admit(id)) return "machines";
    this.#takeInMachines(machines);
    this.#takeInPace(before);
    this.#takeInRefusals(before);
    this.#takeInRetries(before);
    for (const name of changes.units) {
      const spots = changes.spots === undefined ? this.#cluster.placeOf.keys() : changes.spots.get(name);
      if (!this.#takeInUnit(name, spots ?? [])) return "machines";
    }
    for (const name of this.#cluster.agitated) this.units.add(name);
    this.#addBusy();
    return undefined;
  }

  #addBusy(): void {
    const { globals, placeOf } = this.#cluster;
    for (const name of this.#busy.names) {
      if (!globals.has(name)) this.units.add(name);
      else for (const id of this.#busy.machinesOf(name)) this.#addBusyAt(name, id && placeOf.get(id));
    }
  }

  #addBusyAt(name: UnitName, place: Place | undefined): void {
    if (place === undefined) this.units.add(name);
    else this.#addAt(name, place);
  }

  /** Hands all of it to a closure. */
  seed(closure: Closure): void {
    for (const name of this.units) closure.add(name);
    for (const [name, places] of this.spots) {
      if (places.size > slicePlacesMax) closure.add(name);
      else for (const place of places) closure.addAt(name, place);
    }
  }

  #addAt(name: UnitName, place: Place): void {
    const places = this.spots.get(name);
    if (places === undefined) this.spots.set(name, new Set([place]));
    else places.add(place);
  }

  /** Whether a machine is among the places, or nothing that a plan could be about. */
  #hasPlace(id: MachineId): boolean {
    return this.#cluster.placeOf.has(id) || !(this.#view.machines.has(id) || this.#view.seats.has(id));
  }

  /** Lets a machine have a place that was never heard of. @returns whether there is room for it. */
  #admit(id: MachineId): boolean {
    if (!this.#cluster.admit(id)) return false;
    for (const [name, machines] of this.#options.refusedLately ?? []) {
      if (machines.has(id) && this.#cluster.subjects.has(name)) this.units.add(name);
    }
    return true;
  }

  #takeInMachines(ids: Iterable<MachineId>): void {
    let isAnyDifferent = false;
    for (const id of ids) {
      const place = this.#cluster.placeOf.get(id);
      if (place === undefined) continue;
      const now = makePlace(id, place.index, this.#view, this.#options);
      // How many units may leave a drained machine at a time is read off its policy.
      if (isSamePlace(place, now) && now.stance !== "drained") {
        // What the new revision goes into is only the tasks that are not done, and those are made again.
        Object.assign(place, now);
        continue;
      }
      isAnyDifferent = true;
      this.#takeInPlace(place, now);
    }
    if (!isAnyDifferent) return;
    this.#cluster.reindexPlaces();
    // Whoever is refused may fit where a machine has changed, and says of how many machines why it does not.
    for (const name of this.#refusals.names) this.units.add(name);
  }

  #takeInPlace(place: Place, now: Place): void {
    const cluster = this.#cluster;
    for (const name of this.#view.seats.get(place.id)?.keys() ?? []) this.#addAt(name, place);
    for (const name of this.#view.states.get(place.id)?.keys() ?? []) this.#addAt(name, place);
    for (const name of cluster.globals) this.#addAt(name, place);
    for (const subject of [...cluster.draft.residentsOf(place).keys()]) {
      this.#addAt(subject.name, place);
      cluster.withdrawFrom(subject, place);
    }
    cluster.restate(place, now);
  }

  /** Whoever has a seat on a machine for whose units the brake has been put on, or taken off, may be affected. */
  #takeInPace({ pace: before }: PlanOptions): void {
    const machines = new Set<MachineId>();
    noteDifferences(before?.machines ?? none, this.#options.pace?.machines ?? none, machines);
    for (const id of machines)
      for (const name of this.#view.seats.get(id)?.keys() ?? []) this.units.add(name);
  }

  #takeInRefusals({ refusedLately: before }: PlanOptions): void {
    const { refusedLately: after } = this.#options;
    if (before === after) return;
    for (const name of new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])) {
      if (!areSame(before?.get(name), after?.get(name)) && this.#cluster.subjects.has(name)) {
        this.units.add(name);
      }
    }
  }

  #takeInRetries({ retriedHeirs: before }: PlanOptions): void {
    const { retriedHeirs: after } = this.#options;
    if (before === after) return;
    for (const name of new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])) {
      if (before?.get(name) !== after?.get(name) && this.#cluster.subjects.has(name)) this.units.add(name);
    }
  }

  /** @returns false if there is no room for a machine that was never heard of. */
  #takeInUnit(name: UnitName, machines: Iterable<MachineId>): boolean {
    const isAnother = this.#takeInRecord(name);
    if (isAnother) this.units.add(name);
    for (const id of machines) {
      // There are seats on a machine of which nothing else is known.
      if (!this.#hasPlace(id) && !this.#admit(id)) return false;
      const place = this.#cluster.placeOf.get(id);
      if (place === undefined) continue;
      if (isAnother || !this.#isSeatedAsPlanned(name, place)) {
        if (this.#isDifferentAt(name, place)) this.#addAt(name, place);
      }
    }
    return true;
  }

  #isDifferentAt(name: UnitName, place: Place): boolean {
    const { spots, globals, marks } = this.#cluster;
    // The age of a seat matters beside a mark, and where not all is as it should be.
    const isAgeless = !marks.has(name) && !this.#refusals.has(name);
    return spots.read(name, place, this.#view, { isGlobal: globals.has(name), isAgeless });
  }

  /**
   * Takes in that a unit has got the seat that the newest plan gives it. It stands in the draft already, where every check
   * of a new seat has let it pass, so it would be left there. Only those who are refused something may have to be
   * looked at again, because from now on the seat comes before them.
   */
  #isSeatedAsPlanned(name: UnitName, place: Place): boolean {
    const { spots, marks, agitated, followers } = this.#cluster;
    const seat = this.#view.seats.get(place.id)?.get(name);
    const task = seat && this.#busy.taskFor(seat);
    if (seat === undefined || task === undefined || spots.has(name, place)) return false;
    if (place.stance !== "open" || marks.has(name) || agitated.has(name)) return false;
    if (this.#refusals.has(name) || this.#refusals.isUnwanted(name)) return false;
    const state = this.#view.states.get(place.id)?.get(name);
    if (state !== undefined && state.condition !== "loaded") return false;
    const subject = this.#cluster.subjects.get(name)!;
    // Those who follow it were judged before it had a seat, and their own machine may have something against them.
    if (followers.has(name)) return false;
    if (subject.kind !== "global") {
      if (subject.at !== place || subject.keyed.size > 0 || !this.#busy.hasOneTask(name)) return false;
      subject.claims = [{ place, seat }];
      subject.keyed = new Set([place.index]);
      subject.from = subject.claims[0];
    }
    spots.read(name, place, this.#view, { isGlobal: false, isAgeless: false });
    this.#busy.done(task);
    for (const tie of tiesOf(subject))
      for (const refused of this.#refusals.tiedBy(tie)) this.units.add(refused);
    return true;
  }

  /** @returns whether the record or the mark is another. */
  #takeInRecord(name: UnitName): boolean {
    const { subjects, marks, unreadable, unreadableSeats } = this.#cluster;
    const view = this.#view;
    const unit = recordIn(view, name);
    const mark = view.destroyed.get(name);
    const subject = subjects.get(name);
    const before = subject?.unit;
    const isUnreadable = view.unreadableUnits.has(name);
    const hasUnreadableSeat = view.unreadableSeats?.has(name) === true;
    const wasRecordless = subject === undefined || subject.kind === "recordless";
    const isRecordless = !isUnreadable && !view.units.has(name);
    const isSame =
      unit === before &&
      mark === marks.get(name) &&
      isUnreadable === unreadable.has(name) &&
      hasUnreadableSeat === unreadableSeats.has(name) &&
      isRecordless === wasRecordless;
    if (isSame) return false;
    if (mark === undefined) marks.delete(name);
    else marks.set(name, mark);
    if (isUnreadable) unreadable.add(name);
    else unreadable.delete(name);
    if (hasUnreadableSeat) unreadableSeats.add(name);
    else unreadableSeats.delete(name);
    if (unit !== before) {
      for (const pattern of this.#cluster.ledger.change(before, unit)) {
        for (const subject of this.#cluster.matchedBy(pattern, prefixOf(pattern.text))) {
          this.#cluster.refreshPatterns(subject);
          this.#refusals.index(subject);
        }
      }
    }
    return true;
  }
}

/** Whether nothing but what can be compared machine by machine and unit by unit is different. */
function areComparable(before: PlanOptions, after: PlanOptions): boolean {
  const [old, now] = [before.pace, after.pace];
  if (old !== undefined && now !== undefined && old.unreportedMax !== now.unreportedMax) return false;
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof PlanOptions>;
  keys.delete("releasedMachines");
  keys.delete("fencedMachines");
  keys.delete("refusedLately");
  keys.delete("retriedHeirs");
  keys.delete("pace");
  return [...keys].every((key) => Object.is(before[key], after[key]));
}

function noteDifferences<T>(before: ReadonlySet<T>, after: ReadonlySet<T>, into: Set<T>): void {
  if (before === after) return;
  for (const entry of before) if (!after.has(entry)) into.add(entry);
  for (const entry of after) if (!before.has(entry)) into.add(entry);
}

/** Whether decisions do not depend on what is different: of a presence that it is there, not its revision. */
function isSamePlace(before: Place, now: Place): boolean {
  const gist = (place: Place): string =>
    JSON.stringify({ ...place, presenceRevision: place.presenceRevision > 0 });
  return gist(before) === gist(now);
}

function areSame<K, V>(before: ReadonlyMap<K, V> | undefined, after: ReadonlyMap<K, V> | undefined): boolean {
  if (before === after) return true;
  if (before?.size !== after?.size) return false;
  for (const [key, value] of before ?? []) if (after?.get(key) !== value) return false;
  return true;
}
