import type { Revision, UnitName } from "@fleet/core";

/** What the care for exclusive units asks of the agent. */
export interface ExclusiveAgent {
  /** The guard has stopped a unit: what is known of its starts no longer holds, so that it may be started anew. */
  forgetStarts(unit: UnitName): Promise<void>;
  /** What these units waited for may have come. */
  lookAgain(units: Iterable<UnitName>): void;
}

/**
 * What exclusive units need besides what every unit needs, so that they are stopped in time when this machine is not heard
 * any more (protocol rule P9).
 */
export interface ExclusiveCare {
  /** Works until aborted. */
  run(agent: ExclusiveAgent, signal: AbortSignal): Promise<void>;
  /** Writes what systemd has to know of an exclusive unit beside its own file. */
  prepare(unit: UnitName, text: string, signal: AbortSignal): Promise<void>;
  /** Takes everything back: the unit is gone, or is not exclusive any more. */
  withdraw(unit: UnitName, signal: AbortSignal): Promise<void>;
  /** Why the unit must not be started now, for people; `undefined` if it may be. */
  obstacle(unit: UnitName): string | undefined;
  /**
   * To be called right before a start: sees that the unit is guarded, also if it was loaded by a fleetd that knew of no
   * guard, and knows its token.
   * @param token - The seat's create revision.
   * @throws {FleetError} `unavailable` or `conflict` if it must not be started.
   */
  admit(unit: UnitName, text: string, token: Revision, signal: AbortSignal): Promise<void>;
  /**
   * Whether a unit that runs was started with an older token than this one: for a seat that it had before others may have had
   * theirs. What it writes is then refused, and it must be started anew.
   */
  isOutdated?(unit: UnitName, token: Revision): Promise<boolean>;
  /** To be told whenever systemd has been asked: whether the unit runs, or is about to. */
  observe(unit: UnitName, isRunning: boolean): void;
  /**
   * Makes sure that no process of a stopped unit is left, whatever systemd says; kills what is.
   * @throws {FleetError} `conflict` if something is left.
   */
  ensureGone(unit: UnitName): Promise<void>;
}
