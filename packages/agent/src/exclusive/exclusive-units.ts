import { FleetError, isFleetError, type Revision, type UnitName } from "@fleet/core";
import type { Clock } from "@fleet/core/ports";
import { GuardFiles, type GuardReport } from "../guard/guard-files.js";
import type { UnitProcesses } from "../guard/unit-processes.js";
import { Bell } from "../run/bell.js";
import type { ExclusiveAgent, ExclusiveCare } from "../run/exclusive-care.js";
import { GuardService, type GuardServiceOptions } from "./guard-service.js";

/** What the care for exclusive units is made of. */
export interface ExclusiveUnitsOptions extends GuardServiceOptions {
  /** Where fleetd and the guard meet; gone after a boot. */
  readonly directory: string;
  readonly bootId: string;
  readonly processes: UnitProcesses;
  /** Whether a process with this number is there. */
  readonly isAlive: (pid: number) => boolean;
  /** `agent_ttl`. */
  readonly ttlMs: number;
  readonly clock: Clock;
}

/** How often it is looked what the guard says, while units wait for it and while none does. */
const waitingLookMs = 200;
const lookMs = 1_000;

/** How long a start waits for the guard: it looks once a second, and a machine may be slow. */
const readyMsMax = 5_000;
const readyLookMs = 50;

/** How long what was killed may take to be gone. */
const goneMsMax = 2_000;
const goneLookMs = 50;

/**
 * fleetd's half of the care for exclusive units: tells the guard of the lease and of the units, and lets none be started that
 * is not guarded. See docs/exclusive.md.
 */
export class ExclusiveUnits implements ExclusiveCare {
  readonly #options: ExclusiveUnitsOptions;
  readonly #files: GuardFiles;
  readonly #service: GuardService;
  readonly #bell = new Bell();
  /** The units that the guard is to stop: those that run, as far as is known. */
  readonly #listed = new Set<UnitName>();
  /** Units that have a drop-in by this process. */
  readonly #prepared = new Set<UnitName>();
  /** What systemd last said of units, not taken in yet: whether they run. */
  readonly #observed = new Map<UnitName, boolean>();
  /** Units whose start waits. */
  readonly #waiting = new Set<UnitName>();
  #validUntilMs: number | undefined;
  #fedMs: number | undefined;
  #report: GuardReport | undefined;
  #stopped: ReadonlySet<UnitName> = new Set();
  #loaded: Promise<void> | undefined;
  #isLoaded = false;
  #feeding: Promise<void> = Promise.resolve();
  /** Writes and decisions about the list, one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ExclusiveUnitsOptions) {
    this.#options = options;
    this.#files = new GuardFiles(options.directory, "fleetd");
    this.#service = new GuardService(options);
  }

  /** Takes in an answered renewal of the lease. @param validUntilMs - On `boottime`. */
  renewed(validUntilMs: number): void {
    this.#validUntilMs = validUntilMs;
    if (!this.#isWanted) return;
    this.#bell.ring();
    // Here, and not only in the rounds: one of them may have to wait for systemd, and the guard waits for nobody.
    this.#feed().catch((err: unknown) => {
      if (!isOperational(err)) throw err;
      this.#options.logger.error("cannot tell the guard of the lease", { err });
    });
  }

  async run(agent: ExclusiveAgent, signal: AbortSignal): Promise<void> {
    await this.#load();
    try {
      while (!signal.aborted) await this.#round(agent, signal);
    } finally {
      await this.#service.settled;
    }
  }

  async #round(agent: ExclusiveAgent, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    try {
      if (this.#isWanted) await this.#look(agent, signal);
    } catch (err) {
      if (signal.aborted || !isOperational(err)) throw err;
      logger.error("cannot look after exclusive units; trying again", { err });
    }
    const isPressing = this.#waiting.size > 0 || this.#stopped.size > 0;
    const pauseMs = isPressing ? waitingLookMs : lookMs;
    await this.#bell.wait(clock, this.#isWanted ? pauseMs : Number.POSITIVE_INFINITY, signal);
  }

  async prepare(unit: UnitName, text: string, signal: AbortSignal): Promise<void> {
    const { environmentPattern } = this.#files;
    await this.#inTurn(() => this.#service.write(unit, text, environmentPattern, signal));
    this.#prepared.add(unit);
    this.#bell.ring();
  }

  async withdraw(unit: UnitName, signal: AbortSignal): Promise<void> {
    await this.#service.removeDropIn(unit, signal);
    this.#prepared.delete(unit);
    this.#waiting.delete(unit);
    await this.#inTurn(async () => {
      await this.#unlist(unit);
      await Promise.all([this.#files.removeEnvironment(unit), this.#files.clearStopped(unit)]);
      // Nobody needs the guard any more: the next one is that of the newest version.
      if (this.#listed.size + this.#prepared.size === 0) await this.#service.stopGuard(signal);
    });
  }

  obstacle(unit: UnitName): string | undefined {
    const reason = this.#reasonToWait(unit);
    if (reason === undefined) this.#waiting.delete(unit);
    else if (!this.#waiting.has(unit)) {
      this.#waiting.add(unit);
      this.#bell.ring();
    }
    return reason;
  }

  async admit(unit: UnitName, text: string, token: Revision, signal: AbortSignal): Promise<void> {
    const { clock, processes } = this.#options;
    await this.#load();
    await this.prepare(unit, text, signal);
    await this.#inTurn(async () => {
      // What was seen before says nothing of what is started now.
      this.#observed.delete(unit);
      await this.#list(unit);
    });
    await this.#inTurn(() => this.#service.ensureGuard(signal));
    await this.#inTurn(() => this.#service.ensureDropIn(unit, signal));
    const untilMs = clock.monotonic() + readyMsMax;
    for (;;) {
      await this.#readReport();
      await this.#feed();
      const reason = this.#reasonNotReady(unit);
      if (reason === undefined) break;
      if (clock.monotonic() >= untilMs) {
        throw new FleetError("unavailable", `cannot start "${unit}": ${reason}`);
      }
      await clock.sleep(readyLookMs, signal);
    }
    const left = (await processes.of([unit])).get(unit)?.length ?? 0;
    if (left > 0) throw leftovers("start", unit, left);
    // Only now: as long as it had not heard of the lease, the guard would have taken it away.
    await this.#files.writeEnvironment(unit, { FLEET_FENCING_TOKEN: String(token) });
  }

  async isOutdated(unit: UnitName, token: Revision): Promise<boolean> {
    const known = /^FLEET_FENCING_TOKEN=(\d+)$/m.exec(await this.#files.readEnvironment(unit))?.[1];
    return known !== undefined && Number(known) < token;
  }

  observe(unit: UnitName, isRunning: boolean): void {
    if (this.#isLoaded && this.#listed.has(unit) === isRunning && !this.#observed.has(unit)) return;
    this.#observed.set(unit, isRunning);
    this.#bell.ring();
  }

  async ensureGone(unit: UnitName): Promise<void> {
    const { clock, processes, logger } = this.#options;
    const untilMs = clock.monotonic() + goneMsMax;
    for (;;) {
      const left = (await processes.of([unit])).get(unit)?.length ?? 0;
      if (left === 0) return;
      if (clock.monotonic() >= untilMs) throw leftovers("let go of", unit, left);
      logger.warn("killing what systemd has left of an exclusive unit", { unit, processes: left });
      await processes.kill(unit);
      await clock.sleep(goneLookMs, new AbortController().signal);
    }
  }

  get #isWanted(): boolean {
    const { size } = this.#listed;
    return size + this.#prepared.size + this.#observed.size + this.#waiting.size + this.#stopped.size > 0;
  }

  async #look(agent: ExclusiveAgent, signal: AbortSignal): Promise<void> {
    await this.#readReport();
    await this.#feed();
    const guardLives = this.#isGuardAlive;
    if (this.#listed.size > 0 && !guardLives) this.#service.raise(signal);
    await this.#inTurn(() => this.#takeIn());
    for (const unit of this.#stopped) {
      // While it is being stopped it could not be started anyway.
      if (!guardLives || this.#report?.stopping.includes(unit) === true) continue;
      await agent.forgetStarts(unit);
      await this.#files.clearStopped(unit);
      agent.lookAgain([unit]);
    }
    const free = [...this.#waiting].filter((unit) => this.#reasonToWait(unit) === undefined);
    for (const unit of free) this.#waiting.delete(unit);
    if (free.length > 0) agent.lookAgain(free);
  }

  /** Brings the list up to what systemd has said of units. */
  async #takeIn(): Promise<void> {
    for (const [unit, isRunning] of [...this.#observed]) {
      if (isRunning) await this.#list(unit);
      else {
        // Whether it has ended by itself is clear only if there is a guard that has not stopped it; one that had would have
        // said so, or died, before this was seen.
        await this.#readReport();
        if (this.#isGuardAlive && !this.#isBeingStopped(unit)) await this.#unlist(unit);
      }
      if (this.#observed.get(unit) === isRunning) this.#observed.delete(unit);
    }
  }

  #isBeingStopped(unit: UnitName): boolean {
    // What a dead guard was about to do it does no more; whatever is left of the unit is looked for before its start.
    return this.#stopped.has(unit) || (this.#isGuardAlive && this.#report?.stopping.includes(unit) === true);
  }

  #reasonToWait(unit: UnitName): string | undefined {
    if (this.#isBeingStopped(unit)) return "exclusive: waits until the guard has stopped what ran before";
    return this.#leftMs(this.#validUntilMs) < this.#marginMs
      ? "exclusive: waits until it is certain for a while that the cluster counts this machine as present"
      : undefined;
  }

  #reasonNotReady(unit: UnitName): string | undefined {
    if (!this.#isGuardAlive) return "exclusive: its guard does not run";
    const reason = this.#reasonToWait(unit);
    if (reason !== undefined) return reason;
    if (this.#leftMs(this.#report?.validUntilMs) >= this.#marginMs) return undefined;
    return "exclusive: its guard has not heard of the lease yet";
  }

  get #isGuardAlive(): boolean {
    const { bootId, isAlive } = this.#options;
    return this.#report?.bootId === bootId && isAlive(this.#report.pid);
  }

  /** A start takes a moment, and must not come after the deadline. */
  get #marginMs(): number {
    return this.#options.ttlMs / 3;
  }

  #leftMs(validUntilMs: number | undefined): number {
    return (validUntilMs ?? 0) - this.#options.clock.boottime();
  }

  async #feed(): Promise<void> {
    const feeding = this.#feeding.then(async () => {
      const { bootId, stopMaxMs } = this.#options;
      const validUntilMs = this.#validUntilMs;
      if (validUntilMs === undefined || validUntilMs === this.#fedMs || this.#isLapseUnseen) return;
      await this.#files.writeFeed({ bootId, validUntilMs, stopMaxMs });
      this.#fedMs = validUntilMs;
    });
    this.#feeding = feeding.catch(() => undefined);
    await feeding;
  }

  /**
   * Whether a deadline has passed that the guard has not acted on yet, as after a freeze. It must: what it guards may run
   * elsewhere by now, though this machine is heard again.
   */
  get #isLapseUnseen(): boolean {
    if (this.#fedMs === undefined || this.#leftMs(this.#fedMs) > 0) return false;
    if (!this.#isGuardAlive || this.#report === undefined) return false;
    // One that knows of no deadline takes it for passed.
    return this.#report.validUntilMs !== undefined && (this.#report.expiredMs ?? 0) < this.#fedMs;
  }

  async #readReport(): Promise<void> {
    // A unit is on the report before its mark is made, and until it is stopped. What is on neither of two reports around the
    // marks was never about to be stopped, or has its mark; what is on one is not taken for stopped yet.
    const before = await this.#files.readReport();
    this.#stopped = new Set(await this.#files.stoppedUnits());
    const after = await this.#files.readReport();
    this.#report = after && { ...after, stopping: [...(before?.stopping ?? []), ...after.stopping] };
  }

  /** Takes over what the process before this one has left: the list, and what it had not dealt with. */
  #load(): Promise<void> {
    this.#loaded ??= this.#inTurn(async () => {
      for (const unit of (await this.#files.readUnits(this.#options.bootId)) ?? []) this.#listed.add(unit);
      const feed = await this.#files.readFeed();
      if (feed?.bootId === this.#options.bootId) this.#fedMs = feed.validUntilMs;
      await this.#readReport();
      this.#isLoaded = true;
    });
    return this.#loaded;
  }

  async #list(unit: UnitName): Promise<void> {
    if (this.#listed.has(unit)) return;
    await this.#files.writeUnits(this.#options.bootId, [...this.#listed, unit]);
    this.#listed.add(unit);
  }

  async #unlist(unit: UnitName): Promise<void> {
    if (!this.#listed.has(unit)) return;
    const others = [...this.#listed].filter((other) => other !== unit);
    await this.#files.writeUnits(this.#options.bootId, others);
    this.#listed.delete(unit);
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    await turn;
  }
}

function leftovers(what: string, unit: UnitName, count: number): FleetError {
  const text = count === 1 ? "1 process of an earlier run is" : `${count} processes of an earlier run are`;
  return new FleetError("conflict", `cannot ${what} "${unit}", which is exclusive: ${text} still there`);
}

/** What another try may mend: systemd or a file system that does not do its part for now. */
function isOperational(error: unknown): boolean {
  return isFleetError(error) || (error instanceof Error && "code" in error);
}
