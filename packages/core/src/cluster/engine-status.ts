import type { MachineId } from "../machine/machine-id.js";
import type { UnitName } from "../unit/unit-name.js";

/** A machine that is lost, and whose units wait because of the loss rules (P8). */
export interface HeldMachine {
  readonly machine: MachineId;
  /** Why, for people. */
  readonly held: string;
  /** Until when, in ms since the Unix epoch by the leader's clock; absent if no time ends it. */
  readonly untilMs?: number;
}

/** A unit that is wanted somewhere and has no place there, as of the leader's newest plan. */
export interface RefusedUnit {
  readonly unit: UnitName;
  /** A sentence for people. */
  readonly reason: string;
}

/**
 * What the leader holds back, and why; for people, nothing is decided by it. It lives as long as the office. Of a long
 * list of refusals it has the beginning.
 */
export interface EngineStatus {
  readonly machines: readonly HeldMachine[];
  readonly refusals: readonly RefusedUnit[];
}
