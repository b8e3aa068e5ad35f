import type { EngineTask } from "../plan/task.js";

/** What an engine has done since the process began. For metrics; nothing is decided by it. */
export interface EngineCounters {
  readonly plans: number;
  /** Those of the plans that only decided about what an event could affect. */
  readonly partialPlans: number;
  readonly planDurationMsLast: number;
  readonly planDurationMsTotal: number;
  /** Committed tasks by kind. */
  readonly tasks: Readonly<Record<EngineTask["kind"], number>>;
  /** Tasks that were dropped because what they were decided from had changed. */
  readonly staleTasks: number;
  /** Tasks of which it was not known at once whether they were written. */
  readonly unknownTasks: number;
  /** Rounds that ended in an error, etcd out of reach for example. */
  readonly failedRounds: number;
  /** Terms of office that began. */
  readonly terms: number;
  /** Wanted units without the place they want, as of the newest plan. */
  readonly refusals: number;
  /** Machines whose units wait because of the loss rules. */
  readonly heldMachines: number;
}

/** The same, for the one who counts. */
export interface MutableCounters extends EngineCounters {
  plans: number;
  partialPlans: number;
  planDurationMsLast: number;
  planDurationMsTotal: number;
  readonly tasks: Record<EngineTask["kind"], number>;
  staleTasks: number;
  unknownTasks: number;
  failedRounds: number;
  terms: number;
  refusals: number;
  heldMachines: number;
}

/** Counts from zero. */
export function newCounters(): MutableCounters {
  return {
    plans: 0,
    partialPlans: 0,
    planDurationMsLast: 0,
    planDurationMsTotal: 0,
    tasks: { seat: 0, update: 0, unseat: 0, move: 0, collect: 0, "clear-mark": 0 },
    staleTasks: 0,
    unknownTasks: 0,
    failedRounds: 0,
    terms: 0,
    refusals: 0,
    heldMachines: 0,
  };
}
