import type { Revision } from "@fleet/core";
import type { ChangeOutcome, Logger } from "@fleet/core/ports";
import type { EngineTask } from "../plan/task.js";
import type { MutableCounters } from "./counters.js";

/** Logs and counts what has become of a task. */
export function noteOutcome(
  logger: Logger,
  counters: MutableCounters,
  task: EngineTask,
  outcome: ChangeOutcome,
  revision: Revision,
): void {
  const { unit, reason } = task;
  if (outcome !== "committed") {
    counters[outcome === "stale" ? "staleTasks" : "unknownTasks"] += 1;
    logger.debug("task not committed", { task: task.kind, unit, outcome });
    return;
  }
  counters.tasks[task.kind] += 1;
  switch (task.kind) {
    case "seat":
      logger.info("unit placed", { unit, machine: task.machine, reason, revision });
      break;
    case "move":
      logger.info("unit moved", { unit, machine: task.machine, from: task.from.machine, reason, revision });
      break;
    case "unseat":
      logger.info("unit unseated", { unit, machine: task.machine, cause: task.cause, reason, revision });
      break;
    case "update":
      logger.info("seat updated", { unit, machine: task.machine, reason, revision });
      break;
    case "collect":
    case "clear-mark":
      logger.debug("record collected", { task: task.kind, unit, reason, revision });
      break;
  }
}
