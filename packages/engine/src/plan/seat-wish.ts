import { type Seat, type Unit, type UnitState, wantedOn } from "@fleet/core";
import type { Place } from "./place.js";
import type { SeatWish } from "./task.js";

/** Says what a seat of a unit on a machine should say. */
export function wishOf(unit: Unit, place: Place): SeatWish {
  const { desiredState, startCount } = wantedOn(unit, place.id);
  return {
    target: desiredState === "launched" ? "launched" : "loaded",
    contentId: unit.contentId,
    hash: unit.hash,
    startCount,
  };
}

/** Says for people in what a seat differs from what it should say; `undefined` if in nothing. */
export function differenceBetween(seat: Seat, wish: SeatWish): string | undefined {
  if (seat.target !== wish.target) return `desired state ${wish.target}`;
  if (seat.contentId !== wish.contentId || seat.hash !== wish.hash) return "the unit's content was replaced";
  if (seat.startCount !== wish.startCount) return "a new start was asked for";
  return seat.unconfirmed === wish.unconfirmed ? undefined : "the machine has the unit's content";
}

/**
 * Whether a machine may run another content of an exclusive unit than its seat is to say: until the machine says, after the
 * seat was written, that it has it.
 * @param seat - What it has now; absent if it gets its first one, to adopt a copy perhaps.
 */
export function isUnconfirmed(unit: Unit, seat: Seat | undefined, state: UnitState | undefined): boolean {
  const { contentId } = unit;
  if (seat === undefined) return state?.condition === "loaded" && state.contentId !== contentId;
  if (seat.contentId !== contentId) return true;
  if (seat.unconfirmed !== true) return false;
  const isSaid = state?.condition === "loaded" && state.contentId === contentId;
  return !isSaid || state.modRevision < seat.modRevision;
}
