import type {
  ClusterView,
  Explanation,
  Forecast,
  Proposal,
  Revision,
  SurvivalReport,
  UnitName,
} from "@fleet/core";
import type { Clock, ClusterInsight, ClusterReplica, SurvivalRequest } from "@fleet/core/ports";
import { copyView } from "../plan/copy-view.js";
import type { DecidedCluster } from "../plan/decided-cluster.js";
import { explainUnit } from "../plan/explain.js";
import { decide } from "../plan/plan.js";
import type { Planning } from "../plan/planning.js";
import { publishedOptions, type SharedOptions } from "../plan/published-options.js";
import { survive } from "../plan/survive.js";
import { foreseeing } from "../plan/what-if.js";
import { Queue } from "./queue.js";
import { type Considering, StandingPlanner } from "./standing-planner.js";
import { Wakeup } from "./wakeup.js";

/** Planning takes at most one part in so many of the process's time, however often it is asked. */
const planningPart = 10;

/** So long after the last question the decisions are given up. */
const keptMs = 60_000;

/** How long one question about losses may plan; its last plan may end later. */
const surveyMsMax = 500;

/** How many forecasts may wait for their turn; each takes a plan or more. */
const waitingMax = 16;

interface Kept {
  readonly decided: DecidedCluster;
  /** The cluster's history it belongs to. */
  readonly epoch: string;
  readonly readyAtMs: number;
  readonly durationMs: number;
}

/** Answers questions about the plan. */
export interface Insight extends ClusterInsight {
  /** Gives up, until aborted, what has been decided for questions that nobody asks any more. */
  run(signal: AbortSignal): Promise<void>;
}

/** Where there are plans that need not be made anew for each question. */
export interface InsightSources {
  /** What the views come from that questions are asked of. */
  readonly replica?: Pick<ClusterReplica, "subscribe">;
  /** This daemon's engine, which has a plan while it leads. */
  readonly leader?: Considering;
}

/**
 * Makes what answers questions about the plan. It plans when it is asked, and keeps what was decided for a while.
 * @param shared - What this daemon's configuration says, and the leader's is taken to say.
 */
export function createInsight(
  clock: Clock,
  shared: SharedOptions = {},
  sources: InsightSources = {},
): Insight {
  return new KeepingInsight(clock, shared, sources);
}

class KeepingInsight implements Insight {
  readonly #clock: Clock;
  readonly #shared: SharedOptions;
  readonly #sources: InsightSources;
  readonly #queue = new Queue(waitingMax);
  readonly #asked: Wakeup;
  #kept: Kept | undefined;
  #standing: StandingPlanner | undefined;
  /** What an inquiry into losses is about, which takes several questions. */
  #surveyed: DecidedCluster | undefined;
  #askedAtMs = 0;

  constructor(clock: Clock, shared: SharedOptions, sources: InsightSources) {
    this.#clock = clock;
    this.#shared = shared;
    this.#sources = sources;
    this.#asked = new Wakeup(clock);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isKept = this.#kept !== undefined || this.#standing !== undefined;
      await this.#asked.wait(isKept ? keptMs : undefined, signal).catch(() => undefined);
      if (this.#clock.monotonic() - this.#askedAtMs < keptMs) continue;
      this.#kept = undefined;
      this.#standing?.close();
      this.#standing = undefined;
      this.#surveyed = undefined;
    }
  }

  explain(view: ClusterView, name: UnitName, revisionMin: Revision): Explanation | undefined {
    const decided =
      this.#consider(view, name) ??
      this.#decidedFor(view, (old) => old.revision >= revisionMin && isSameFor(name, old, view));
    return explainUnit(decided, name);
  }

  /** Asks a plan that follows the cluster, if there is one. */
  #consider(view: ClusterView, name: UnitName): DecidedCluster | undefined {
    const { leader, replica } = this.#sources;
    this.#noteQuestion();
    const ofLeader = leader?.consider(view, [name]);
    if (ofLeader !== undefined) return decidedOf(view, ofLeader);
    if (replica === undefined) return undefined;
    this.#standing ??= new StandingPlanner(replica, this.#shared);
    return decidedOf(view, this.#standing.consider(view, [name]));
  }

  async foresee(
    view: ClusterView,
    proposal: Proposal,
    revisionMin: Revision,
    signal: AbortSignal,
  ): Promise<Forecast> {
    const units = [...proposal.put, ...proposal.want].map(({ unit }) => unit);
    const decided = this.#decidedFor(
      view,
      (old) => old.revision >= revisionMin && units.every((unit) => isSameFor(unit, old, view)),
    );
    const steps = foreseeing(decided, proposal);
    return await this.#queue.run(() => inSteps(steps, this.#clock, signal), signal);
  }

  survive(view: ClusterView, { from, losses, revision }: SurvivalRequest): SurvivalReport | undefined {
    if (revision === undefined) this.#surveyed = this.#decidedFor(view, () => true);
    else if (this.#surveyed?.revision !== revision) return undefined;
    this.#noteQuestion();
    const endMs = this.#askedAtMs + surveyMsMax;
    const isTimeUp = (): boolean => this.#clock.monotonic() >= endMs;
    return survive(this.#surveyed, { losses, from, isTimeUp });
  }

  #decidedFor(view: ClusterView, mayServe: (decided: DecidedCluster) => boolean): DecidedCluster {
    this.#noteQuestion();
    const kept = this.#kept;
    if (kept !== undefined && isUsable(kept, view, this.#askedAtMs) && mayServe(kept.decided)) {
      return kept.decided;
    }
    this.#kept = decideNow(view, this.#clock, this.#shared);
    return this.#kept.decided;
  }

  #noteQuestion(): void {
    this.#askedAtMs = this.#clock.monotonic();
    this.#asked.ring();
  }
}

/** Lets everything else in the process have its turn between two steps. */
async function inSteps<T>(
  steps: Generator<undefined, T>,
  clock: Pick<Clock, "sleep">,
  signal: AbortSignal,
): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await clock.sleep(0, signal);
  }
}

function decideNow(view: ClusterView, clock: Pick<Clock, "monotonic">, shared: SharedOptions): Kept {
  const startMs = clock.monotonic();
  const options = publishedOptions(view, shared);
  const planning = decide(copyView(view), options);
  const readyAtMs = clock.monotonic();
  return {
    decided: decidedOf(view, planning),
    epoch: view.identity?.epoch ?? "",
    readyAtMs,
    durationMs: readyAtMs - startMs,
  };
}

function decidedOf({ engineStatus, leader, revision }: ClusterView, planning: Planning): DecidedCluster {
  return { revision, planning, engineStatus, hasLeader: leader !== undefined };
}

/** Whether decisions are of this moment, or so young that making them anew would take too much of the process. */
function isUsable(kept: Kept, view: ClusterView, nowMs: number): boolean {
  if (kept.epoch !== (view.identity?.epoch ?? "") || kept.decided.revision > view.revision) return false;
  if (kept.decided.revision === view.revision) return true;
  return nowMs - kept.readyAtMs < kept.durationMs * (planningPart - 1);
}

/** Whether the unit's record, seats and states are what they were. */
function isSameFor(name: UnitName, { planning, revision }: DecidedCluster, view: ClusterView): boolean {
  if (revision === view.revision) return true;
  const old = planning.world.view;
  if (modOf(old.units.get(name)) !== modOf(view.units.get(name))) return false;
  if (modOf(old.destroyed.get(name)) !== modOf(view.destroyed.get(name))) return false;
  if (old.unreadableUnits.has(name) !== view.unreadableUnits.has(name)) return false;
  return isSameIn(name, old.seats, view.seats) && isSameIn(name, old.states, view.states);
}

type Nested = ReadonlyMap<string, ReadonlyMap<UnitName, { readonly modRevision: Revision }>>;

function isSameIn(name: UnitName, old: Nested, now: Nested): boolean {
  for (const [machine, records] of now) {
    if (modOf(records.get(name)) !== modOf(old.get(machine)?.get(name))) return false;
  }
  for (const [machine, records] of old) if (records.has(name) && !now.get(machine)?.has(name)) return false;
  return true;
}

function modOf(record: { readonly modRevision: Revision } | undefined): Revision {
  return record?.modRevision ?? 0;
}
