import type { MachineId, Seat, UnitName, UnitState } from "@fleet/core";
import { emitTasks } from "./emit.js";
import { decide } from "./plan.js";
import type { Planning } from "./planning.js";
import type { EngineTask } from "./task.js";
import type { PlanView } from "./view.js";
import type { Outlook } from "./what-if-change.js";

/**
 * How many plans one question is carried on for. A hand-over takes two: the new copy, and the end of the old one. More only
 * come of units that wait for each other's places.
 */
const roundsMax = 12;

/** Where a cluster ends up. */
export interface Settled {
  /** The last plan: of a cluster in which there is nothing to do any more. */
  readonly planning: Planning;
  /** Why each unit that got a seat got the last one of them. */
  readonly reasons: ReadonlyMap<UnitName, string>;
  /** Why each unit that lost a seat lost the last one of them. */
  readonly losses: ReadonlyMap<UnitName, string>;
  /** Whether there was still something to do after the last round. */
  readonly isUnfinished: boolean;
}

/**
 * Plays on until there is nothing to do: what is planned is written, and every machine that is there does as it is told at
 * once. A plan that only gives, moves and takes seats needs no second look, because a planner that has nothing new to
 * decide says the same again.
 */
export function settle(outlook: Outlook): Settled {
  return finish(settling(outlook));
}

/** Does the same in steps of one plan each, so that others have their turn in between. */
export function* settling(outlook: Outlook): Generator<undefined, Settled> {
  const reasons = new Map<UnitName, string>();
  const losses = new Map<UnitName, string>();
  let { view } = outlook;
  for (let round = 1; ; round += 1) {
    const planning = decide(view, outlook.options);
    const tasks = emitTasks(planning);
    for (const task of tasks) {
      if (task.kind === "seat" || task.kind === "move") reasons.set(task.unit, task.reason);
      else if (task.kind === "unseat") losses.set(task.unit, task.reason);
    }
    const isOver = !tasks.some((task) => isStep(task, planning));
    if (isOver || round === roundsMax) return { planning, reasons, losses, isUnfinished: !isOver };
    view = carryOut(view, tasks);
    yield undefined;
  }
}

/** Takes all steps at once. */
export function finish<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/**
 * The plan of the same cluster when everything that is under way has been done; what does not come to an end is left as it
 * is.
 */
export function settled(planning: Planning): Planning {
  let p = planning;
  for (let round = 1; round <= roundsMax; round += 1) {
    const tasks = emitTasks(p);
    if (!tasks.some(({ kind }) => kind === "seat" || kind === "move" || kind === "unseat")) break;
    p = decide(carryOut(p.world.view, tasks), p.world.options);
  }
  return p;
}

/** Whether a task is one step of several: the plan says what follows only when it has been done. */
function isStep(task: EngineTask, { world }: Planning): boolean {
  if (task.kind === "seat") return "predecessor" in task;
  if (task.kind !== "unseat") return false;
  // The end of a hand-over is the last step: the new copy is there already.
  return task.cause !== "moved" && world.subjects.get(task.unit)?.kind === "plain";
}

/** The view after tasks were carried out, by the leader and by all machines that are there. */
function carryOut(view: PlanView, tasks: readonly EngineTask[]): PlanView {
  const seats = new CopiedMaps(view.seats);
  const states = new CopiedMaps(view.states);
  const destroyed = new Map(view.destroyed);
  let revision = newestRevision(view);
  const put = (machine: MachineId, seat: Seat): void => {
    seats.of(machine).set(seat.unit, seat);
    if (view.machines.get(machine)?.presence !== undefined) {
      states.of(machine).set(seat.unit, obeyed(seat, states.of(machine).get(seat.unit)));
    }
  };
  const takeAway = (machine: MachineId, unit: UnitName): void => {
    const seat = seats.of(machine).get(unit);
    if (view.machines.get(machine)?.presence === undefined) {
      if (seat !== undefined) seats.of(machine).set(unit, { ...seat, target: "absent" });
      return;
    }
    seats.of(machine).delete(unit);
    states.of(machine).delete(unit);
  };
  for (const task of tasks) {
    revision += 1;
    switch (task.kind) {
      case "move":
        takeAway(task.from.machine, task.unit);
        put(task.machine, newSeat(task, revision, undefined));
        break;
      case "seat":
        put(task.machine, newSeat(task, revision, undefined));
        break;
      case "update":
        put(task.machine, newSeat(task, revision, task.seat));
        break;
      case "unseat":
      case "collect":
        takeAway(task.machine, task.unit);
        break;
      case "clear-mark":
        destroyed.delete(task.unit);
        break;
    }
  }
  return { ...view, seats: seats.maps, states: states.maps, destroyed };
}

/** Copies of maps, each made when it is first written to. */
class CopiedMaps<V> {
  readonly maps: Map<MachineId, ReadonlyMap<UnitName, V>>;
  readonly #copied = new Map<MachineId, Map<UnitName, V>>();

  constructor(maps: ReadonlyMap<MachineId, ReadonlyMap<UnitName, V>>) {
    this.maps = new Map(maps);
  }

  of(machine: MachineId): Map<UnitName, V> {
    let copy = this.#copied.get(machine);
    if (copy === undefined) {
      copy = new Map(this.maps.get(machine));
      this.#copied.set(machine, copy);
      this.maps.set(machine, copy);
    }
    return copy;
  }
}

function newestRevision(view: PlanView): number {
  let newest = 0;
  for (const seats of view.seats.values()) {
    for (const { modRevision } of seats.values()) newest = Math.max(newest, modRevision);
  }
  return newest;
}

function newSeat(
  task: Extract<EngineTask, { readonly wish: unknown }>,
  revision: number,
  old: Seat | undefined,
): Seat {
  const { machine, reason, unit, wish } = task;
  const createRevision = old?.createRevision ?? revision;
  const base = {
    machine,
    unit,
    ...wish,
    term: { n: 0, uuid: "" },
    reason,
    createRevision,
    modRevision: revision,
  };
  const predecessor = replacedBy(task);
  return predecessor === undefined ? base : { ...base, replaces: predecessor };
}

/** The machine that the seat's unit is handed over from. */
function replacedBy(task: Extract<EngineTask, { readonly wish: unknown }>): MachineId | undefined {
  if (task.kind === "update") return task.seat.replaces;
  if ("predecessor" in task) return (task.predecessor as Seat | undefined)?.machine;
  return "replaces" in task ? (task.replaces as MachineId | undefined) : undefined;
}

/** What a machine says of a unit when it has done what the seat asks for. */
function obeyed(seat: Seat, old: UnitState | undefined): UnitState {
  const { contentId, createRevision, hash, machine, modRevision, startCount, target, unit } = seat;
  const isLaunched = target === "launched";
  return {
    machine,
    unit,
    condition: "loaded",
    loadState: "loaded",
    activeState: isLaunched ? "active" : "inactive",
    subState: isLaunched ? "running" : "dead",
    contentId,
    hash,
    ...(isLaunched ? { started: { bootId: "", seatRevision: createRevision, contentId, startCount } } : {}),
    sinceMs: old?.sinceMs ?? 0,
    createRevision: old?.createRevision ?? modRevision,
    modRevision,
  };
}
