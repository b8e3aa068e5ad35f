import type { Place } from "./place.js";

/** Finds a machine that is away, but not for so long that no exclusive unit can be running there. */
export function findDoubtful(places: readonly Place[]): Place | undefined {
  return places.find(({ stance, fenced }) => (stance === "away" || stance === "released") && !fenced);
}
