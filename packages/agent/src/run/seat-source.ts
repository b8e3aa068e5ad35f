import type { Seat, UnitName } from "@fleet/core";
import type { Clock, Logger, MachineSession } from "@fleet/core/ports";
import type { SeatsCondition } from "../plan/machine-view.js";
import type { OfflineSchedule } from "./offline-schedule.js";

/** How often it is looked whether the registry has turned out to be out of reach. */
const lookMs = 1_000;

/** What a seat source is made of. */
export interface SeatSourceOptions {
  readonly session: MachineSession;
  readonly schedule: OfflineSchedule;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long the registry is waited for after the start of this process, in ms. */
  readonly offlineAfterMs: number;
}

/**
 * The seats to go by: those of the registry; or, on a machine that has not reached it since this process began, and only
 * after some time, those that were last known of units that may be started without it.
 * A registry that was reached once is never again replaced by what is on the disk: what runs then runs on as it is.
 */
export class SeatSource {
  readonly #options: SeatSourceOptions;
  #isOffline = false;

  constructor(options: SeatSourceOptions) {
    this.#options = options;
  }

  get condition(): SeatsCondition {
    const { condition } = this.#options.session;
    return this.#isOffline && condition === "joining" ? "offline" : condition;
  }

  of(unit: UnitName): Seat | undefined {
    const { session, schedule } = this.#options;
    return this.condition === "offline" ? schedule.seat(unit) : session.seats.get(unit);
  }

  units(): Iterable<UnitName> {
    const { session, schedule } = this.#options;
    return this.condition === "offline" ? schedule.units(session.history) : session.seats.keys();
  }

  /** Waits until it is certain whether the registry is out of reach at the start. @param begin - Called if it is. */
  async run(begin: () => void, signal: AbortSignal): Promise<void> {
    const { session, schedule, clock, logger, offlineAfterMs } = this.#options;
    await clock.sleep(offlineAfterMs, signal);
    // Not yet refused by anybody: the first answer may still be on its way.
    while (session.condition === "joining" && session.problem === undefined)
      await clock.sleep(lookMs, signal);
    if (session.condition !== "joining") return;
    const units = schedule.units(session.history);
    if (units.length === 0) return;
    logger.warn("the registry cannot be reached: starting what may be started without it", {
      units: units.length,
      problem: session.problem,
    });
    this.#isOffline = true;
    begin();
  }
}
