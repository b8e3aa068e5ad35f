import {
  AssertionError,
  isFleetError,
  isTombstone,
  type MachineId,
  refusedJob,
  type UnitName,
} from "@fleet/core";
import type { Clock, Logger, MachineSession, UnitManager } from "@fleet/core/ports";
import type { AgentTask, SeatsCondition } from "../plan/machine-view.js";
import { planMachine } from "../plan/plan-machine.js";
import { canBeStopped } from "../plan/unit-facts.js";
import { Bell } from "./bell.js";
import type { MachineMemory } from "./machine-memory.js";
import { noteLook, noteStop } from "./note-stop.js";
import type { OfflineSchedule } from "./offline-schedule.js";
import type { SeatSource } from "./seat-source.js";
import { StartRefused } from "./start-unit.js";
import type { StatePublisher } from "./state-publisher.js";
import { createTaskHandlers, forgotten, type TaskContext, UnitRefused } from "./task-handlers.js";
import { TaskLog } from "./task-log.js";
import type { UnitMemory } from "./unit-memory.js";
import type { Watermarks } from "./watermarks.js";

/** A task that failed is tried again after this long, then after twice as long, and so on. */
const retryMsMin = 1_000;
const retryMsMax = 60_000;

/** A name that belongs to the machine is looked at again after this long. */
const refusedRetryMs = 60_000;

/** How long to wait when systemd did not answer. */
const lookRetryMs = 1_000;

/** While so many tasks are under way, what happens within a moment is looked at together. */
const manyTasks = 20;
const collectMs = 15;

/** What the loop needs. */
export interface ReconcilerOptions {
  readonly machine: MachineId;
  readonly session: MachineSession;
  readonly units: UnitManager;
  readonly memory: MachineMemory;
  readonly publisher: StatePublisher;
  readonly watermarks: Watermarks;
  readonly seats: SeatSource;
  readonly schedule: OfflineSchedule;
  readonly reconcilesDrift: boolean;
  readonly context: Omit<TaskContext, "observe" | "touch" | "track">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Brings this machine's units to what their seats say: looks at what has changed, plans, and begins what is planned.
 * Each unit has at most one task under way and none waits for another's; whatever happens only marks units to be looked
 * at again. When it ends, tasks under way are abandoned where they are: the next process goes on from there.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #handlers: ReturnType<typeof createTaskHandlers>;
  readonly #bell = new Bell();
  readonly #log: TaskLog;
  /** Units to be planned. */
  readonly #dirty = new Set<UnitName>();
  /** Units whose state systemd is to be asked for. */
  readonly #unseen = new Set<UnitName>();
  /** Units whose state systemd is being asked for: what is known of them is of the past. */
  #looking: ReadonlySet<UnitName> = new Set();
  readonly #waiting = new Set<UnitName>();
  readonly #work = new Set<Promise<void>>();
  /** How many tasks are under way. */
  #tasks = 0;
  #bootId: string | undefined;
  #isReady = false;
  /** A failed assertion in a task: the program is wrong, and ends. */
  #bug: AssertionError | undefined;
  #condition: SeatsCondition = "joining";
  /** Tasks begun so far, by kind, for metrics. */
  readonly counts = new Map<AgentTask["kind"], number>();
  failures = 0;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#log = new TaskLog(options.clock, options.logger);
    this.#handlers = createTaskHandlers({
      ...options.context,
      observe: (unit) => this.observe([unit]),
      touch: (unit) => options.publisher.touch(unit),
      track: (work) => this.#track(work),
    });
  }

  /** Says whether a unit is about to be looked at, or being looked at. */
  isPending(unit: UnitName): boolean {
    return this.#dirty.has(unit) || this.#unseen.has(unit) || this.#looking.has(unit);
  }

  get tasksUnderWay(): number {
    return this.#tasks;
  }

  /** The seats of these units have changed, or the session's condition has. */
  seatsChanged(units: Iterable<UnitName>): void {
    for (const unit of units) this.#dirty.add(unit);
    this.#bell.ring();
  }

  /** systemd is to be asked about these units, as far as they are ours. */
  observe(units: Iterable<UnitName>): void {
    for (const unit of units) {
      if (this.#options.memory.units.has(unit)) this.#unseen.add(unit);
    }
    if (this.#unseen.size > 0) this.#bell.ring();
  }

  /** A job, not necessarily ours, is done with a unit that ran before, as that invocation. */
  jobDone(name: UnitName, invocationId: string): void {
    const { clock, memory, reconcilesDrift } = this.#options;
    const unit = memory.units.get(name);
    if (unit !== undefined) noteStop(unit, invocationId, clock.monotonic(), reconcilesDrift);
    this.observe([name]);
  }

  /** Everything is to be looked at. */
  observeAll(): void {
    for (const unit of [...this.#options.memory.units.keys()]) {
      this.#options.memory.prune(unit);
      this.#unseen.add(unit);
    }
    const { seats, schedule, session } = this.#options;
    for (const unit of seats.units()) this.#dirty.add(unit);
    for (const unit of schedule.units(session.history)) this.#dirty.add(unit);
    this.#bell.ring();
  }

  /** What failed may work now: nothing is held back any longer. */
  retryAll(): void {
    for (const unit of this.#options.memory.units.values()) unit.heldBack = undefined;
  }

  /** From now on plans may be made. @param bootId - The boot that starts belong to. */
  ready(bootId: string): void {
    this.#bootId = bootId;
    this.#isReady = true;
    this.retryAll();
    this.observeAll();
  }

  /** What is known is of another boot: nothing may be planned before `ready`. */
  suspend(): void {
    this.#isReady = false;
  }

  /** Runs until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        if (this.#bug !== undefined) throw this.#bug;
        this.#act(signal);
        let waitMs = Number.POSITIVE_INFINITY;
        if (this.#unseen.size > 0 && this.#options.units.connected) {
          waitMs = await this.#look(signal);
          this.#act(signal);
        }
        const pauseMs = Math.min(waitMs, this.#nextRetryMs(), this.#log.tellDue());
        await this.#bell.wait(this.#options.clock, pauseMs, signal);
        if (this.#tasks >= manyTasks) await this.#options.clock.sleep(collectMs, signal);
      }
    } finally {
      this.#log.tell();
      await Promise.allSettled(this.#work);
    }
  }

  /** Asks systemd about what may have changed. @returns how long to wait before asking again, in ms. */
  async #look(signal: AbortSignal): Promise<number> {
    // To load a unit makes systemd announce it; when that is over it is looked at anyway.
    const names = [...this.#unseen].filter((name) => this.#options.memory.units.get(name)?.work !== "load");
    if (names.length === 0) return Number.POSITIVE_INFINITY;
    this.#looking = new Set(names);
    for (const name of names) this.#unseen.delete(name);
    try {
      const described = await this.#options.units.describeLoaded(names, signal);
      await Promise.all(names.map((name) => this.#take(name, described.get(name), signal)));
      return Number.POSITIVE_INFINITY;
    } catch (err) {
      if (signal.aborted) throw err;
      for (const name of names) this.#unseen.add(name);
      if (!isFleetError(err)) throw err;
      this.#options.logger.debug("cannot look at units", { units: names.length, err });
      return lookRetryMs;
    } finally {
      this.#looking = new Set();
    }
  }

  async #take(name: UnitName, local: UnitMemory["local"], signal: AbortSignal): Promise<void> {
    const unit = this.#options.memory.units.get(name);
    if (unit === undefined) return;
    // Asking makes systemd load the unit and announce it, so it is asked only once.
    const known = local ?? forgotten(unit.local);
    unit.local = known ?? (await this.#options.units.describe(name, signal));
    if (unit.isExclusive) {
      const isRunning = canBeStopped(unit.local) || unit.work === "start";
      this.#options.context.exclusive?.observe(name, isRunning);
    }
    if (!this.#unseen.has(name)) noteLook(unit, this.#options.logger);
    this.#dirty.add(name);
  }

  #act(signal: AbortSignal): void {
    const { memory, seats, units, machine, publisher, reconcilesDrift } = this.#options;
    this.#followCondition();
    if (!this.#isReady || this.#bootId === undefined) return;
    for (const name of this.#waiting) this.#dirty.add(name);
    this.#waiting.clear();
    const nowMs = this.#options.clock.monotonic();
    const names = new Set<UnitName>();
    for (const name of this.#dirty) {
      const unit = seats.of(name) === undefined ? memory.units.get(name) : memory.of(name);
      if (unit === undefined || unit.isHeldBack(nowMs)) continue;
      names.add(name);
      // What is to be loaded is looked at while it is loaded; what is to go must be looked at first.
      if (unit.local === undefined && isTombstone(unit.seat)) this.#unseen.add(name);
    }
    const touched = [...this.#dirty];
    this.#dirty.clear();
    const { condition } = seats;
    const plan = planMachine(
      {
        machine,
        condition,
        isConnected: units.connected,
        bootId: this.#bootId,
        reconcilesDrift,
        units: memory.units,
      },
      names,
    );
    for (const name of names) {
      const unit = memory.units.get(name);
      const reason = plan.waits.get(name);
      if (unit !== undefined) unit.wait = reason;
      if (reason !== undefined) this.#waiting.add(name);
    }
    this.#log.begun(plan.tasks.filter((task) => this.#begin(task, signal)));
    for (const name of touched) {
      if (condition === "joined") this.#options.schedule.note(name, memory.units.get(name));
      publisher.touch(name);
      memory.prune(name);
    }
  }

  #followCondition(): void {
    const { session, seats, schedule, watermarks } = this.#options;
    watermarks.follow(session.history);
    if (session.condition === "joined" && schedule.follow(session.history)) this.observeAll();
    if (seats.condition === this.#condition) return;
    this.#condition = seats.condition;
    this.retryAll();
    this.observeAll();
  }

  /** @returns whether it is begun now. */
  #begin(task: AgentTask, signal: AbortSignal): boolean {
    const unit = this.#options.memory.of(task.unit);
    const seatRevision = unit.seat?.modRevision;
    const untilMs = unit.pace.readyAtMs(task.kind, seatRevision);
    if (untilMs > this.#options.clock.monotonic()) {
      unit.heldBack = { untilMs, seatRevision };
      return false;
    }
    unit.work = task.kind;
    unit.workHistory = this.#options.session.history;
    this.counts.set(task.kind, (this.counts.get(task.kind) ?? 0) + 1);
    this.#tasks += 1;
    this.#track(this.#carryOut(task, unit, signal));
    return true;
  }

  async #carryOut(task: AgentTask, unit: UnitMemory, signal: AbortSignal): Promise<void> {
    const seatRevision = unit.seat?.modRevision;
    try {
      // The table covers every kind with a handler for that kind; the compiler cannot see it across a lookup.
      const handler = this.#handlers[task.kind] as (
        task: AgentTask,
        unit: UnitMemory,
        signal: AbortSignal,
      ) => Promise<void>;
      await handler(task, unit, signal);
      unit.clearFailures();
      unit.pace.done(task.kind, seatRevision, this.#options.clock.monotonic());
    } catch (err) {
      if (err instanceof AssertionError) this.#bug = err;
      else if (!signal.aborted) this.#failed(task, unit, seatRevision, err);
    } finally {
      this.#tasks -= 1;
      unit.work = undefined;
      this.#dirty.add(unit.name);
      this.observe([unit.name]);
      this.#bell.ring();
    }
  }

  #failed(task: AgentTask, unit: UnitMemory, seatRevision: number | undefined, err: unknown): void {
    const { clock, logger } = this.#options;
    const fields = { task: task.kind, unit: task.unit };
    if (!this.#options.units.connected) return; // Nothing is planned before systemd can be reached again.
    this.failures += 1;
    if (err instanceof UnitRefused) {
      if (unit.refusal !== err.message) logger.warn("unit refused", { ...fields, reason: err.message });
      unit.failure = undefined;
      unit.refusal = err.message;
      unit.heldBack = { untilMs: clock.monotonic() + refusedRetryMs, seatRevision };
      return;
    }
    const message = err instanceof Error ? err.message : String(err);
    const retryInMs = Math.min(retryMsMin * 2 ** unit.failures, retryMsMax);
    const isNews = unit.failure !== message;
    if (err instanceof StartRefused) {
      const refusal = { unit: task.unit, reason: message, retryInMs };
      if (isNews) logger.warn("systemd refuses to start the unit", refusal);
      else
        logger.info("systemd still refuses to start the unit", { ...refusal, attempts: unit.failures + 1 });
      if (isFinal(unit)) unit.jobResult = refusedJob;
      // Somebody has taken its link away: what was known of it is of the past.
      if (isFleetError(err.cause, "not-found")) unit.local = undefined;
    } else if (isNews) logger.warn("task failed", { ...fields, err });
    else logger.debug("task failed again", { ...fields, err });
    unit.failures += 1;
    unit.failure = message;
    unit.heldBack = { untilMs: clock.monotonic() + retryInMs, seatRevision };
  }

  #nextRetryMs(): number {
    const nowMs = this.#options.clock.monotonic();
    let waitMs = Number.POSITIVE_INFINITY;
    for (const unit of this.#options.memory.units.values()) {
      if (unit.heldBack === undefined || unit.work !== undefined) continue;
      const leftMs = unit.heldBack.untilMs - nowMs;
      if (leftMs > 0) waitMs = Math.min(waitMs, leftMs);
      else {
        unit.heldBack = undefined;
        this.#dirty.add(unit.name);
        waitMs = 0;
      }
    }
    return waitMs;
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }
}

/**
 * Whether a start that systemd refuses is given up for people who wait for it. A unit that systemd cannot use is; one
 * that is in order is tried a second time first, because what it needs may be on its way to this machine too.
 */
function isFinal({ local, failures }: UnitMemory): boolean {
  return local?.loadState !== "loaded" || failures > 0;
}
