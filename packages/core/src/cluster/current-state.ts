import type { DesiredState } from "./desired-state.js";
import type { Seat } from "./seat.js";
import type { UnitState } from "./unit-state.js";

/**
 * Derives the original's `currentState` of a unit on a machine.
 * `launched` says that the start the seat asks for was issued, not that the unit runs; `loaded` that the machine has
 * the unit; a unit that is being stopped keeps its old state until the job has ended, so that waiting means something.
 * @param seat - The unit's seat on that machine, tombstones included.
 * @param state - What that machine says of the unit.
 */
export function currentStateOn(seat: Seat | undefined, state: UnitState | undefined): DesiredState {
  if (seat === undefined || state === undefined || state.condition !== "loaded") return "inactive";
  if (state.started === undefined) return "loaded";
  // A seat that asks for a start newer than the one issued is not launched yet; one that asks for none still is,
  // until the stop has ended and the machine has dropped `started`.
  const asksForNewer =
    seat.target === "launched" &&
    (state.started.seatRevision !== seat.createRevision ||
      state.started.contentId !== seat.contentId ||
      state.started.startCount !== seat.startCount);
  return asksForNewer ? "loaded" : "launched";
}
