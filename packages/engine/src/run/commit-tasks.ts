import type { Revision, UnitName } from "@fleet/core";
import type { ChangeOutcome, LeaderRegistry, Leadership, Logger } from "@fleet/core/ports";
import type { EngineTask } from "../plan/task.js";
import type { MutableCounters } from "./counters.js";
import { toGuardedChange } from "./guarded-change.js";

/**
 * How many tasks are committed before planning again. It bounds for how long a long roll-out keeps a new loss waiting:
 * a few seconds.
 */
export const roundTasksMax = 5_000;

/** What became of a round. */
export interface CommitSummary {
  /** The newest revision that was made; 0 if none. The next plan must not be older. */
  readonly revision: Revision;
  readonly committed: number;
  /** Tasks that were not, or perhaps not, written: the view must be refreshed before the next plan. */
  readonly uncommitted: number;
}

/** Who commits, and who hears of it. */
export interface CommitOffice {
  readonly leaderRegistry: LeaderRegistry;
  readonly leadership: Leadership;
  readonly logger: Logger;
  readonly counters: MutableCounters;
}

/**
 * Commits tasks stage by stage: removals, heads, followers. Where a task was not written, the later ones of its component
 * are dropped, because they were decided on the assumption that it would be.
 * @throws {FleetError} `conflict` if the office is lost; `unavailable` if etcd cannot be reached.
 */
export async function commitTasks(
  office: CommitOffice,
  tasks: readonly EngineTask[],
  signal: AbortSignal,
): Promise<CommitSummary> {
  const broken = new Set<UnitName>();
  let revision: Revision = 0;
  let committed = 0;
  let uncommitted = 0;
  for (const stage of byStage(tasks.toSorted(compareUrgency).slice(0, roundTasksMax))) {
    const sound = stage.filter(({ component }) => !broken.has(component));
    uncommitted += stage.length - sound.length;
    if (sound.length === 0) continue;
    const changes = sound.map(toGuardedChange);
    const result = await office.leaderRegistry.commit(office.leadership, changes, signal);
    revision = Math.max(revision, result.revision);
    for (const [index, task] of sound.entries()) {
      const outcome = result.outcomes[index] ?? "unknown";
      note(office, task, outcome, result.revision);
      if (outcome === "committed") {
        committed += 1;
      } else {
        uncommitted += 1;
        broken.add(task.component);
      }
    }
  }
  return { revision, committed, uncommitted };
}

/** Within a stage, what is running somewhere comes before what is new. */
function compareUrgency(a: EngineTask, b: EngineTask): number {
  return a.stage - b.stage || Number(a.kind === "seat") - Number(b.kind === "seat");
}

function byStage(tasks: readonly EngineTask[]): readonly (readonly EngineTask[])[] {
  const stages = new Map<number, EngineTask[]>();
  for (const task of tasks) {
    const stage = stages.get(task.stage);
    if (stage === undefined) stages.set(task.stage, [task]);
    else stage.push(task);
  }
  return [...stages.values()];
}

function note(
  { logger, counters }: CommitOffice,
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
