import { isFleetError, type Revision, type RollOut, type UnitName } from "@fleet/core";
import type {
  ChangeOutcome,
  ClusterReplica,
  GuardedChange,
  LeaderRegistry,
  Leadership,
  LeaderWrite,
  Logger,
} from "@fleet/core/ports";
import type { EngineTask } from "../plan/task.js";
import type { AssumedView } from "./assumed-view.js";
import type { MutableCounters } from "./counters.js";
import { Dependence } from "./dependence.js";
import { toGuardedChange } from "./guarded-change.js";
import { noteOutcome } from "./note-outcome.js";
import { WorkQueue } from "./work-queue.js";

/** How many tasks are written at a time in one call: about what fits into one transaction. */
const batchTasksMax = 60;

/** How many calls are under way at a time. More makes etcd no faster, and what is urgent waits longer. */
const batchesMax = 8;

/** With fewer tasks under way nobody would have the time to read how many are left. */
const rollOutTasksMin = 1_000;

/** Who writes, and who hears of it. */
export interface OutboxParts {
  readonly leaderRegistry: LeaderRegistry;
  readonly leadership: Leadership;
  readonly logger: Logger;
  readonly counters: MutableCounters;
  readonly replica: ClusterReplica;
  readonly assumed: AssumedView;
  /** Called when something has turned out as it was not assumed, or is known at last. */
  readonly onProgress: () => void;
}

/**
 * Writes tasks, several batches at a time. What it takes in is assumed to be done from then on, so that planning can go
 * on; a task that relies on what is not answered yet is not taken in.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #queue = new WorkQueue();
  readonly #dependence: Dependence;
  /** What each of the tasks under way writes. */
  readonly #changes = new Map<EngineTask, GuardedChange>();
  readonly #seatsLeft = new Map<UnitName, number>();
  readonly #calls = new Set<Promise<void>>();
  /** Tasks that are written but that the view does not have, by the revision from which on it has them. */
  #written: { readonly revision: Revision; readonly task: EngineTask }[] = [];
  /** Tasks that were not written, or perhaps not. The view has to be refreshed before anything is decided about them. */
  readonly #doubtful = new Set<EngineTask>();
  #fail: ((error: unknown) => void) | undefined;
  #outcome = { committed: 0, uncommitted: 0 };

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#dependence = new Dependence(
      (unit) => parts.assumed.view.units.get(unit)?.requirements?.machineOf ?? [],
    );
  }

  /** How many tasks are assumed to be done and are not known to be. */
  get size(): number {
    return this.#changes.size;
  }

  /** Units that get many seats, and how many of them are not known to be there, most first. */
  get rollOuts(): readonly RollOut[] {
    if (this.size < rollOutTasksMin) return [];
    return [...this.#seatsLeft]
      .map(([unit, left]) => ({ unit, left }))
      .sort((a, b) => b.left - a.left || (a.unit < b.unit ? -1 : 1));
  }

  /** Tasks that were not written, or perhaps not. Nothing is to be planned before that is settled. */
  get doubts(): readonly EngineTask[] {
    return [...this.#doubtful];
  }

  /** What has become of tasks since the last call. */
  takeOutcome(): { readonly committed: number; readonly uncommitted: number } {
    const outcome = this.#outcome;
    this.#outcome = { committed: 0, uncommitted: 0 };
    return outcome;
  }

  /** Takes in those of the tasks that rely on nothing unanswered. The others are to be planned again. */
  put(tasks: readonly EngineTask[]): void {
    const waiting = this.#dependence.waiting(tasks);
    const accepted = waiting.size === 0 ? tasks : tasks.filter(({ component }) => !waiting.has(component));
    this.#countSeats(accepted);
    const writes: LeaderWrite[] = [];
    for (const task of accepted) {
      const change = toGuardedChange(task);
      this.#changes.set(task, change);
      this.#dependence.count(task, 1);
      writes.push(...change.writes);
    }
    this.#parts.assumed.assume(writes);
    this.#queue.put(accepted);
    this.#pump();
  }

  /** Takes note that the replica has come to a revision. */
  follow(revision: Revision): void {
    const known = this.#written.filter((entry) => entry.revision <= revision);
    if (known.length === 0) return;
    this.#written = this.#written.filter((entry) => entry.revision > revision);
    this.#release(known.map(({ task }) => task));
  }

  /** Takes note that the replica has everything that can have been written by tasks that were in doubt. */
  settle(doubts: readonly EngineTask[]): void {
    for (const task of doubts) this.#doubtful.delete(task);
    this.#release(doubts);
  }

  /**
   * Writes until aborted. Then, and when it fails, nothing is under way any more when it ends.
   * @throws {FleetError} `conflict` if the office is lost.
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#fail = reject;
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
        this.#pump();
      });
    } finally {
      this.#fail = undefined;
      await Promise.allSettled(this.#calls);
    }
  }

  #pump(): void {
    while (this.#fail !== undefined && this.#calls.size < batchesMax && this.#queue.length > 0) {
      const call = this.#write(this.#queue.take(batchTasksMax)).finally(() => {
        this.#calls.delete(call);
        this.#pump();
      });
      this.#calls.add(call);
    }
  }

  /** Never rejects. */
  async #write(tasks: readonly EngineTask[]): Promise<void> {
    const { leaderRegistry, leadership, logger, counters } = this.#parts;
    let outcomes: readonly ChangeOutcome[] = [];
    let revision: Revision = 0;
    try {
      const changes = tasks.map((task) => this.#changes.get(task)!);
      ({ outcomes, revision } = await leaderRegistry.commit(leadership, changes, leadership.signal));
    } catch (error) {
      if (!isPassing(error) || leadership.signal.aborted) {
        this.#fail?.(error);
        return;
      }
      counters.failedRounds += 1;
      logger.warn("tasks not committed", { err: error });
    }
    for (const [index, task] of tasks.entries()) {
      this.#note(task, outcomes[index] ?? "unknown", revision);
    }
    this.follow(this.#parts.replica.revision);
    this.#parts.onProgress();
  }

  #note(task: EngineTask, outcome: ChangeOutcome, revision: Revision): void {
    noteOutcome(this.#parts.logger, this.#parts.counters, task, outcome, revision);
    const isWritten = outcome === "committed";
    const dropped = this.#queue.done(task, isWritten);
    this.#outcome[isWritten ? "committed" : "uncommitted"] += 1;
    if (isWritten) this.#written.push({ revision, task });
    else this.#doubtful.add(task);
    // Known only with the last task of the stage, whatever became of that one.
    for (const later of dropped) this.#doubtful.add(later);
  }

  #release(tasks: readonly EngineTask[]): void {
    this.#parts.assumed.forget(tasks.flatMap((task) => this.#changes.get(task)!.writes));
    for (const task of tasks) {
      this.#dependence.count(task, -1);
      this.#changes.delete(task);
      const left = this.#seatsLeft.get(task.unit);
      if (left === undefined || task.kind !== "seat") continue;
      if (left > 1) this.#seatsLeft.set(task.unit, left - 1);
      else this.#seatsLeft.delete(task.unit);
    }
  }

  /** Counts the seats of units that get more than one. */
  #countSeats(tasks: readonly EngineTask[]): void {
    const counts = new Map<UnitName, number>();
    for (const { kind, unit } of tasks) if (kind === "seat") counts.set(unit, (counts.get(unit) ?? 0) + 1);
    for (const [unit, count] of counts) {
      if (count > 1) this.#seatsLeft.set(unit, (this.#seatsLeft.get(unit) ?? 0) + count);
    }
  }
}

/** Whether an error is one of etcd's, and neither a lost office nor a bug. */
export function isPassing(error: unknown): boolean {
  return isFleetError(error) && error.code !== "conflict" && error.code !== "cancelled";
}
