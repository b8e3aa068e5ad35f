export type { PlanChanges } from "./plan/incremental/changes.js";
export {
  type IncrementalOptions,
  IncrementalPlanner,
  type PlanningCounts,
} from "./plan/incremental/incremental-planner.js";
export { advanceLoss, initialLossState } from "./plan/loss.js";
export type { LossInput, LossOptions, LossState, LossVerdict } from "./plan/loss-state.js";
export { type Plan, plan } from "./plan/plan.js";
export type { CheckName, FailedCheck, Refusal } from "./plan/refusal.js";
export type {
  ClearMarkTask,
  CollectTask,
  EngineTask,
  MoveTask,
  SeatTask,
  SeatWish,
  TombstoneContent,
  UnseatCause,
  UnseatTask,
  UpdateTask,
} from "./plan/task.js";
export type { Pace, PlanOptions, PlanView } from "./plan/view.js";
export type { Unwilling } from "./plan/world.js";
export type { EngineCounters } from "./run/counters.js";
export { createEngine, type Engine, type EngineOptions, type EngineParts } from "./run/engine.js";
export { createInsight, type Insight, type InsightSources } from "./run/insight.js";
