import type { MachineId, Seat } from "@fleet/core";
import type { EngineTask, Plan, UnseatTask } from "@fleet/engine";
import type { ClusterSketch } from "./cluster-sketch.js";

/** Carries a plan out in a sketched cluster, each task as the leader's transaction would. */
export function carryOut(cluster: ClusterSketch, { tasks }: Pick<Plan, "tasks">): void {
  for (const task of tasks) carryOutTask(cluster, task);
}

/**
 * Carries a plan out as far as it goes when some tasks turn out to be stale: the later stages of their components are
 * dropped.
 * @param isStale - Asked for each task by its index.
 */
export function carryOutPartly(
  cluster: ClusterSketch,
  { tasks }: Pick<Plan, "tasks">,
  isStale: (index: number) => boolean,
): void {
  const brokenSince = new Map<string, number>();
  for (const [index, task] of tasks.entries()) {
    const stage = brokenSince.get(task.component);
    if (stage !== undefined && task.stage > stage) continue;
    if (isStale(index)) brokenSince.set(task.component, Math.min(stage ?? task.stage, task.stage));
    else carryOutTask(cluster, task);
  }
}

function carryOutTask(cluster: ClusterSketch, task: EngineTask): void {
  switch (task.kind) {
    case "seat":
      mustBeEmpty(cluster, task.machine, task.unit);
      cluster.putSeat(task.machine, task.unit, task.wish.target, {
        ...contentOf(task),
        ...replacing(task.predecessor?.machine),
      });
      break;
    case "update":
      cluster.putSeat(task.machine, task.unit, task.wish.target, {
        ...contentOf(task),
        ...replacing(task.seat.replaces),
      });
      break;
    case "move":
      mustBeEmpty(cluster, task.machine, task.unit);
      cluster.putSeat(task.from.machine, task.unit, "absent");
      cluster.putSeat(task.machine, task.unit, task.wish.target, {
        ...contentOf(task),
        ...replacing(task.replaces),
      });
      break;
    case "unseat":
      cluster.putSeat(task.machine, task.unit, "absent", { ...lastContentOf(task), reason: task.reason });
      break;
    case "collect":
      cluster.seats.get(task.machine)?.delete(task.unit);
      break;
    case "clear-mark":
      cluster.destroyed.delete(task.unit);
      break;
  }
}

function replacing(machine: MachineId | undefined): Partial<Seat> {
  return machine === undefined ? {} : { replaces: machine };
}

function mustBeEmpty(cluster: ClusterSketch, machine: Seat["machine"], unit: Seat["unit"]): void {
  if (cluster.seats.get(machine)?.has(unit)) throw new Error(`${unit} has a seat on ${machine} already`);
}

function contentOf({ wish, reason }: Extract<EngineTask, { wish: unknown }>): Partial<Seat> {
  const { target: _, ...content } = wish;
  return { ...content, reason };
}

function lastContentOf({ tombstone }: UnseatTask): Partial<Seat> {
  const { contentId, hash, startCount, unconfirmed } = tombstone;
  return { contentId, hash, startCount, ...(unconfirmed === undefined ? {} : { unconfirmed }) };
}

/**
 * Writes a plan's tasks briefly: `+api@m1`, `-api@m1`, `api@m1>m2`, `api@m1+m2` (a seat that is to succeed another),
 * `!api@m1` (update), `~api@m1` (collect).
 */
export function sketchTasks({ tasks }: Pick<Plan, "tasks">): string {
  return tasks.map(sketchTask).join(" ");
}

function sketchTask(task: EngineTask): string {
  const unit = task.unit.replace(/\.service$/, "");
  switch (task.kind) {
    case "seat":
      // A hand-over begins beside the seat that it succeeds.
      return task.predecessor === undefined
        ? `+${unit}@${task.machine}`
        : `${unit}@${task.predecessor.machine}+${task.machine}`;
    case "unseat":
      return `-${unit}@${task.machine}`;
    case "move":
      return `${unit}@${task.from.machine}>${task.machine}`;
    case "update":
      return `!${unit}@${task.machine}`;
    case "collect":
      return `~${unit}@${task.machine}`;
    case "clear-mark":
      return `clear ${unit}`;
  }
}
