import { type ClusterView, parseUnitName, type UnitName } from "@fleet/core";
import type { ReplicaChange } from "@fleet/core/ports";
import {
  createInsight,
  IncrementalPlanner,
  type Insight,
  type InsightSources,
  type PlanOptions,
  plan,
} from "@fleet/engine";
import type { BenchContext } from "./bench-context.js";
import { BenchCluster } from "./engine/bench-cluster.js";
import { recordOf } from "./engine/bench-units.js";
import { type Figures, ratio, type Summary, summarize } from "./figures.js";

const machines = 5_000;
const units = 100_000;

/** What an explanation may take. */
const budgetMs = 50;

/** Units that find no place on any machine, each for a reason of its own kind. */
const hopeless: Readonly<Record<string, (cluster: BenchCluster) => readonly string[]>> = {
  /** No machine has the metadata. */
  metadata: () => ["MachineMetadata=region=moon"],
  /** On every machine there is something that it minds. */
  conflicts: () => ["Conflicts=*"],
  /** It follows a unit that has no place either. */
  peer: () => ["MachineOf=hopeless-metadata-0.service"],
  /** A quarter of the machines has the metadata, and there are the units that it minds. */
  both: () => [
    "MachineMetadata=region=north",
    "Conflicts=u*",
    "Conflicts=side*",
    "Conflicts=apart*",
    "Conflicts=zoned*",
  ],
};

/** Something that happens to the cluster between two questions. */
const happenings: Readonly<Record<string, (cluster: BenchCluster, run: number) => void>> = {
  /** A unit is stopped, or started again. */
  unit: (cluster, run) => {
    const name = [...cluster.units.keys()][((run >> 1) * 7_919) % units]!;
    cluster.setDesired(name, run % 2 === 0 ? "inactive" : "launched");
  },
  /** A machine reports. */
  state: (cluster, run) => {
    const [machine, seats] = [...cluster.seats][(run * 37) % machines]!;
    for (const unit of [...seats.keys()].slice(0, 1)) cluster.report(machine, unit);
  },
  /** A machine is cordoned, or uncordoned again. */
  machine: (cluster, run) => {
    const id = [...cluster.machines.keys()][((run >> 1) * 41) % machines]!;
    cluster.setMachine(id, { policy: { cordoned: run % 2 === 0, drained: false } });
  },
};

/**
 * `fleetctl explain` of a unit that has no place on 5,000 machines with 100,000 units, as the server computes it. The daemon
 * that leads has a plan and needs none for the first question; any other plans the cluster when it is asked for the first
 * time. From then on both are asked again when nothing has happened, and right after something has. Beside it what
 * planning alone takes.
 */
export async function benchExplain({ runs, progress, signal }: BenchContext): Promise<Figures> {
  progress(`placing ${units} units on ${machines} machines`);
  const cluster = makeCluster(runs);
  signal.throwIfAborted();
  progress("asking why they have no place");
  const options: PlanOptions = { releasedMachines: new Set() };
  const planMs = measure(runs, () => plan(cluster.view, options));
  const leader = new IncrementalPlanner();
  leader.update(cluster.view, { ...cluster.takeChanges(), all: true }, options);
  const ofLeader = new Asked(cluster, {
    leader: { consider: (view, names) => leader.consider(view, cluster.takeChanges(), options, names) },
  });
  const leaderFirst = measure(1, () => ofLeader.ask("metadata", 0));
  const leaderSamples = samplesOf(ofLeader, runs, "leader");
  const follower = new Asked(cluster, {});
  const followerFirst = measure(1, () => follower.ask("metadata", 0));
  const followerSamples = samplesOf(follower, runs, "follower");
  const samples = { ...leaderSamples, ...followerSamples };
  const slowest = slowestOf(Object.values(samples).map(({ ms }) => ms));
  return {
    bench: "explain",
    machines,
    units: cluster.units.size,
    planMs: planMs.ms,
    ...Object.fromEntries(Object.entries(samples).map(([name, { ms }]) => [name, ms])),
    slowestMs: slowest.median,
    // What this process got of the processors: on a machine that has other work to do it says more.
    slowestCpuMs: slowestOf(Object.values(samples).map(({ cpuMs }) => cpuMs)).median,
    budgetMs,
    slowestToPlanRatio: ratio(slowest, planMs.ms),
    isWithinBudget: String(slowest.median <= budgetMs),
    // Of the process: what answers is being compiled.
    leaderFirstQuestionEverMs: leaderFirst.ms,
    // It plans, once in a while: when nobody has asked for a minute the plan is given up.
    followerFirstQuestionEverMs: followerFirst.ms,
  };
}

function makeCluster(runs: number): BenchCluster {
  const cluster = new BenchCluster(machines, "mixed");
  for (let number = 0; number < units; number += 1) cluster.addUnit(number);
  const { tasks } = plan(cluster.view, { releasedMachines: new Set() });
  cluster.carryOut(tasks);
  for (const task of tasks) if (task.kind === "seat") cluster.report(task.machine, task.unit);
  for (const [kind, optionsOf] of Object.entries(hopeless)) {
    for (let run = 0; run < runs; run += 1) {
      const name = nameOf(kind, run);
      cluster.units.set(name, recordOf(name, optionsOf(cluster), units));
    }
  }
  cluster.takeChanges();
  return cluster;
}

/** What answers questions, in a daemon that follows the cluster. */
class Asked {
  readonly #cluster: BenchCluster;
  readonly #insight: Insight;
  #tell: ((change: ReplicaChange) => void) | undefined;
  #revision = 1;

  constructor(cluster: BenchCluster, sources: InsightSources) {
    this.#cluster = cluster;
    const now = () => performance.now();
    const clock = { now, monotonic: now, boottime: now, sleep: async () => undefined };
    const subscribe = (listener: (change: ReplicaChange) => void) => {
      this.#tell = listener;
      return () => undefined;
    };
    this.#insight = createInsight(clock, {}, { replica: { subscribe }, ...sources });
  }

  /** Lets something happen, and the daemon hear of it. */
  happen(kind: string, run: number): void {
    happenings[kind]!(this.#cluster, run);
    this.#revision += 1;
    if (this.#tell === undefined) return;
    const { units: changed, machines: others, spots } = this.#cluster.takeChanges();
    const what = { units: changed, machines: others, ...(spots === undefined ? {} : { spots }) };
    this.#tell({ revision: this.#revision, resynced: false, leader: false, ...what });
  }

  ask(kind: string, run: number): void {
    const explained = this.#insight.explain(viewOf(this.#cluster, this.#revision), nameOf(kind, run), 0);
    if (explained?.standing !== "waiting") throw new Error(`${nameOf(kind, run)} has a place`);
    if (explained.revision !== this.#revision) throw new Error("the answer is of the past");
  }
}

/** Asks about each kind of unit when nothing has happened, and after each kind of happening. */
function samplesOf(asked: Asked, runs: number, who: string): Readonly<Record<string, Timed>> {
  const kinds = Object.keys(hopeless);
  const samples: Record<string, Timed> = {};
  for (const kind of kinds)
    samples[`${who}${capital(kind)}Ms`] = measure(runs, (run) => asked.ask(kind, run));
  for (const happening of Object.keys(happenings)) {
    const afterwards = measure(
      kinds.length * runs,
      (run) => asked.ask(kinds[Math.floor(run / runs)]!, run % runs),
      (run) => asked.happen(happening, run),
    );
    samples[`${who}After${capital(happening)}Ms`] = afterwards;
  }
  return samples;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function nameOf(kind: string, run: number): UnitName {
  return parseUnitName(`hopeless-${kind}-${run}.service`);
}

interface Timed {
  readonly ms: Summary;
  readonly cpuMs: Summary;
}

function measure(runs: number, act: (run: number) => unknown, prepare?: (run: number) => void): Timed {
  const samples: number[] = [];
  const cpuSamples: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    prepare?.(run);
    const before = process.cpuUsage();
    const startedMs = performance.now();
    act(run);
    samples.push(performance.now() - startedMs);
    const { user, system } = process.cpuUsage(before);
    cpuSamples.push((user + system) / 1000);
  }
  return { ms: summarize(samples), cpuMs: summarize(cpuSamples) };
}

function slowestOf(summaries: readonly Summary[]): Summary {
  return summaries.reduce((a, b) => (a.median >= b.median ? a : b));
}

function viewOf(cluster: BenchCluster, revision: number): ClusterView {
  return {
    ...cluster.view,
    revision,
    identity: undefined,
    leader: undefined,
    unreadable: [],
  };
}
