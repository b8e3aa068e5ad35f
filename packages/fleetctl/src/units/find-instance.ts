import type { UnitStatusV2, UnitsSnapshot } from "@fleet/client";
import { machineIdLegend } from "../output/machine-legend.js";
import { whyNot } from "./judge.js";

/** What `unit@@machine` means for a command that changes something. */
export type FoundInstance =
  /** A plain unit, which is on that machine. */
  | { readonly kind: "whole" }
  /** A global unit, on that machine alone. */
  | { readonly kind: "instance"; readonly machineId: string }
  /** Not there, or not to be told apart. */
  | { readonly kind: "none"; readonly problem: string; readonly hint: string };

/**
 * Finds a unit on a machine.
 * @param prefix - The beginning of the machine's id; it must fit one machine of the unit alone.
 */
export function findInstance(unit: UnitStatusV2, prefix: string, snapshot: UnitsSnapshot): FoundInstance {
  const { name } = unit;
  const ids = unit.global ? machinesOf(unit, snapshot) : homesOf(unit);
  const meant = ids.filter((id) => id.startsWith(prefix));
  const [machineId] = meant;
  if (machineId === undefined) {
    const problem = `unit ${name} is not on a machine whose id begins with ${prefix}`;
    if (ids.length > 0) return { kind: "none", problem, hint: `it is on ${ids.map(legend).join(", ")}` };
    const why = unit.global ? "no machine has it" : whyNot(unit, snapshot);
    return { kind: "none", problem, hint: unit.global ? why : `unit ${name}: ${why}` };
  }
  if (meant.length > 1) {
    const problem = `unit ${name} is on more than one machine whose id begins with ${prefix}`;
    return { kind: "none", problem, hint: meant.join(", ") };
  }
  if (!unit.global) return { kind: "whole" };
  if (snapshot.isComplete) return { kind: "instance", machineId };
  return {
    kind: "none",
    problem: `unit ${name} is global, and the server cannot act on it on one machine alone`,
    hint: "it has no v2 API",
  };
}

function legend(id: string): string {
  return machineIdLegend(id, false);
}

/** A plain unit has one place at a time; while it is handed over, that is the one it goes to. */
function homesOf({ machineID, seats = [] }: UnitStatusV2): readonly string[] {
  if (machineID !== undefined) return [machineID];
  return seats.filter(({ target }) => target !== "absent").map((seat) => seat.machineID);
}

function machinesOf({ name, seats = [] }: UnitStatusV2, { states }: UnitsSnapshot): readonly string[] {
  const seated = seats.filter(({ target }) => target !== "absent").map(({ machineID }) => machineID);
  const reporting = states.get(name)?.filter(({ condition }) => condition === "loaded") ?? [];
  return [...new Set([...seated, ...reporting.map(({ machineID }) => machineID)])].sort();
}
