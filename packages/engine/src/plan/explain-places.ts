import type { ExplainedPlace } from "@fleet/core";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";
import { isActive } from "./world.js";

/** How many places of a global unit are told of one by one. */
const placesMax = 100;

/** The machines a unit has to do with, and how many there are. */
export interface ExplainedPlaces {
  readonly places: readonly ExplainedPlace[];
  readonly total: number;
  /** Of those with a seat or about to get one, where the unit is active. */
  readonly active: number;
  readonly seats: number;
}

/** Lists where a unit is, was told to go, and is about to be, by machine; where something is amiss first if there are many. */
export function explainPlaces(p: Planning, subject: Subject): ExplainedPlaces {
  const places: ExplainedPlace[] = [];
  const changes = changesOf(p, subject);
  for (const place of placesOf(p, subject, changes)) {
    const explained = explainPlace(p, subject, place, changes);
    if (explained !== undefined) places.push(explained);
  }
  const belongs = places.filter(({ role }) => role === "seat" || role === "arriving");
  const active = belongs.filter(({ state }) => isActive(state)).length;
  const total = places.length;
  const counts = { total, active, seats: belongs.length };
  if (total <= placesMax) return { places, ...counts };
  const amiss = places.filter(({ role, state }) => role !== "seat" || !isActive(state));
  const fine = places.filter(({ role, state }) => role === "seat" && isActive(state));
  return { places: [...amiss, ...fine].slice(0, placesMax), ...counts };
}

/** What the plan has decided of a unit's places, by machine: why it comes and why it goes. */
interface Changes {
  readonly arrivals: ReadonlyMap<Place, string>;
  readonly departures: ReadonlyMap<Place, string>;
}

function changesOf(p: Planning, subject: Subject): Changes {
  const arrivals = new Map<Place, string>();
  const departures = new Map<Place, string>();
  const { at, from, predecessor } = subject;
  if (subject.kind === "plain" && at !== from?.place) {
    if (at !== undefined) arrivals.set(at, subject.arrivingBecause);
    if (from !== undefined) departures.set(from.place, subject.leavingBecause ?? subject.arrivingBecause);
  }
  if (predecessor !== undefined) {
    departures.set(predecessor.place, `handed over to ${at?.id}, when it runs there`);
  }
  for (const seating of p.globalSeatings) {
    if (seating.subject === subject) arrivals.set(seating.place, seating.reason);
  }
  for (const unseating of p.unseatings) {
    if (unseating.subject === subject) departures.set(unseating.place, unseating.reason);
  }
  return { arrivals, departures };
}

/** The machines that have anything of a unit, or are about to, by id. */
function placesOf(p: Planning, { keyed, strays }: Subject, { arrivals }: Changes): readonly Place[] {
  const indexes = new Set(keyed);
  for (const { place } of strays) indexes.add(place.index);
  for (const { index } of arrivals.keys()) indexes.add(index);
  return [...indexes].sort((a, b) => a - b).map((index) => p.world.places[index]!);
}

function explainPlace(
  p: Planning,
  subject: Subject,
  place: Place,
  { arrivals, departures }: Changes,
): ExplainedPlace | undefined {
  const { view } = p.world;
  const seat = view.seats.get(place.id)?.get(subject.name);
  const present = place.presenceRevision !== 0;
  // What a machine that is away has said is of the past.
  const state = present ? view.states.get(place.id)?.get(subject.name) : undefined;
  const base = { machine: place.id, present, ...(state === undefined ? {} : { state }) };
  const leaving = departures.get(place);
  if (seat === undefined) {
    const arriving = arrivals.get(place);
    if (arriving !== undefined) return { ...base, role: "arriving", reason: arriving };
    if (state?.condition !== "loaded") return undefined;
    return { ...base, role: "copy", reason: leaving ?? "is there without a seat" };
  }
  const known = { ...base, target: seat.target, seatRevision: seat.createRevision };
  if (seat.target === "absent") return { ...known, role: "stopping", reason: seat.reason };
  if (leaving !== undefined) return { ...known, role: "leaving", reason: leaving };
  return { ...known, role: "seat", reason: seat.reason };
}
