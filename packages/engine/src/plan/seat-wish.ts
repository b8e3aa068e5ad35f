import { type Seat, type Unit, wantedOn } from "@fleet/core";
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
  return seat.startCount === wish.startCount ? undefined : "a new start was asked for";
}
