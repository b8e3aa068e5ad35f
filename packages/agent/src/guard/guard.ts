import type { UnitName } from "@fleet/core";
import type { Clock, Logger } from "@fleet/core/ports";
import type { GuardFiles } from "./guard-files.js";
import type { UnitProcesses } from "./unit-processes.js";

/** systemd, as far as the guard needs it. Everything may fail; it is tried again. */
export interface UnitStopper {
  /** Queues a stop. A unit that systemd does not know is stopped already. */
  stop(unit: UnitName, signal: AbortSignal): Promise<void>;
  /** The unit's state in systemd's word; `inactive` if systemd does not know it. */
  activeState(unit: UnitName, signal: AbortSignal): Promise<string>;
  /** The units that are bound to the guard's own. */
  boundUnits(signal: AbortSignal): Promise<readonly UnitName[]>;
}

/** What a guard is made of. */
export interface GuardParts {
  readonly files: Pick<GuardFiles, "readFeed" | "readUnits" | "markStopped" | "writeReport">;
  readonly stopper: UnitStopper;
  readonly processes: UnitProcesses;
  readonly clock: Clock;
  /** The kernel's boot id. */
  readonly bootId: string;
  readonly pid: number;
  readonly logger: Logger;
}

/** How often the guard looks at the time: timers stand still while a machine is suspended, deadlines do not. */
const lookMs = 1_000;

/** How often it looks at what is being stopped. */
const pursueMs = 100;

/** A unit that is being stopped. */
interface Stop {
  /** From when on everything of it is killed, on `boottime`. */
  readonly killAtMs: number;
  /** systemd has been told. */
  isAsked: boolean;
  /** systemd has said that it is inactive, and nothing of it has been seen since. */
  isInactive: boolean;
  /** A conversation with systemd is under way; killing does not wait for it. */
  isTalking: boolean;
}

/**
 * Stops this machine's exclusive units when the deadline passes that fleetd keeps moving on (protocol rule P9): at the
 * deadline through systemd, and from `stopMaxMs` later on by SIGKILL, until nothing is left of them. It needs neither
 * fleetd nor, for the killing, systemd.
 *
 * It does not promise anything while it is frozen itself.
 */
export class Guard {
  readonly #parts: GuardParts;
  readonly #stops = new Map<UnitName, Stop>();
  readonly #work = new Set<Promise<void>>();
  #validUntilMs: number | undefined;
  #stopMaxMs = 0;
  #hasExpired = false;
  #expiredMs: number | undefined;
  #hasMarked = false;
  #reported: string | undefined;
  /** The last list that could be read. */
  #units: readonly UnitName[] | undefined;

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  /** Guards until aborted, which stops nothing by itself: systemd stops what is bound to the guard. */
  async run(signal: AbortSignal): Promise<void> {
    this.#track(this.#markWhatStopped(signal));
    try {
      while (!signal.aborted) {
        const pauseMs = await this.#look(signal);
        await this.#parts.clock.sleep(pauseMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await Promise.allSettled(this.#work);
    }
  }

  /** @returns for how long there is nothing to do. */
  async #look(signal: AbortSignal): Promise<number> {
    const { clock } = this.#parts;
    await this.#readFeed();
    const leftMs = (this.#validUntilMs ?? 0) - clock.boottime();
    if (leftMs <= 0) await this.#expire(signal);
    else if (this.#hasExpired) {
      this.#hasExpired = false;
      this.#parts.logger.info("the machine is heard again; exclusive units may be started");
    }
    await this.#pursue(signal);
    await this.#report();
    if (this.#stops.size > 0) return pursueMs;
    return leftMs > 0 ? Math.min(leftMs, lookMs) : lookMs;
  }

  async #readFeed(): Promise<void> {
    const feed = await this.#parts.files.readFeed();
    // A promise that was made holds, also if what it was written on is lost.
    if (feed?.bootId !== this.#parts.bootId) return;
    this.#validUntilMs = feed.validUntilMs;
    this.#stopMaxMs = feed.stopMaxMs;
  }

  /** The deadline has passed: everything on the list has to go, and whatever of it comes back. */
  async #expire(signal: AbortSignal): Promise<void> {
    const { clock, logger, processes } = this.#parts;
    const nowMs = clock.boottime();
    const units = await this.#guarded(signal);
    const isFirst = !this.#hasExpired;
    if (isFirst && units.length > 0) {
      const lateMs = Math.round(nowMs - (this.#validUntilMs ?? nowMs));
      logger.warn("the machine has not been heard for too long; stopping its exclusive units", {
        units: units.length,
        lateMs,
      });
    }
    this.#hasExpired = true;
    const running = isFirst ? undefined : await processes.of(units);
    // Without a deadline nobody knows how long ago it has passed: nothing may be waited for.
    const killAtMs = (this.#validUntilMs ?? nowMs) + this.#stopMaxMs;
    for (const unit of units) {
      if (this.#stops.has(unit) || running?.has(unit) === false) continue;
      this.#stops.set(unit, { killAtMs, isAsked: false, isInactive: false, isTalking: false });
    }
    this.#expiredMs = this.#validUntilMs;
  }

  /** The units to be stopped: fleetd's list; without one the last that could be read, or what systemd knows to be bound. */
  async #guarded(signal: AbortSignal): Promise<readonly UnitName[]> {
    const { files, bootId, stopper, logger } = this.#parts;
    const listed = await files.readUnits(bootId);
    if (listed !== undefined) this.#units = listed;
    if (this.#units !== undefined) return this.#units;
    try {
      return await stopper.boundUnits(signal);
    } catch (err) {
      if (signal.aborted) throw err;
      logger.error("cannot find out which units are guarded", { err });
      return [];
    }
  }

  async #pursue(signal: AbortSignal): Promise<void> {
    if (this.#stops.size === 0) return;
    const { clock, processes, files, logger } = this.#parts;
    const running = await processes.of([...this.#stops.keys()]);
    for (const [unit, stop] of this.#stops) {
      const isRunning = running.has(unit);
      if (!isRunning && stop.isAsked && stop.isInactive) {
        this.#stops.delete(unit);
        logger.info("unit stopped", { unit });
        continue;
      }
      if (isRunning) {
        stop.isInactive = false;
        if (clock.boottime() >= stop.killAtMs) {
          logger.warn("killing what is left of a unit", { unit, processes: running.get(unit)?.length });
          await processes.kill(unit);
          if (!stop.isAsked) await files.markStopped(unit);
        }
      }
      if (!stop.isTalking && !(stop.isAsked && isRunning)) this.#track(this.#talk(unit, stop, signal));
    }
  }

  /** Tells systemd to stop a unit; once that is done, asks whether it has. */
  async #talk(unit: UnitName, stop: Stop, signal: AbortSignal): Promise<void> {
    const { stopper, files, logger } = this.#parts;
    stop.isTalking = true;
    try {
      if (stop.isAsked) {
        stop.isInactive = isOver(await stopper.activeState(unit, signal));
        return;
      }
      // Before it is stopped, so that nobody sees it stopped without knowing why.
      if (!isOver(await stopper.activeState(unit, signal))) await files.markStopped(unit);
      await stopper.stop(unit, signal);
      stop.isAsked = true;
    } catch (err) {
      if (!signal.aborted) logger.error("cannot stop a unit through systemd; trying again", { unit, err });
    } finally {
      stop.isTalking = false;
    }
  }

  /**
   * At the start: what was guarded and does not run was stopped by the end of the guard before this one, because fleetd takes
   * off the list what ends by itself.
   */
  async #markWhatStopped(signal: AbortSignal): Promise<void> {
    const { files, bootId, stopper, clock, logger } = this.#parts;
    const listed = (await files.readUnits(bootId)) ?? [];
    for (const unit of listed) {
      while (!signal.aborted) {
        try {
          const state = await stopper.activeState(unit, signal);
          if (isOver(state) || state === "deactivating") await files.markStopped(unit);
          break;
        } catch (err) {
          if (signal.aborted) return;
          logger.error("cannot find out whether a unit runs; trying again", { unit, err });
          await clock.sleep(lookMs, signal).catch(() => undefined);
        }
      }
    }
    this.#hasMarked = true;
  }

  /** Until it is clear what its predecessor's end has stopped, a guard does not say that it is there. */
  async #report(): Promise<void> {
    if (!this.#hasMarked) return;
    const { files, bootId, pid, logger } = this.#parts;
    const report = {
      bootId,
      pid,
      stopping: [...this.#stops.keys()],
      ...(this.#validUntilMs === undefined ? {} : { validUntilMs: this.#validUntilMs }),
      ...(this.#expiredMs === undefined ? {} : { expiredMs: this.#expiredMs }),
    };
    const text = JSON.stringify(report);
    if (text === this.#reported) return;
    try {
      await files.writeReport(report);
      this.#reported = text;
    } catch (err) {
      logger.error("cannot say how things are", { err });
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }
}

function isOver(activeState: string): boolean {
  return activeState === "inactive" || activeState === "failed";
}
