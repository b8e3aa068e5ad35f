import type { ClusterView, Explanation, Revision, UnitName } from "@fleet/core";
import type { Clock, ClusterInsight, ClusterReplica } from "@fleet/core/ports";
import { copyView } from "../plan/copy-view.js";
import type { DecidedCluster } from "../plan/decided-cluster.js";
import { explainUnit } from "../plan/explain.js";
import { decide } from "../plan/plan.js";
import { publishedOptions, type SharedOptions } from "../plan/published-options.js";
import { survive } from "../plan/survive.js";
import { foreseeing } from "../plan/what-if.js";
import { Queue } from "./queue.js";

/** Planning takes at most one part in so many of the process's time, however often it is asked. */
const planningPart = 10;

/** So long after the last question the decisions are given up, at the next change of the cluster. */
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

/**
 * Makes what answers questions about the plan. It plans when it is asked, and keeps what was decided for a while.
 * @param shared - What this daemon's configuration says, and the leader's is taken to say.
 */
export function createInsight(
  replica: Pick<ClusterReplica, "subscribe">,
  clock: Pick<Clock, "monotonic" | "sleep">,
  shared: SharedOptions = {},
): ClusterInsight {
  let kept: Kept | undefined;
  /** What an inquiry into losses is about, which takes several questions. */
  let surveyed: DecidedCluster | undefined;
  let askedAtMs = 0;
  const queue = new Queue(waitingMax);
  replica.subscribe(() => {
    if (kept === undefined || clock.monotonic() - askedAtMs <= keptMs) return;
    kept = undefined;
    surveyed = undefined;
  });
  const decidedFor = (view: ClusterView, mayServe: (decided: DecidedCluster) => boolean): DecidedCluster => {
    askedAtMs = clock.monotonic();
    if (kept !== undefined && isUsable(kept, view, askedAtMs) && mayServe(kept.decided)) return kept.decided;
    kept = decideNow(view, clock, shared);
    return kept.decided;
  };
  return {
    explain: (view, name, revisionMin): Explanation | undefined => {
      const decided = decidedFor(view, (old) => old.revision >= revisionMin && isSameFor(name, old, view));
      return explainUnit(decided, name);
    },
    foresee: async (view, proposal, revisionMin, signal) => {
      const units = [...proposal.put, ...proposal.want].map(({ unit }) => unit);
      const decided = decidedFor(
        view,
        (old) => old.revision >= revisionMin && units.every((unit) => isSameFor(unit, old, view)),
      );
      return await queue.run(() => inSteps(foreseeing(decided, proposal), clock, signal), signal);
    },
    survive: (view, { from, losses, revision }) => {
      if (revision === undefined) surveyed = decidedFor(view, () => true);
      else if (surveyed?.revision !== revision) return undefined;
      askedAtMs = clock.monotonic();
      const endMs = askedAtMs + surveyMsMax;
      return survive(surveyed, { losses, from, isTimeUp: () => clock.monotonic() >= endMs });
    },
  };
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
    decided: {
      revision: view.revision,
      planning,
      engineStatus: view.engineStatus,
      hasLeader: view.leader !== undefined,
    },
    epoch: view.identity?.epoch ?? "",
    readyAtMs,
    durationMs: readyAtMs - startMs,
  };
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
