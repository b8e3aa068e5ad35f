import type { PlanView } from "./view.js";

/** Copies the maps of a view, so that it can be kept while the cluster goes on. Records themselves never change. */
export function copyView(view: PlanView): PlanView {
  return {
    units: new Map(view.units),
    destroyed: new Map(view.destroyed),
    machines: new Map(view.machines),
    seats: copyNested(view.seats),
    states: copyNested(view.states),
    unreadableUnits: new Set(view.unreadableUnits),
    unreadableSeats: new Set(view.unreadableSeats),
    presumed: new Map(view.presumed),
  };
}

function copyNested<K, L, V>(maps: ReadonlyMap<K, ReadonlyMap<L, V>>): ReadonlyMap<K, ReadonlyMap<L, V>> {
  return new Map([...maps].map(([key, map]) => [key, new Map(map)]));
}
