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
  /** Whether systemd has something to do with the unit, such as a start that waits for another's. */
  hasJob(unit: UnitName, signal: AbortSignal): Promise<boolean>;
  /** The units that are bound to the guard's own. */
  boundUnits(signal: AbortSignal): Promise<readonly UnitName[]>;
}

/** What a guard is made of. */
export interface GuardParts {
  readonly files: Pick<
    GuardFiles,
    "readFeed" | "readUnits" | "tokenedUnits" | "removeEnvironment" | "markStopped" | "writeReport"
  >;
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
  /** The report has said that it is being stopped, or could not. */
  isReported: boolean;
  /** systemd has been told. */
  isAsked: boolean;
  /** When systemd is spoken to next though processes are there: they may come from a start after the stop. */
  talkAgainMs: number;
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
  #units: readonly UnitName[] = [];
  /** Units that were stopped, or are being, and have no mark yet because there was no room for one. */
  readonly #unmarked = new Set<UnitName>();
  /** Everything known to be guarded since the deadline has passed. */
  readonly #lapsed = new Set<UnitName>();
  #isAskingBound = false;
  #askBoundAgainMs = 0;

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
      this.#lapsed.clear();
      this.#parts.logger.info("the machine is heard again; exclusive units may be started");
    }
    // Before any mark is made: who finds a mark of a unit that nobody is stopping takes it for stopped.
    if ([...this.#stops.values()].some(({ isReported }) => !isReported)) await this.#report();
    await this.#pursue(signal);
    for (const unit of this.#unmarked) await this.#mark(unit);
    await this.#report();
    if (this.#stops.size > 0 || this.#isAskingBound) return pursueMs;
    return leftMs > 0 ? Math.min(leftMs, lookMs) : lookMs;
  }

  async #readFeed(): Promise<void> {
    const feed = await this.#parts.files.readFeed();
    // A promise that was made holds, also if what it was written on is lost.
    if (feed?.bootId !== this.#parts.bootId) return;
    this.#validUntilMs = feed.validUntilMs;
    this.#stopMaxMs = feed.stopMaxMs;
  }

  /** The deadline has passed: everything that is guarded has to go, and whatever of it comes back. */
  async #expire(signal: AbortSignal): Promise<void> {
    const { clock, logger, processes } = this.#parts;
    const nowMs = clock.boottime();
    if (!this.#hasExpired) {
      const lateMs = Math.round(nowMs - (this.#validUntilMs ?? nowMs));
      logger.warn("the machine has not been heard for too long; stopping its exclusive units", { lateMs });
    }
    if (!this.#hasExpired) this.#askBoundAgainMs = nowMs;
    this.#hasExpired = true;
    const known = [...this.#lapsed];
    await this.#gather();
    const running = await processes.of(known.filter((unit) => !this.#stops.has(unit)));
    const isNew = new Set(this.#lapsed);
    for (const unit of known) isNew.delete(unit);
    for (const unit of [...running.keys(), ...isNew]) this.#begin(unit, nowMs);
    if (!this.#isAskingBound && nowMs >= this.#askBoundAgainMs) this.#track(this.#askBound(signal));
  }

  /** Brings together what is on fleetd's list and what could be started; takes from the latter what it cannot start without. */
  async #gather(): Promise<void> {
    const { files, bootId, logger } = this.#parts;
    this.#units = (await files.readUnits(bootId)) ?? this.#units;
    for (const unit of this.#units) this.#lapsed.add(unit);
    for (const unit of await files.tokenedUnits()) {
      this.#lapsed.add(unit);
      await files.removeEnvironment(unit).catch((err: unknown) => {
        logger.error("cannot take a unit's token away; trying again", { unit, err });
      });
    }
  }

  #begin(unit: UnitName, nowMs: number): void {
    if (this.#stops.has(unit)) return;
    // Without a deadline nobody knows how long ago it has passed: nothing may be waited for.
    const killAtMs = (this.#validUntilMs ?? nowMs) + this.#stopMaxMs;
    this.#stops.set(unit, {
      ...{ killAtMs, talkAgainMs: 0 },
      ...{ isReported: false, isAsked: false, isInactive: false, isTalking: false },
    });
  }

  /**
   * Asks systemd as well what is guarded: the list lacks what somebody else than fleetd has started. Only then the guard says
   * that it has begun to act on the deadline.
   */
  async #askBound(signal: AbortSignal): Promise<void> {
    const { stopper, logger, clock } = this.#parts;
    this.#isAskingBound = true;
    this.#askBoundAgainMs = clock.boottime() + lookMs;
    const expiredMs = this.#validUntilMs;
    try {
      for (const unit of await stopper.boundUnits(signal)) {
        if (this.#lapsed.has(unit)) continue;
        this.#lapsed.add(unit);
        this.#begin(unit, clock.boottime());
      }
    } catch (err) {
      if (!signal.aborted) logger.error("cannot ask which units are guarded; trying again", { err });
    } finally {
      this.#isAskingBound = false;
    }
    this.#expiredMs = expiredMs;
  }

  async #pursue(signal: AbortSignal): Promise<void> {
    if (this.#stops.size === 0) return;
    const { clock, processes, logger } = this.#parts;
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
          if (!stop.isAsked) await this.#mark(unit);
        }
      }
      const isDue = !stop.isAsked || !isRunning || clock.boottime() >= stop.talkAgainMs;
      if (stop.isReported && !stop.isTalking && isDue) this.#track(this.#talk(unit, stop, signal));
    }
  }

  /** A mark that cannot be made keeps nothing from being stopped: it is made when there is room again. */
  async #mark(unit: UnitName): Promise<void> {
    try {
      await this.#parts.files.markStopped(unit);
      this.#unmarked.delete(unit);
    } catch (err) {
      if (!this.#unmarked.has(unit)) {
        this.#parts.logger.error("cannot leave a mark of a unit that is stopped; trying again", {
          unit,
          err,
        });
      }
      this.#unmarked.add(unit);
    }
  }

  /** Tells systemd to stop a unit, and again if it is about to run: a start may have taken the stop's place. */
  async #talk(unit: UnitName, stop: Stop, signal: AbortSignal): Promise<void> {
    const { stopper, clock, logger } = this.#parts;
    stop.isTalking = true;
    try {
      const state = await stopper.activeState(unit, signal);
      if (stop.isAsked) stop.isInactive = isOver(state);
      const isUnderWay = stop.isAsked && (isOver(state) || state === "deactivating");
      if (isUnderWay || (stop.isAsked && clock.boottime() < stop.talkAgainMs)) return;
      // Before it is stopped, so that nobody sees it stopped without knowing why. A start that waits is taken back.
      if (!isOver(state) || (await stopper.hasJob(unit, signal))) await this.#mark(unit);
      await stopper.stop(unit, signal);
      stop.isAsked = true;
    } catch (err) {
      if (!signal.aborted) logger.error("cannot stop a unit through systemd; trying again", { unit, err });
    } finally {
      if (clock.boottime() >= stop.talkAgainMs) stop.talkAgainMs = clock.boottime() + lookMs;
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
    const stops = [...this.#stops.values()];
    if (this.#hasMarked) await this.#writeReport();
    for (const stop of stops) stop.isReported = true;
  }

  async #writeReport(): Promise<void> {
    const { files, bootId, pid, logger } = this.#parts;
    const report = {
      bootId,
      pid,
      stopping: [...new Set([...this.#stops.keys(), ...this.#unmarked])],
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
