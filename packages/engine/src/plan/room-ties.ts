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
 * in its place.
 */
export function roomTies(steps: Iterable<Step>): readonly (readonly Subject[])[] {
  const leaving = new Map<MachineId, Subject[]>();
  const arriving: { readonly subject: Subject; readonly machine: MachineId }[] = [];
  for (const { subject, task } of steps) {
    if (subject.reserve.length === 0 || task.machine === undefined) continue;
    if (task.kind === "seat" || task.kind === "move") arriving.push({ subject, machine: task.machine });
    const left =
      task.kind === "unseat" ? task.machine : task.kind === "move" ? task.from?.machine : undefined;
    if (left === undefined) continue;
    const others = leaving.get(left);
    if (others === undefined) leaving.set(left, [subject]);
    else others.push(subject);
  }
  for (const { subject, machine } of arriving) leaving.get(machine)?.push(subject);
  return [...leaving.values()];
}

/** Whether both units reserve something of the same kind, so that one of them may need what the other leaves. */
export function shareResource(a: Subject, b: Subject): boolean {
  if (a.reserve.length === 0 || b.reserve.length === 0) return false;
  return a.reserve.some(({ resource }) => b.reserve.some((other) => other.resource === resource));
}
