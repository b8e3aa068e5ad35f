import {
  belongsToMachine,
  compareUnitNames,
  type DrainProgress,
  isSeated,
  type Machine,
  type MachineId,
  type UnitName,
} from "@fleet/core";
import type { CheckName, Refusal } from "./refusal.js";
import type { PlanView } from "./view.js";

/** Why a unit stays of which nobody knows what it demands, as a clause. */
export const unreadableReason = "its record, text or seat cannot be read, so it is left exactly as it is";

/** How many stuck units are named for each machine. */
const problemsMax = 10;

/**
 * How far drained machines are drained, by id: what is still there, and why. Read off the view and what the newest plan
 * says of it.
 */
export function drainProgress(
  view: Pick<PlanView, "machines" | "seats" | "states" | "units" | "unreadableUnits">,
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
    for (const unit of unreadableUnitsOn(view, machine.id)) {
      progress.stuck += 1;
      if (problems.length < problemsMax) problems.push({ unit, reason: unreadableReason });
    }
    for (const seat of seats.sort((a, b) => compareUnitNames(a.unit, b.unit))) {
      if (isUnreadable(view, seat.unit)) continue;
      const refusal = refusalOf(seat.unit, machine);
      const belongs = belongsToMachine(requirementsOf(seat.unit), machine.id, requirementsOf);
      const standing = belongs ? "staying" : standingOf(refusal);
      progress[standing] += 1;
      if (standing === "stuck" && refusal !== undefined && problems.length < problemsMax) {
        problems.push({ unit: seat.unit, reason: refusal.reason });
      }
    }
    return { machine: machine.id, ...progress, problems };
  });
}

/**
 * Lists the units on a machine that cannot be read, by name: those with a seat there, and those that it says it has, because
 * a seat that could never be read is not among the seats.
 */
export function unreadableUnitsOn(
  view: Pick<PlanView, "seats" | "states" | "units" | "unreadableUnits">,
  machine: MachineId,
): readonly UnitName[] {
  const seats = view.seats.get(machine);
  const seated = [...(seats?.values() ?? [])].filter(isSeated).map(({ unit }) => unit);
  const unseated = [...(view.states.get(machine)?.values() ?? [])]
    .filter(({ condition, unit }) => condition === "loaded" && seats?.has(unit) !== true)
    .map(({ unit }) => unit);
  return [...seated, ...unseated].filter((unit) => isUnreadable(view, unit)).sort(compareUnitNames);
}

/** Whether nobody knows what the unit demands: it may belong here or not, so it is neither moved nor called at home. */
function isUnreadable(view: Pick<PlanView, "units" | "unreadableUnits">, name: UnitName): boolean {
  const unit = view.units.get(name);
  return view.unreadableUnits.has(name) || (unit !== undefined && unit.requirements === undefined);
}

function standingOf(refusal: Refusal | undefined): "leaving" | "waiting" | "stuck" {
  const isFor = (wanted: CheckName): boolean =>
    refusal?.failed.some(({ check }) => check === wanted) === true;
  if (refusal === undefined || isFor("hand-over")) return "leaving";
  return isFor("pace") ? "waiting" : "stuck";
}
