import type { MachineId } from "../machine/machine-id.js";
import type { ContentId, UnitHash } from "../unit/unit-hash.js";
import type { UnitName } from "../unit/unit-name.js";
import type { Versioned } from "./revision.js";

/**
 * What a machine is to do with a unit it has a seat for.
 * `absent` makes the seat a tombstone: stop, unload, and acknowledge.
 */
export type SeatTarget = "launched" | "loaded" | "absent";

/** One term of leadership: a number that only grows, and a random name that tells a restored etcd from the real one. */
export interface Term {
  readonly n: number;
  readonly uuid: string;
}

/** What a seat says, as the leader writes it. */
export interface SeatContent {
  readonly machine: MachineId;
  readonly unit: UnitName;
  readonly contentId: ContentId;
  readonly hash: UnitHash;
  readonly target: SeatTarget;
  readonly startCount: number;
  /** The term in which this was decided. */
  readonly term: Term;
  /** Why, in a sentence for people. */
  readonly reason: string;
  /** In a hand-over: the machine whose seat this one succeeds. */
  readonly replaces?: MachineId;
  /**
   * Of an exclusive unit: this content was put in place of another, and the machine has not said since that it has it.
   * What runs there may still be the former, without a guard.
   */
  readonly unconfirmed?: true;
}

/**
 * A placement: this unit belongs on this machine.
 * Its create revision is its age and its fencing token; a tombstone is never overwritten.
 */
export interface Seat extends SeatContent, Versioned {}

/** A seat that holds its place, as opposed to a tombstone. */
export function isSeated(seat: Seat | undefined): seat is Seat {
  return seat !== undefined && seat.target !== "absent";
}

/** A seat that tells its machine to let go of the unit. */
export function isTombstone(seat: Seat | undefined): seat is Seat {
  return seat !== undefined && seat.target === "absent";
}
