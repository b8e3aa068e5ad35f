import { isSeated, type Seat, type UnitName, type UnitState } from "@fleet/core";
import type { Place } from "../place.js";
import { isUnreported } from "../planning.js";
import type { PlanView } from "../view.js";
import type { World } from "../world.js";

/** One unit on one machine: its seat, and what the machine says of it. */
interface Spot {
  readonly place: Place;
  readonly seat: Seat | undefined;
  readonly state: UnitState | undefined;
}

/** What is known of a unit that is read again. */
interface Reading {
  /** Then its copies elsewhere do not matter to this one. */
  readonly isGlobal: boolean;
  /** Nothing depends on how old its seat is. */
  readonly isAgeless: boolean;
}

/**
 * For each unit the machines that have a seat or a state of it. The view lists both by machine; and most states that
 * change say nothing that a plan depends on, which is told here by comparing with what was read before.
 */
export class SpotBook {
  /** For each machine, by index, how many seats it has that it has not reported on. */
  readonly unreported: Int32Array;
  readonly #spots = new Map<UnitName, Spot[]>();

  /** Reads all of the world. */
  constructor({ view, places }: World) {
    this.unreported = new Int32Array(places.length);
    for (const place of places) {
      const seats = view.seats.get(place.id);
      const states = view.states.get(place.id);
      for (const [name, seat] of seats ?? []) this.#append(name, { place, seat, state: states?.get(name) });
      for (const [name, state] of states ?? []) {
        if (seats?.has(name) !== true) this.#append(name, { place, seat: undefined, state });
      }
    }
  }

  #append(name: UnitName, spot: Spot): void {
    this.#count(spot, 1);
    const spots = this.#spots.get(name);
    if (spots === undefined) this.#spots.set(name, [spot]);
    else spots.push(spot);
  }

  #count({ place, seat, state }: Spot, by: 1 | -1): void {
    if (seat !== undefined && isSeated(seat) && isUnreported(state)) this.unreported[place.index]! += by;
  }

  /** The machines that have anything of the unit, by id. */
  *placesOf(name: UnitName): Iterable<Place> {
    for (const { place } of this.#spots.get(name) ?? []) yield place;
  }

  /** Whether there is a seat, or a state that says that the unit is there. */
  isAnywhere(name: UnitName): boolean {
    return (this.#spots.get(name) ?? []).some(
      ({ seat, state }) => seat !== undefined || state?.condition === "loaded",
    );
  }

  /** Whether there was a seat or a state of the unit when it was last read. */
  has(name: UnitName, place: Place): boolean {
    const spots = this.#spots.get(name) ?? [];
    return spots[indexOf(spots, place)]?.place === place;
  }

  /** Reads one unit on one machine again. @returns whether a plan may depend on what is different. */
  read(name: UnitName, place: Place, view: PlanView, { isGlobal, isAgeless }: Reading): boolean {
    const spots = this.#spots.get(name) ?? [];
    const at = indexOf(spots, place);
    const before = spots[at]?.place === place ? spots[at] : undefined;
    const seat = view.seats.get(place.id)?.get(name);
    const state = view.states.get(place.id)?.get(name);
    if (before !== undefined) this.#count(before, -1);
    if (seat === undefined && state === undefined) {
      if (before === undefined) return false;
      spots.splice(at, 1);
      if (spots.length === 0) this.#spots.delete(name);
      return true;
    }
    const after: Spot = { place, seat, state };
    this.#count(after, 1);
    spots.splice(at, before === undefined ? 0 : 1, after);
    if (spots.length === 1) this.#spots.set(name, spots);
    return before === undefined || isDifferent(before, after, isGlobal || spots.length === 1, isAgeless);
  }
}

function isDifferent(before: Spot, after: Spot, isAlone: boolean, isAgeless: boolean): boolean {
  if (before.seat === after.seat && before.state === after.state) return false;
  const { place, seat, state } = after;
  const isSameSeat =
    before.seat === seat || (isAgeless && before.seat && seat && areAlike(before.seat, seat));
  // What a machine says of a unit that is loaded where it belongs matters only beside another copy, or if it has to go.
  const isAtHome =
    isAlone &&
    place.stance === "open" &&
    seat !== undefined &&
    seat.target !== "absent" &&
    seat.replaces === undefined &&
    seat.unconfirmed === undefined;
  return !isSameSeat || !isAtHome || !isUnremarkable(before.state) || !isUnremarkable(state);
}

/** Whether two versions of a seat say the same. */
function areAlike(a: Seat, b: Seat): boolean {
  return (
    a.target === b.target &&
    a.contentId === b.contentId &&
    a.hash === b.hash &&
    a.startCount === b.startCount &&
    a.replaces === b.replaces &&
    a.unconfirmed === b.unconfirmed
  );
}

function isUnremarkable(state: UnitState | undefined): boolean {
  return state === undefined || state.condition === "loaded";
}

/** Where the first spot is whose place is not before `place`. */
function indexOf(spots: readonly Spot[], place: Place): number {
  let low = 0;
  let high = spots.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (spots[middle]!.place.index < place.index) low = middle + 1;
    else high = middle;
  }
  return low;
}
