import type { MachineId } from "../machine/machine-id.js";
import type { UnitName } from "../unit/unit-name.js";
import type { EngineStatus } from "./engine-status.js";
import type { Machine } from "./machine.js";
import type { Revision, Versioned } from "./revision.js";
import type { Seat } from "./seat.js";
import type { DestroyedMark, Unit } from "./unit-record.js";
import type { UnitState } from "./unit-state.js";

/** Which cluster this is. A new epoch begins when an operator accepts a registry that was restored. */
export interface ClusterIdentity {
  readonly uuid: string;
  readonly epoch: string;
  readonly schemaVersion: number;
}

/** Who leads. */
export interface LeaderRecord extends Versioned {
  readonly machine: MachineId;
  readonly instance: string;
}

/** A record that could not be read: reported, and left exactly as it is. */
export interface UnreadableRecord {
  readonly key: string;
  readonly problem: string;
}

/**
 * The whole cluster at one revision.
 * The maps are a live view: valid until the caller next awaits, never to be kept or changed. Their order is not
 * stated; whoever needs one sorts. Seats and states include those of machines that are away.
 */
export interface ClusterView {
  readonly revision: Revision;
  readonly identity: ClusterIdentity | undefined;
  readonly leader: LeaderRecord | undefined;
  /** What the leader last said of itself; absent while nobody leads, and until its first plan. */
  readonly engineStatus?: EngineStatus | undefined;
  readonly units: ReadonlyMap<UnitName, Unit>;
  readonly destroyed: ReadonlyMap<UnitName, DestroyedMark>;
  readonly machines: ReadonlyMap<MachineId, Machine>;
  readonly seats: ReadonlyMap<MachineId, ReadonlyMap<UnitName, Seat>>;
  readonly states: ReadonlyMap<MachineId, ReadonlyMap<UnitName, UnitState>>;
  /** Units whose record, or one of whose seats, is there but cannot be read: not absent, and not to be touched. */
  readonly unreadableUnits: ReadonlySet<UnitName>;
  /** Units one of whose seats is there but cannot be read, with a record or without. Absent: there are none. */
  readonly unreadableSeats?: ReadonlySet<UnitName>;
  /**
   * Of those whose record cannot be read, or is gone though they were not destroyed: what the newest of their seats says that
   * they are. For what they exclude and take where they are, and for nothing else. Absent: nothing is known.
   */
  readonly presumed?: ReadonlyMap<UnitName, Unit>;
  readonly unreadable: readonly UnreadableRecord[];
}
