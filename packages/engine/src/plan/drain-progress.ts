import {
  belongsToMachine,
  compareUnitNames,
  type DrainProgress,
  isSeated,
  type Machine,
  type UnitName,
} from "@fleet/core";
import type { CheckName, Refusal } from "./refusal.js";
import type { PlanView } from "./view.js";

/** How many stuck units are named for each machine. */
const problemsMax = 10;

/**
 * How far drained machines are drained, by id: what is still there, and why. Read off the view and what the newest plan
 * says of it.
 */
export function drainProgress(
  view: Pick<PlanView, "machines" | "seats" | "units" | "unreadableUnits">,
  refusals: readonly Refusal[],
): readonly DrainProgress[] {
  const drained = [...view.machines.values()]
    .filter(({ policy, presence }) => policy.drained && presence !== undefined)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  if (drained.length === 0) return [];
  const reasons = new Map(refusals.map((refusal) => [`${refusal.unit} ${refusal.machine ?? ""}`, refusal]));
  const refusalOf = (unit: UnitName, { id }: Machine): Refusal | undefined => reasons.get(`${unit} ${id}`);
  const requirementsOf = (name: string) => view.units.get(name as UnitName)?.requirements;
  return drained.map((machine) => {
    const seats = [...(view.seats.get(machine.id)?.values() ?? [])].filter(isSeated);
    const progress = { leaving: 0, waiting: 0, stuck: 0, staying: 0 };
    const problems: { unit: UnitName; reason: string }[] = [];
    for (const seat of seats.sort((a, b) => compareUnitNames(a.unit, b.unit))) {
      const refusal = refusalOf(seat.unit, machine);
      const belongs =
        view.unreadableUnits.has(seat.unit) ||
        belongsToMachine(requirementsOf(seat.unit), machine.id, requirementsOf);
      const standing = belongs ? "staying" : standingOf(refusal);
      progress[standing] += 1;
      if (standing === "stuck" && refusal !== undefined && problems.length < problemsMax) {
        problems.push({ unit: seat.unit, reason: refusal.reason });
      }
    }
    return { machine: machine.id, ...progress, problems };
  });
}

function standingOf(refusal: Refusal | undefined): "leaving" | "waiting" | "stuck" {
  const isFor = (wanted: CheckName): boolean =>
    refusal?.failed.some(({ check }) => check === wanted) === true;
  if (refusal === undefined || isFor("hand-over")) return "leaving";
  return isFor("pace") ? "waiting" : "stuck";
}
