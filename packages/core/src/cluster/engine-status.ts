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

/** A machine that is away, and whose copies of exclusive units may run on for a while (P9). */
export interface FencingMachine {
  readonly machine: MachineId;
  /** Until when its units wait, in ms since the Unix epoch by the leader's clock. */
  readonly untilMs: number;
}

/** A unit that is wanted somewhere and has no place there, as of the leader's newest plan. */
export interface RefusedUnit {
  readonly unit: UnitName;
  /** A sentence for people. */
  readonly reason: string;
}

/** How far a machine is drained, as of the leader's newest plan. */
export interface DrainProgress {
  readonly machine: MachineId;
  /** Units that are on their way: a new copy has its place, and the old one runs until that one does. */
  readonly leaving: number;
  /** Units whose turn will come. */
  readonly waiting: number;
  /** Units that will not get away by themselves, those that cannot be read among them. */
  readonly stuck: number;
  /** Units that belong to the machine: global ones, and those that are pinned to it. */
  readonly staying: number;
  /** Why, of some of the stuck. */
  readonly problems: readonly RefusedUnit[];
}

/** Seats of a global unit that are decided and not written yet. */
export interface RollOut {
  readonly unit: UnitName;
  readonly left: number;
}

/** Records that nobody can read, and that are left as they are. */
export interface Quarantine {
  readonly count: number;
  /** The first of them. */
  readonly records: readonly { readonly key: string; readonly problem: string }[];
}

/**
 * What the leader holds back, and why; for people, nothing is decided by it. It lives as long as the office. Of long
 * lists it has the beginning.
 */
export interface EngineStatus {
  readonly machines: readonly HeldMachine[];
  readonly refusals: readonly RefusedUnit[];
  /** How many refusals there are beyond those; absent for none, as everything below. */
  readonly moreRefusals?: number;
  /** How many units wait so that no machine gets too many at once. */
  readonly paced?: number;
  readonly drains?: readonly DrainProgress[];
  readonly rollOuts?: readonly RollOut[];
  readonly quarantine?: Quarantine;
  /** Machines that exclusive units wait for. */
  readonly fencing?: readonly FencingMachine[];
}
