import type { UnitsSnapshot } from "@fleet/client";
import { whyNot } from "./judge.js";

/** Where a unit is: on machines, by id, of which a global one may have many; or nowhere, and why. */
export type Places =
  | { readonly kind: "there"; readonly machineIds: readonly [string, ...string[]] }
  /** The cluster has no such unit. */
  | { readonly kind: "absent" }
  | { readonly kind: "nowhere"; readonly why: string };

/**
 * Finds the machines of a unit: the one it is on, or all that report to have it if it is global.
 * @param machine - If given, only machines whose ids begin so count.
 */
export function findPlaces(name: string, snapshot: UnitsSnapshot, machine = ""): Places {
  const unit = snapshot.units.get(name);
  if (unit === undefined) return { kind: "absent" };
  const ids = unit.global ? reporters(name, snapshot) : seatOf(unit);
  const [first, ...others] = ids.filter((id) => id.startsWith(machine));
  if (first !== undefined) return { kind: "there", machineIds: [first, ...others] };
  if (ids.length > 0) return { kind: "nowhere", why: `it is on no machine whose id begins with ${machine}` };
  return { kind: "nowhere", why: unit.global ? "no machine reports to have it" : whyNot(unit, snapshot) };
}

function reporters(name: string, { states }: UnitsSnapshot): readonly string[] {
  const loaded = states.get(name)?.filter(({ condition }) => condition === "loaded") ?? [];
  return loaded.map(({ machineID }) => machineID);
}

function seatOf(unit: { readonly currentState?: string; readonly machineID?: string }): readonly string[] {
  const isThere = unit.currentState !== undefined && unit.currentState !== "inactive";
  return isThere && unit.machineID !== undefined ? [unit.machineID] : [];
}
