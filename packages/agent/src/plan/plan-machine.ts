import { compareUnitNames, conflictBetween, isTombstone, type UnitName } from "@fleet/core";
import type { AgentTask, MachinePlan, MachineView, UnitView } from "./machine-view.js";
import { planRemoval } from "./plan-removal.js";
import { planSeat } from "./plan-seat.js";
import { startsToWait } from "./start-order.js";
import { canBeStopped, isThere, readableFile } from "./unit-facts.js";

/** What the plan of one unit is: a task, or why it has to wait, or nothing. */
export type UnitPlan =
  | { readonly kind: "task"; readonly task: AgentTask }
  | { readonly kind: "wait"; readonly reason: string }
  | undefined;

/**
 * Decides the next step of each unit.
 * A unit is stopped only because of a present seat that says so and is newer than anything acted on before; what is
 * absent, unreadable or unknown stops nothing. Nothing is begun while the seats are not to be acted on, but for a
 * replacement that is half done.
 * @param only - If given, plans are made for these units alone; all are looked at.
 */
export function planMachine(view: MachineView, only?: ReadonlySet<UnitName>): MachinePlan {
  const tasks: AgentTask[] = [];
  const waits = new Map<UnitName, string>();
  if (!view.isConnected) return { tasks, waits };
  const starting = new Set<UnitName>();
  for (const unit of inOrder(view, only)) {
    if (!mayAct(view, unit) || unit.work !== undefined) continue;
    const plan = planUnit(view, unit, () => blocker(view, unit, starting));
    if (plan?.kind === "wait") waits.set(unit.name, plan.reason);
    if (plan?.kind !== "task" || !isAllowed(view, plan.task)) continue;
    tasks.push(plan.task);
    if (plan.task.kind === "start") starting.add(unit.name);
  }
  const later = startsToWait(view, tasks);
  for (const [name, first] of later)
    waits.set(name, `waits for the start of "${first}", which it comes after`);
  return { tasks: tasks.filter((task) => task.kind !== "start" || !later.has(task.unit)), waits };
}

function planUnit(view: MachineView, unit: UnitView, blockedBy: () => string | undefined): UnitPlan {
  if (unit.seat === undefined) {
    if (isThere(unit) || !unit.hasState) return undefined;
    return {
      kind: "task",
      task: { kind: "forget", unit: unit.name, reason: "neither here nor seated here" },
    };
  }
  return isTombstone(unit.seat) ? planRemoval(unit, unit.seat) : planSeat(unit, unit.seat, view, blockedBy);
}

/** Older seats first, so that of two units that exclude each other the older one starts. */
function inOrder(view: MachineView, only: ReadonlySet<UnitName> | undefined): readonly UnitView[] {
  const units: UnitView[] = [];
  if (only === undefined) units.push(...view.units.values());
  else {
    for (const name of only) {
      const unit = view.units.get(name);
      if (unit !== undefined) units.push(unit);
    }
  }
  const age = (unit: UnitView) => unit.seat?.createRevision ?? 0;
  return units.sort((a, b) => age(a) - age(b) || compareUnitNames(a.name, b.name));
}

function mayAct(view: MachineView, unit: UnitView): boolean {
  switch (view.condition) {
    case "joined":
      return true;
    case "disconnected":
      return unit.isReplacing;
    case "offline":
      return unit.seat?.target === "launched";
    default:
      return false;
  }
}

/** What was last known is a reason to start something, and no evidence for anything else. */
function isAllowed({ condition }: MachineView, { kind }: AgentTask): boolean {
  return condition !== "offline" || kind === "load" || kind === "start" || kind === "note-start";
}

/** Names a unit beside which `unit` may not be started now: its processes are here, or on their way. */
function blocker(view: MachineView, unit: UnitView, starting: ReadonlySet<UnitName>): string | undefined {
  const own = { name: unit.name, conflicts: readableFile(unit)?.conflicts ?? [] };
  for (const other of view.units.values()) {
    const file = readableFile(other);
    if (file === undefined || other.name === unit.name) continue;
    if (own.conflicts.length === 0 && file.conflicts.length === 0) continue;
    if (!starting.has(other.name) && !occupies(other)) continue;
    if (conflictBetween(own, { name: other.name, conflicts: file.conflicts }) !== undefined) {
      return other.name;
    }
  }
  return undefined;
}

function occupies(unit: UnitView): boolean {
  return canBeStopped(unit.local) || unit.work === "start" || unit.work === "stop" || unit.work === "replace";
}
