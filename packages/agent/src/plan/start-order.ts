import type { UnitName } from "@fleet/core";
import type { AgentTask, AgentTaskKind, MachineView, UnitView } from "./machine-view.js";
import { readableFile } from "./unit-facts.js";

/** What brings a unit nearer to its start. */
const approaches: readonly AgentTaskKind[] = ["load", "replace", "start"];

/**
 * Holds back the starts of units that come after others which are on their way, too: systemd orders jobs that it has, and
 * cannot order what it has not been asked for yet. Once the others' starts have been issued, it does the rest.
 * Nobody waits for a unit that is going nowhere: one that failed, or that is only loaded, or whose order leads in a ring.
 * @param tasks - What was planned, without regard to order.
 * @returns for each start that is to wait, for which unit.
 */
export function startsToWait(
  view: MachineView,
  tasks: readonly AgentTask[],
): ReadonlyMap<UnitName, UnitName> {
  const waits = new Map<UnitName, UnitName>();
  const starts = tasks.filter((task) => task.kind === "start");
  if (starts.length === 0) return waits;
  const coming = unitsToCome(view, tasks);
  const before = predecessors(coming);
  if (before.size === 0) return waits;
  for (const { unit } of starts) {
    const first = before.get(unit)?.find((other) => !leadsTo(before, other, unit));
    if (first !== undefined) waits.set(unit, first);
  }
  return waits;
}

function unitsToCome(view: MachineView, tasks: readonly AgentTask[]): ReadonlyMap<UnitName, UnitView> {
  const coming = new Map<UnitName, UnitView>();
  const add = (unit: UnitView | undefined) => {
    if (unit?.seat?.target === "launched") coming.set(unit.name, unit);
  };
  for (const task of tasks) if (approaches.includes(task.kind)) add(view.units.get(task.unit));
  for (const unit of view.units.values()) {
    if (unit.work !== undefined && approaches.includes(unit.work)) add(unit);
  }
  return coming;
}

/** For each unit to come that comes after others to come: those. */
function predecessors(coming: ReadonlyMap<UnitName, UnitView>): ReadonlyMap<UnitName, readonly UnitName[]> {
  const before = new Map<UnitName, UnitName[]>();
  const add = (earlier: string, later: string) => {
    if (earlier === later || !coming.has(earlier as UnitName) || !coming.has(later as UnitName)) return;
    const list = before.get(later as UnitName) ?? [];
    list.push(earlier as UnitName);
    before.set(later as UnitName, list);
  };
  for (const unit of coming.values()) {
    const file = readableFile(unit);
    for (const other of file?.after ?? []) add(other, unit.name);
    for (const other of file?.before ?? []) add(unit.name, other);
  }
  return before;
}

/** Whether `from` comes, over whatever others, after `to`: then waiting for it would be waiting for oneself. */
function leadsTo(before: ReadonlyMap<UnitName, readonly UnitName[]>, from: UnitName, to: UnitName): boolean {
  const seen = new Set<UnitName>();
  const next = [from];
  for (let unit = next.pop(); unit !== undefined; unit = next.pop()) {
    if (unit === to) return true;
    if (seen.has(unit)) continue;
    seen.add(unit);
    next.push(...(before.get(unit) ?? []));
  }
  return false;
}
