import type { MachineId } from "@fleet/core";
import type { Subject } from "./subject.js";
import type { EngineTask } from "./task.js";

/** What is needed of a task to see which machines it takes room from and gives room to. */
interface Step {
  readonly subject: Subject;
  readonly task: Pick<EngineTask, "kind"> & {
    readonly machine?: MachineId;
    readonly from?: { readonly machine: MachineId };
  };
}

/**
 * Ties units that take room on a machine to those that leave it to them: should a removal not come about, nothing may come
 * in its place. What a destroyed unit excluded or reserved nobody knows any more, so it is tied to all that come.
 */
export function roomTies(steps: Iterable<Step>): readonly (readonly Subject[])[] {
  const leaving = new Map<MachineId, { readonly known: Subject[]; readonly unknown: Subject[] }>();
  const arriving: { readonly subject: Subject; readonly machine: MachineId }[] = [];
  for (const { subject, task } of steps) {
    if (task.machine === undefined) continue;
    if (task.kind === "seat" || task.kind === "move") arriving.push({ subject, machine: task.machine });
    const left =
      task.kind === "unseat" ? task.machine : task.kind === "move" ? task.from?.machine : undefined;
    const isUnknown = subject.unit === undefined;
    if (left === undefined || (subject.reserve.length === 0 && !isUnknown)) continue;
    const others = leaving.get(left) ?? { known: [], unknown: [] };
    leaving.set(left, others);
    (isUnknown ? others.unknown : others.known).push(subject);
  }
  for (const { subject, machine } of arriving) {
    const { known, unknown } = leaving.get(machine) ?? {};
    if (subject.reserve.length > 0) known?.push(subject);
    if (unknown !== undefined && unknown.length > 0) unknown.push(subject);
  }
  return [...leaving.values()].flatMap(({ known, unknown }) => [known, unknown]);
}

/** Whether both units reserve something of the same kind, so that one of them may need what the other leaves. */
export function shareResource(a: Subject, b: Subject): boolean {
  if (a.reserve.length === 0 || b.reserve.length === 0) return false;
  return a.reserve.some(({ resource }) => b.reserve.some((other) => other.resource === resource));
}
