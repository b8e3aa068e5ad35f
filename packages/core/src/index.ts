export { AssertionError, assert, assertNever } from "./assert.js";
export type {
  ClusterIdentity,
  ClusterView,
  LeaderRecord,
  UnreadableRecord,
} from "./cluster/cluster-view.js";
export { currentStateOn } from "./cluster/current-state.js";
export { type DesiredState, desiredStates, isDesiredState } from "./cluster/desired-state.js";
export type { Machine, MachinePolicy, Presence, PresenceContent, PresenceState } from "./cluster/machine.js";
export type { Revision, Versioned } from "./cluster/revision.js";
export {
  isSeated,
  isTombstone,
  type Seat,
  type SeatContent,
  type SeatTarget,
  type Term,
} from "./cluster/seat.js";
export type { DestroyedMark, Unit, UnitRecord } from "./cluster/unit-record.js";
export type { Generation, UnitCondition, UnitState, UnitStateContent } from "./cluster/unit-state.js";
export { type ErrorCode, FleetError, type FleetErrorOptions, isFleetError } from "./errors.js";
