export type { EngineStatus } from "../cluster/engine-status.js";
export type { Clock, Random } from "./clock.js";
export type { ClusterInsight, SurvivalRequest } from "./cluster-insight.js";
export type { DocumentStore } from "./document-store.js";
export {
  type ChangeOutcome,
  type CommitResult,
  type Election,
  type Guard,
  type GuardedChange,
  type LeaderRegistry,
  type Leadership,
  type LeaderWrite,
  seatGuard,
} from "./leadership.js";
export type { LogFields, Logger } from "./logger.js";
export type {
  MachineDescription,
  MachineSession,
  PublishOutcome,
  SessionCondition,
} from "./machine-session.js";
export type { ClusterReplica, ReplicaChange, ReplicaCondition } from "./replica.js";
export type {
  Job,
  JobResult,
  LocalUnit,
  UnitDirectory,
  UnitManager,
  UnitManagerEvent,
  UnitOutcome,
} from "./unit-manager.js";
export type {
  AcceptOutcome,
  MachineStanding,
  MetadataChange,
  UnitChange,
  UnitRegistry,
  UnitWrite,
  UnitWriteResult,
  WriteOutcome,
} from "./unit-registry.js";
