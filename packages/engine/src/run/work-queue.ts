import type { EngineTask } from "../plan/task.js";

/** Tasks that are tied to each other: the stages that are still to come, and how many of the present one are open. */
interface Component {
  readonly stages: EngineTask[][];
  readonly isUrgent: boolean;
  open: number;
  isBroken: boolean;
}

/**
 * Tasks that are to be written. Those of one component come stage by stage, each when the one before is done; those of
 * different components in any order: what is running somewhere before what is new, and by machine, so that what
 * transactions compare is compared once for many.
 */
export class WorkQueue {
  readonly #urgent: EngineTask[] = [];
  readonly #ready: EngineTask[] = [];
  readonly #components = new Map<EngineTask, Component>();

  /** How many tasks wait to be taken. */
  get length(): number {
    return this.#urgent.length + this.#ready.length;
  }

  /** Takes tasks in. Components that were put in before have nothing to do with these. */
  put(tasks: readonly EngineTask[]): void {
    const groups = new Map<string, EngineTask[]>();
    for (const task of tasks.toSorted(compareMachines)) {
      const group = groups.get(task.component);
      if (group === undefined) groups.set(task.component, [task]);
      else group.push(task);
    }
    for (const group of groups.values()) this.#putComponent(group);
  }

  #putComponent(group: EngineTask[]): void {
    const isUrgent = group.some(({ kind }) => kind !== "seat");
    const stages = group.length === 1 ? [group] : inStages(group);
    const component = { stages, isUrgent, open: 0, isBroken: false };
    for (const task of group) this.#components.set(task, component);
    this.#advance(component);
  }

  /** Hands out tasks to be written together. */
  take(max: number): readonly EngineTask[] {
    const urgent = this.#urgent.splice(0, max);
    return urgent.length === max ? urgent : [...urgent, ...this.#ready.splice(0, max - urgent.length)];
  }

  /**
   * Takes in what became of a task.
   * @returns the later tasks of its component, if it was not written: they were decided on the assumption that it would be.
   */
  done(task: EngineTask, isWritten: boolean): readonly EngineTask[] {
    const component = this.#components.get(task)!;
    this.#components.delete(task);
    component.open -= 1;
    if (!isWritten) component.isBroken = true;
    if (component.open > 0) return [];
    if (!component.isBroken) {
      this.#advance(component);
      return [];
    }
    const dropped = component.stages.splice(0).flat();
    for (const later of dropped) this.#components.delete(later);
    return dropped;
  }

  #advance(component: Component): void {
    const next = component.stages.shift();
    if (next === undefined) return;
    component.open = next.length;
    (component.isUrgent ? this.#urgent : this.#ready).push(...next);
  }
}

function inStages(group: readonly EngineTask[]): EngineTask[][] {
  const stages = new Map<number, EngineTask[]>();
  for (const task of group) {
    const stage = stages.get(task.stage);
    if (stage === undefined) stages.set(task.stage, [task]);
    else stage.push(task);
  }
  return [...stages].sort(([a], [b]) => a - b).map(([, stage]) => stage);
}

function compareMachines(a: EngineTask, b: EngineTask): number {
  const x = a.kind === "clear-mark" ? "" : a.machine;
  const y = b.kind === "clear-mark" ? "" : b.machine;
  return x < y ? -1 : x > y ? 1 : 0;
}
