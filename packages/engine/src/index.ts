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
