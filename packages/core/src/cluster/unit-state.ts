import type { MachineId } from "../machine/machine-id.js";
import type { ContentId, UnitHash } from "../unit/unit-hash.js";
import type { UnitName } from "../unit/unit-name.js";
import type { Revision, Versioned } from "./revision.js";

/**
 * Identifies one intention to start. A machine issues at most one start for each generation, so that
 * neither a restart of fleetd nor a repeated event starts anything twice.
 */
export interface Generation {
  readonly bootId: string;
  /** The create revision of the seat. */
  readonly seatRevision: Revision;
  readonly contentId: ContentId;
  readonly startCount: number;
}

/**
 * What the machine has made of the unit.
 * `loaded`: the unit is there, known to systemd. `unloaded`: it is gone, which acknowledges a tombstone.
 * `refused`: the machine will not take it, for the reason given (its name belongs to the host, for example).
 */
export type UnitCondition = "loaded" | "unloaded" | "refused";

/** What stands for a job's result when systemd would not even queue the job; none of systemd's own words. */
export const refusedJob = "refused";

/**
 * How somebody else than fleet has made a unit differ from what is wanted on its machine. `stopped`: it was started as
 * wanted, and then stopped; one that ended by itself is not. `started`: it was only to be loaded, and runs. `masked`:
 * systemd was told never to start it.
 */
export type Drift = "stopped" | "started" | "masked";

/** What a machine says about a unit. The systemd words come unchanged from systemd; empty means unknown. */
export interface UnitStateContent {
  readonly machine: MachineId;
  readonly unit: UnitName;
  readonly condition: UnitCondition;
  readonly loadState: string;
  readonly activeState: string;
  readonly subState: string;
  /** What is on the machine's disk; empty if fleet did not put it there or it cannot be read. */
  readonly contentId: ContentId;
  readonly hash: UnitHash;
  /** The newest generation that was started here, until the unit is stopped on purpose. */
  readonly started?: Generation;
  /**
   * How the newest job ended, in systemd's word (`done`, `failed`, `timeout`, …) if one did; {@link refusedJob} if
   * systemd refuses to start the unit, for the reason given.
   */
  readonly jobResult?: string;
  /** Why, for `refused`, for a load or start that failed, for a unit that failed, and for a drift. */
  readonly reason?: string;
  /** Absent if nobody has interfered. */
  readonly drift?: Drift;
  /** When the unit entered this state, in ms since the Unix epoch by the machine's own clock. For people. */
  readonly sinceMs: number;
  /** The mod revision of the tombstone that this acknowledges. */
  readonly acked?: Revision;
}

/** A state as it stands in etcd. It lives on its machine's lease; a missing state means nothing. */
export interface UnitState extends UnitStateContent, Versioned {}
