import { isFleetError } from "@fleet/core";
import type { Leadership, ReplicaChange } from "@fleet/core/ports";
import { ChangeCollector } from "../plan/incremental/changes.js";
import { IncrementalPlanner } from "../plan/incremental/incremental-planner.js";
import type { LossVerdict } from "../plan/loss-state.js";
import type { Plan } from "../plan/plan.js";
import type { PlanOptions } from "../plan/view.js";
import { commitTasks } from "./commit-tasks.js";
import type { MutableCounters } from "./counters.js";
import type { EngineParts } from "./engine.js";
import { StatusPublisher } from "./engine-status.js";
import type { LossWatch } from "./loss-watch.js";
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

/** How many units that have just been refused are named in the log of one round. */
const loggedRefusalsMax = 50;

/**
 * One term of office: plan, commit, wait until the replica has what was committed, and again when something changes.
 * Never two plans at once, and never a plan on a view that lacks this leader's own writes (P3.3).
 */
export class Term {
  readonly #parts: TermParts;
  readonly #memory = new RefusalMemory();
  readonly #planner = new IncrementalPlanner();
  /** What the replica has taken in since the newest plan. */
  readonly #changes = new ChangeCollector();
  readonly #status: StatusPublisher;
  readonly #collector: UnitFileCollector;
  #refusals: Plan["refusals"] | undefined;
  #reasons: ReadonlyMap<string, string> = new Map();
  #fruitless = 0;
  /** When the newest plan was ready. */
  #plannedAtMs = Number.NEGATIVE_INFINITY;
  /** Whether something may have been written that the view does not have. Nothing is planned then. */
  #hasUnsettledWrites = false;
  /** When the loss rules want to be asked again. */
  #wakeAtMs: number | undefined;

  constructor(parts: TermParts) {
    const { clock, leaderRegistry, logger, options } = parts;
    this.#parts = parts;
    this.#status = new StatusPublisher(clock, leaderRegistry);
    const retentionMs = options.unitFileRetentionMs ?? 3_600_000;
    this.#collector = new UnitFileCollector(leaderRegistry, clock, logger, retentionMs);
  }

  /**
   * Serves until the office ends. Resigns, and returns, when the registry has gone back in time (P6.3).
   * @throws {FleetError} `conflict` if the office was lost; the signal's reason if it may have been.
   */
  async serve(): Promise<void> {
    const { replica, leadership, bell, logger } = this.#parts;
    const { signal } = leadership;
    const isYounger = (): boolean => replica.condition === "younger";
    const unsubscribe = replica.subscribe((change) => this.#changes.add(toPlanChanges(change)));
    try {
      await replica.waitFor(leadership.revision, signal);
      while (!isYounger()) await bell.wait(await this.#round(signal), signal);
    } catch (error) {
      if (!isYounger() || signal.aborted) throw error;
    } finally {
      unsubscribe();
    }
    logger.error("registry is not believed, resigning", { reason: replica.problem });
    await leadership.resign();
  }

  /** @returns after how many ms to look again even if nothing happens. */
  async #round(signal: AbortSignal): Promise<number | undefined> {
    const { replica, counters, logger } = this.#parts;
    if (replica.condition !== "current") return notCurrentPauseMs;
    await this.#rest(signal);
    try {
      const pauseMs = await this.#planAndCommit(signal);
      return pauseMs === undefined ? this.#idleMs() : pauseMs;
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      counters.failedRounds += 1;
      logger.warn("round failed", { err: error });
      return this.#pauseMs();
    }
  }

  async #planAndCommit(signal: AbortSignal): Promise<number | undefined> {
    const { replica, leaderRegistry, leadership, logger, counters, losses } = this.#parts;
    if (this.#hasUnsettledWrites) await replica.refresh(signal);
    const loss = losses.look(replica.view());
    const planned = this.#plan(loss);
    const office = { leaderRegistry, leadership, logger, counters };
    this.#hasUnsettledWrites = planned.tasks.length > 0;
    const summary = await commitTasks(office, planned.tasks, signal);
    if (summary.uncommitted > 0) await replica.refresh(signal);
    if (summary.revision > 0) await replica.waitFor(summary.revision, signal);
    this.#hasUnsettledWrites = false;
    const facts = { plan: planned, loss, view: replica.view() };
    await this.#status.publish(leadership, facts, signal);
    await this.#collector.collect(leadership, signal);
    if (summary.uncommitted > 0 && summary.committed === 0) return this.#pauseMs();
    this.#fruitless = 0;
    this.#wakeAtMs = loss.wakeAtMs;
    if (summary.committed > 0) this.#parts.bell.ring();
    return undefined;
  }

  #idleMs(): number {
    const lossMs =
      this.#wakeAtMs === undefined
        ? Number.POSITIVE_INFINITY
        : Math.max(0, this.#wakeAtMs - this.#parts.clock.monotonic());
    return Math.min(lossMs, this.#collector.idleMs, this.#status.idleMs);
  }

  #plan(loss: LossVerdict): Plan {
    const { replica, clock, counters, losses, options } = this.#parts;
    const view = replica.view();
    const startMs = clock.monotonic();
    const planOptions: PlanOptions = {
      releasedMachines: loss.released,
      refusedLately: this.#memory.refusedLately,
      ...(options.reserveFromUnit === undefined ? {} : { reserveFromUnit: options.reserveFromUnit }),
      ...(loss.braked.size > 0
        ? { pace: { machines: loss.braked, unreportedMax: options.unreportedMax ?? 8 } }
        : {}),
    };
    const planned = this.#planner.update(view, this.#changes.take(), planOptions);
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
    const restMs = this.#plannedAtMs + counters.planDurationMsLast - clock.monotonic();
    if (restMs >= 1) await clock.sleep(restMs, signal);
  }

  /** Longer each time, so that a task that can never be committed costs next to nothing while nothing else happens. */
  #pauseMs(): number {
    const pauseMs = Math.min(fruitlessPauseMs.first * 2 ** this.#fruitless, fruitlessPauseMs.longest);
    this.#fruitless = Math.min(this.#fruitless + 1, 16);
    return pauseMs;
  }
}

/** Whether an error is one of etcd's, and neither a lost office nor a bug. */
function isPassing(error: unknown): boolean {
  return isFleetError(error) && error.code !== "conflict" && error.code !== "cancelled";
}

function toPlanChanges({ resynced, units, machines, spots }: ReplicaChange) {
  return { all: resynced, units, machines, ...(spots === undefined ? {} : { spots }) };
}
