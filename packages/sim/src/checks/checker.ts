import type { MemoryUnit } from "@fleet/agent/systemd";
import type { UnitName } from "@fleet/core";
import type { EtcdChange } from "../etcd/etcd-server.js";
import type { SimMachine } from "../machine/sim-machine.js";
import type { RecordChange } from "../truth/truth.js";
import type { Acknowledgement } from "../users/users.js";

/** A promise that was broken. */
export interface Violation {
  /** The invariant, and which side of it: `I2`, `I3-leader`, … */
  readonly invariant: string;
  readonly atMs: number;
  readonly what: string;
}

/**
 * Holds the world against one invariant. It is told of everything that really happens, at the moment it happens, and looks
 * at etcd's own history and at what systemd has, never at what the code that is checked says of itself.
 */
export interface Checker {
  /** The invariant it checks. */
  readonly invariant: string;
  /** A record of etcd has changed; all records of the revision are in the truth already. */
  onRecord?(change: RecordChange): void;
  /** A revision is complete. */
  onRevision?(change: EtcdChange): void;
  /** etcd was wiped, or went back to a backup. */
  onRestore?(): void;
  /** An operator has accepted what etcd holds: for one machine, or for all. */
  onAccept?(machine: string | undefined): void;
  /** A unit's state is another. */
  onUnitState?(machine: SimMachine, unit: Readonly<MemoryUnit>): void;
  /** The guard is about to kill an exclusive unit. */
  onGuard?(machine: SimMachine, unit: UnitName): void;
  /** fleetd has asked systemd for something, and systemd has heard it. */
  onCall?(machine: SimMachine, call: "start" | "stop", unit: UnitName): void;
  /** systemd has refused what it was asked for last. */
  onRefused?(machine: SimMachine, call: "start" | "stop", unit: UnitName): void;
  /** A process of fleetd has ended, one way or the other. */
  onProcessGone?(machine: SimMachine): void;
  /** A machine's power failed or came back. */
  onPower?(machine: SimMachine): void;
  /** A user was told that something was done. */
  onAcknowledged?(acknowledgement: Acknowledgement): void;
  /** Faults have stopped. @returns what has not come right yet; empty when all has. */
  unsettled?(): readonly string[];
}
