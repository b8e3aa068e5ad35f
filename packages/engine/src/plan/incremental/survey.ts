import type { UnitName } from "@fleet/core";
import type { Place } from "../place.js";
import type { PlanOptions, PlanView } from "../view.js";
import {
  type Grave,
  recallRefusals,
  sortClaims,
  surveySeat,
  surveyState,
  surveyUnit,
  unwillingOf,
} from "../world.js";
import type { Candidate } from "./closure.js";
import type { StandingCluster } from "./standing-cluster.js";

/** Whether anything is left of a unit that a plan has to do with. */
export function isThere(cluster: StandingCluster, view: PlanView, name: UnitName): boolean {
  return (
    view.units.has(name) ||
    view.unreadableUnits.has(name) ||
    view.destroyed.has(name) ||
    cluster.spots.isAnywhere(name)
  );
}

/**
 * Prepares one unit as a plan from scratch would.
 * @param places - The machines to look at, by id; elsewhere the unit is taken not to be.
 */
export function surveyCandidate(
  cluster: StandingCluster,
  view: PlanView,
  options: PlanOptions,
  name: UnitName,
  places: readonly Place[],
): Candidate {
  const subject = surveyUnit(name, view, cluster.books);
  const graves: Grave[] = [];
  for (const place of places) {
    const seat = view.seats.get(place.id)?.get(name);
    if (seat !== undefined) surveySeat(subject, place, seat, view.states.get(place.id)?.get(name), graves);
  }
  for (const place of places) {
    const state = view.states.get(place.id)?.get(name);
    if (state !== undefined) surveyState(subject, place, state);
  }
  const unwilling = unwillingOf(subject, cluster.places);
  recallRefusals(subject, options, cluster.placeOf);
  sortClaims(subject);
  return { subject, graves, unwilling };
}
