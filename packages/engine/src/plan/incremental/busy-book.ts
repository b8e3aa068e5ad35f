import type { MachineId, Seat, UnitName } from "@fleet/core";
import type { EngineTask, SeatTask } from "../task.js";

/** Stands for the machine of a task that is about none. */
const nowhere = "";

/** Who has something to do in the newest plan. It is decided about again until it is done. */
export class BusyBook {
  readonly #tasks = new Map<UnitName, Map<MachineId | typeof nowhere, EngineTask>>();

  /** @param tasks - Of the newest plan. */
  constructor(tasks: readonly EngineTask[]) {
    for (const task of tasks) {
      const machine = task.kind === "clear-mark" ? nowhere : task.machine;
      const others = this.#tasks.get(task.unit);
      if (others === undefined) this.#tasks.set(task.unit, new Map([[machine, task]]));
      else others.set(machine, task);
    }
  }

  /** The units that have something to do. */
  get names(): Iterable<UnitName> {
    return this.#tasks.keys();
  }

  /** The machines where a unit has something to do, `undefined` for what is not about one machine. */
  *machinesOf(name: UnitName): Iterable<MachineId | undefined> {
    for (const machine of this.#tasks.get(name)?.keys() ?? [])
      yield machine === nowhere ? undefined : machine;
  }

  /** Whether a unit has nothing else to do than to get one seat. */
  hasOneTask(name: UnitName): boolean {
    return this.#tasks.get(name)?.size === 1;
  }

  /** The task of giving a unit this very seat, if there is one. */
  taskFor({ unit, machine, target, contentId, hash, startCount, replaces }: Seat): SeatTask | undefined {
    const task = this.#tasks.get(unit)?.get(machine);
    if (task?.kind !== "seat" || task.predecessor !== undefined || replaces !== undefined) return undefined;
    const { wish } = task;
    const isWished =
      target === wish.target &&
      contentId === wish.contentId &&
      hash === wish.hash &&
      startCount === wish.startCount;
    return isWished ? task : undefined;
  }

  /** Takes note that a task is done. */
  done({ unit, machine }: SeatTask): void {
    const tasks = this.#tasks.get(unit);
    tasks?.delete(machine);
    if (tasks?.size === 0) this.#tasks.delete(unit);
  }
}
