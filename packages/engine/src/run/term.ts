import { type ClusterView, exclusiveFenceMs, exclusiveStopMaxDefaultMs, type UnitName } from "@fleet/core";
import type { Leadership } from "@fleet/core/ports";
import { type Fenced, fencedMachines } from "../plan/fenced.js";
import { IncrementalPlanner } from "../plan/incremental/incremental-planner.js";
import type { LossVerdict } from "../plan/loss-state.js";
import type { Plan } from "../plan/plan.js";
import type { Planning } from "../plan/planning.js";
import type { PlanOptions } from "../plan/view.js";
import { AssumedView } from "./assumed-view.js";
import type { MutableCounters } from "./counters.js";
import type { EngineParts } from "./engine.js";
import { StatusPublisher } from "./engine-status.js";
import { HeirWatch } from "./heir-watch.js";
import type { LossWatch } from "./loss-watch.js";
import { isPassing, Outbox } from "./outbox.js";
import { RefusalMemory } from "./refusal-memory.js";
import { UnitFileCollector } from "./unit-file-collector.js";
import type { Wakeup } from "./wakeup.js";

/** What a term of office works with. */
export interface TermParts extends EngineParts {
  readonly leadership: Leadership;
  readonly losses: LossWatch;
  readonly bell: Wakeup;
  readonly counters: MutableCounters;
}

/** The pauses after rounds that achieved nothing: the first, and the longest that doubling leads to. */
const fruitlessPauseMs = { first: 50, longest: 5_000 };

/** How soon it is looked again whether the replica follows. */
const notCurrentPauseMs = 500;

/** While more tasks than this are under way, every few milliseconds some become known, and nothing is urgent about them. */
const bulkTasks = 1_000;
const bulkPauseMs = 20;

/** How many units that have just been refused are named in the log of one round. */
const loggedRefusalsMax = 50;

/**
 * One term of office: plan, hand over what is to be written, and again when something changes. Never a plan on a view that
 * lacks this leader's own writes: what is under way is assumed to be done (P3.3).
 */
export class Term {
  readonly #parts: TermParts;
  readonly #memory = new RefusalMemory();
  readonly #heirs = new HeirWatch();
  readonly #planner = new IncrementalPlanner();
  readonly #assumed: AssumedView;
  readonly #outbox: Outbox;
  readonly #status: StatusPublisher;
  readonly #collector: UnitFileCollector;
  /** What the loss rules said last, unless something has happened to a machine since. */
  #loss: LossVerdict | undefined;
  #refusals: Plan["refusals"] | undefined;
  #reasons: ReadonlyMap<string, string> = new Map();
  #fruitless = 0;
  /** What was last planned with. */
  #planOptions: PlanOptions | undefined;
  /** When the newest plan was ready. */
  #plannedAtMs = Number.NEGATIVE_INFINITY;
  /** When the loss rules want to be asked again. */
  #wakeAtMs: number | undefined;

  constructor(parts: TermParts) {
    const { clock, leaderRegistry, logger, options } = parts;
    this.#parts = parts;
    this.#assumed = new AssumedView(parts.replica, parts.leadership.term);
    this.#outbox = new Outbox({ ...parts, assumed: this.#assumed, onProgress: () => parts.bell.ring() });
    this.#status = new StatusPublisher(clock, leaderRegistry);
    const retentionMs = options.unitFileRetentionMs ?? 3_600_000;
    this.#collector = new UnitFileCollector(leaderRegistry, clock, logger, retentionMs);
  }

  /**
   * Serves until the office ends. Resigns, and returns, when the registry has gone back in time (P6.3).
   * @throws {FleetError} `conflict` if the office was lost; the signal's reason if it may have been.
   */
  async serve(): Promise<void> {
    const { replica, leadership, logger } = this.#parts;
    const { signal } = leadership;
    const scope = new AbortController();
    const end = (): void => scope.abort(signal.reason);
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    const writing = this.#outbox.run(scope.signal).catch((error: unknown) => scope.abort(error));
    const unsubscribe = replica.subscribe((change) => {
      if (change.resynced || change.machines.size > 0) this.#loss = undefined;
      this.#assumed.follow(change);
      this.#outbox.follow(change.revision);
    });
    try {
      await this.#lead(scope.signal);
    } catch (error) {
      if (!this.#isYounger() || signal.aborted) throw error;
    } finally {
      unsubscribe();
      signal.removeEventListener("abort", end);
      scope.abort();
      await writing;
    }
    logger.error("registry is not believed, resigning", { reason: replica.problem });
    await leadership.resign();
  }

  /** Says what is decided about units, unless something is being written that may turn out otherwise. */
  consider(view: ClusterView, names: readonly UnitName[]): Planning | undefined {
    const isSettled = this.#outbox.size === 0 && this.#parts.replica.condition === "current";
    if (!isSettled || this.#planOptions === undefined || this.#assumed.view.revision !== view.revision) {
      return undefined;
    }
    return this.#planner.consider(
      this.#assumed.view,
      this.#assumed.takeChangesQuietly(),
      this.#planOptions,
      names,
    );
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const { replica, leadership, bell } = this.#parts;
    await replica.waitFor(leadership.revision, signal);
    while (!this.#isYounger()) await bell.wait(await this.#round(signal), signal);
  }

  #isYounger(): boolean {
    return this.#parts.replica.condition === "younger";
  }

  /** @returns after how many ms to look again even if nothing happens. */
  async #round(signal: AbortSignal): Promise<number | undefined> {
    const { replica, counters, logger } = this.#parts;
    if (replica.condition !== "current") return notCurrentPauseMs;
    await this.#rest(signal);
    try {
      await this.#planAndCommit(signal);
      return this.#idleMs();
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      counters.failedRounds += 1;
      logger.warn("round failed", { err: error });
      return this.#pauseMs();
    }
  }

  async #planAndCommit(signal: AbortSignal): Promise<void> {
    const { replica, leadership } = this.#parts;
    await this.#settle(signal);
    const loss = this.#look();
    const fence = this.#fence(loss);
    const planned = this.#plan(loss, fence);
    this.#outbox.put(planned.tasks);
    const { rollOuts } = this.#outbox;
    const facts = { plan: planned, loss, fence, view: replica.view(), rollOuts };
    await this.#status.publish(leadership, facts, signal);
    await this.#collector.collect(leadership, signal);
    this.#wakeAtMs = earlier(earlier(loss.wakeAtMs, fence.wakeAtMs), this.#heirs.wakeAtMs);
  }

  /** While no machine is away, only what happens to a machine can make the loss rules say something else. */
  #look(): LossVerdict {
    const { replica, losses } = this.#parts;
    if (this.#loss === undefined || this.#loss.state.absent.size > 0)
      this.#loss = losses.look(replica.view());
    return this.#loss;
  }

  /** Finds out what was written, where that is in doubt, and pauses if nothing could be. */
  async #settle(signal: AbortSignal): Promise<void> {
    const { replica, bell, leaderRegistry, leadership } = this.#parts;
    for (let { doubts } = this.#outbox; doubts.length > 0; { doubts } = this.#outbox) {
      // What is not there now must not come later, beside what is decided instead.
      await leaderRegistry.settle(leadership, signal);
      await replica.refresh(signal);
      this.#outbox.settle(doubts);
    }
    const { committed, uncommitted } = this.#outbox.takeOutcome();
    if (committed > 0) this.#fruitless = 0;
    // What is decided anew on the same facts would be overtaken again.
    else if (uncommitted > 0 && !this.#assumed.hasNews) await bell.wait(this.#pauseMs(), signal);
  }

  #idleMs(): number {
    const lossMs =
      this.#wakeAtMs === undefined
        ? Number.POSITIVE_INFINITY
        : Math.max(0, this.#wakeAtMs - this.#parts.clock.monotonic());
    return Math.min(lossMs, this.#collector.idleMs, this.#status.idleMs);
  }

  /** Tells which machines have been away for so long that their exclusive units may run elsewhere. */
  #fence({ state }: LossVerdict): Fenced {
    const { clock, options } = this.#parts;
    const { machineTtlMs, exclusiveStopMaxMs = exclusiveStopMaxDefaultMs } = options;
    return fencedMachines(state, clock.monotonic(), exclusiveFenceMs(machineTtlMs, exclusiveStopMaxMs));
  }

  #plan(loss: LossVerdict, fence: Fenced): Plan {
    const { clock, counters, losses, options } = this.#parts;
    const { view } = this.#assumed;
    const startMs = clock.monotonic();
    const planOptions: PlanOptions = {
      releasedMachines: loss.released,
      fencedMachines: fence.machines,
      refusedLately: this.#memory.refusedLately,
      retriedHeirs: this.#heirs.due(startMs),
      ...(options.reserveFromUnit === undefined ? {} : { reserveFromUnit: options.reserveFromUnit }),
      ...(loss.braked.size > 0
        ? { pace: { machines: loss.braked, unreportedMax: options.unreportedMax ?? 8 } }
        : {}),
    };
    this.#planOptions = planOptions;
    const planned = this.#planner.update(view, this.#assumed.takeChanges(), planOptions);
    const endMs = clock.monotonic();
    this.#plannedAtMs = endMs;
    counters.plans += 1;
    counters.planDurationMsLast = endMs - startMs;
    counters.planDurationMsTotal += endMs - startMs;
    if (this.#planner.isLastPartial) counters.partialPlans += 1;
    counters.refusals = planned.refusals.length;
    counters.heldMachines = loss.held.length;
    this.#memory.note(planned.unwilling, view, endMs);
    if (planned.refusals === this.#refusals) return planned;
    this.#refusals = planned.refusals;
    this.#heirs.note(planned.refusals, endMs);
    losses.notePlan(planned);
    this.#logRefusals(planned);
    return planned;
  }

  #logRefusals({ refusals }: Plan): void {
    const reasons = new Map<string, string>();
    let logged = 0;
    for (const { unit, machine, reason } of refusals) {
      const key = `${unit} ${machine ?? ""}`;
      reasons.set(key, reason);
      if (this.#reasons.get(key) === reason || logged === loggedRefusalsMax) continue;
      logged += 1;
      this.#parts.logger.info("unit refused", { unit, machine, reason });
    }
    this.#reasons = reasons;
  }

  /**
   * Leaves the process as much time as the last plan took, so that planning takes half of it at most, however much
   * happens. A plan that comes after a quiet while is not delayed.
   */
  async #rest(signal: AbortSignal): Promise<void> {
    const { clock, counters } = this.#parts;
    const durationMs = Math.max(counters.planDurationMsLast, this.#outbox.size > bulkTasks ? bulkPauseMs : 0);
    const restMs = this.#plannedAtMs + durationMs - clock.monotonic();
    if (restMs >= 1) await clock.sleep(restMs, signal);
  }

  /** Longer each time, so that a task that can never be committed costs next to nothing while nothing else happens. */
  #pauseMs(): number {
    const pauseMs = Math.min(fruitlessPauseMs.first * 2 ** this.#fruitless, fruitlessPauseMs.longest);
    this.#fruitless = Math.min(this.#fruitless + 1, 16);
    return pauseMs;
  }
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
