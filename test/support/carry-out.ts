import type { Seat } from "@fleet/core";
import type { EngineTask, Plan } from "@fleet/engine";
import type { ClusterSketch } from "./cluster-sketch.js";

/** Carries a plan out in a sketched cluster, each task as the leader's transaction would. */
export function carryOut(cluster: ClusterSketch, { tasks }: Pick<Plan, "tasks">): void {
  for (const task of tasks) carryOutTask(cluster, task);
}

function carryOutTask(cluster: ClusterSketch, task: EngineTask): void {
  switch (task.kind) {
    case "seat":
      mustBeEmpty(cluster, task.machine, task.unit);
      cluster.putSeat(task.machine, task.unit, task.wish.target, contentOf(task));
      break;
    case "update":
      cluster.putSeat(task.machine, task.unit, task.wish.target, contentOf(task));
      break;
    case "move":
      mustBeEmpty(cluster, task.machine, task.unit);
      cluster.putSeat(task.from.machine, task.unit, "absent");
      cluster.putSeat(task.machine, task.unit, task.wish.target, contentOf(task));
      break;
    case "unseat":
      cluster.putSeat(task.machine, task.unit, "absent", { reason: task.reason });
      break;
    case "collect":
      cluster.seats.get(task.machine)?.delete(task.unit);
      break;
    case "clear-mark":
      cluster.destroyed.delete(task.unit);
      break;
  }
}

function mustBeEmpty(cluster: ClusterSketch, machine: Seat["machine"], unit: Seat["unit"]): void {
  if (cluster.seats.get(machine)?.has(unit)) throw new Error(`${unit} has a seat on ${machine} already`);
}

function contentOf({ wish, reason }: Extract<EngineTask, { wish: unknown }>): Partial<Seat> {
  return { contentId: wish.contentId, hash: wish.hash, startCount: wish.startCount, reason };
}

/** Writes a plan's tasks briefly: `+api@m1`, `-api@m1`, `api@m1>m2`, `!api@m1` (update), `~api@m1` (collect). */
export function sketchTasks({ tasks }: Pick<Plan, "tasks">): string {
  return tasks.map(sketchTask).join(" ");
}

function sketchTask(task: EngineTask): string {
  const unit = task.unit.replace(/\.service$/, "");
  switch (task.kind) {
    case "seat":
      return `+${unit}@${task.machine}`;
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
