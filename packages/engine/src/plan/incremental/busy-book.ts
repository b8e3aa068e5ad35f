import type { MachineId, Seat, UnitName } from "@fleet/core";
import type { EngineTask, SeatTask } from "../task.js";

/** Stands for the machine of a task that is about none. */
const nowhere = "";

/** What a unit has to do: one task, as nearly always, or several, by machine. */
type Work = EngineTask | Map<MachineId | typeof nowhere, EngineTask>;

/** Who has something to do in the newest plan. It is decided about again until it is done. */
export class BusyBook {
  readonly #work = new Map<UnitName, Work>();

  /** @param tasks - Of the newest plan. */
  constructor(tasks: readonly EngineTask[]) {
    for (const task of tasks) {
      const work = this.#work.get(task.unit);
      if (work === undefined) this.#work.set(task.unit, task);
      else if (work instanceof Map) work.set(machineOf(task), task);
      else {
        const several: Work = new Map([[machineOf(work), work]]);
        this.#work.set(task.unit, several.set(machineOf(task), task));
      }
    }
  }

  /** The units that have something to do. */
  get names(): Iterable<UnitName> {
    return this.#work.keys();
  }

  /** The machines where a unit has something to do, `undefined` for what is not about one machine. */
  *machinesOf(name: UnitName): Iterable<MachineId | undefined> {
    const work = this.#work.get(name);
    if (work === undefined) return;
    for (const machine of work instanceof Map ? work.keys() : [machineOf(work)]) {
      yield machine === nowhere ? undefined : machine;
    }
  }

  /** Whether a unit has nothing else to do than to get one seat. */
  hasOneTask(name: UnitName): boolean {
    const work = this.#work.get(name);
    return work !== undefined && (!(work instanceof Map) || work.size === 1);
  }

  /** The task of giving a unit this very seat, if there is one. */
  taskFor({
    unit,
    machine,
    target,
    contentId,
    hash,
    startCount,
    replaces,
    unconfirmed,
  }: Seat): SeatTask | undefined {
    const work = this.#work.get(unit);
    const task = work instanceof Map ? work.get(machine) : work;
    if (task?.kind !== "seat" || task.machine !== machine) return undefined;
    if (task.predecessor !== undefined || replaces !== undefined) return undefined;
    const { wish } = task;
    const isWished =
      target === wish.target &&
      contentId === wish.contentId &&
      hash === wish.hash &&
      startCount === wish.startCount &&
      unconfirmed === wish.unconfirmed;
    return isWished ? task : undefined;
  }

  /** Takes note that a task is done. */
  done({ unit, machine }: SeatTask): void {
    const work = this.#work.get(unit);
    if (!(work instanceof Map)) this.#work.delete(unit);
    else if (work.delete(machine) && work.size === 0) this.#work.delete(unit);
  }
}

function machineOf(task: EngineTask): MachineId | typeof nowhere {
  return task.kind === "clear-mark" ? nowhere : task.machine;
}
