import { type ClusterView, parseUnitName, type UnitName } from "@fleet/core";
import { createInsight, type PlanOptions, plan } from "@fleet/engine";
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

/**
 * `fleetctl explain` of a unit that has no place on 5,000 machines with 100,000 units, as the server computes it: the first
 * question, for which the cluster is planned; and the following ones. Beside it what planning alone takes.
 */
export async function benchExplain({ runs, progress, signal }: BenchContext): Promise<Figures> {
  progress(`placing ${units} units on ${machines} machines`);
  const cluster = new BenchCluster(machines, "mixed");
  for (let number = 0; number < units; number += 1) cluster.addUnit(number);
  const options: PlanOptions = { releasedMachines: new Set() };
  const { tasks } = plan(cluster.view, options);
  cluster.carryOut(tasks);
  for (const task of tasks) if (task.kind === "seat") cluster.report(task.machine, task.unit);
  for (const [kind, optionsOf] of Object.entries(hopeless)) {
    for (let run = 0; run < runs; run += 1) {
      const name = nameOf(kind, run);
      cluster.units.set(name, recordOf(name, optionsOf(cluster), units));
    }
  }
  signal.throwIfAborted();
  progress("asking why they have no place");
  const planMs = measure(runs, () => plan(cluster.view, options));
  const now = () => performance.now();
  const insight = createInsight({ now, monotonic: now, boottime: now, sleep: async () => undefined });
  const view = viewOf(cluster, 1);
  const first = measure(1, () => insight.explain(view, nameOf("metadata", 0), 0));
  const samples = Object.keys(hopeless).map((kind) => {
    const ms = measure(runs, (run) => {
      const explained = insight.explain(view, nameOf(kind, run), 0);
      if (explained?.standing !== "waiting") throw new Error(`${nameOf(kind, run)} has a place`);
    });
    return [`${kind}Ms`, ms] as const;
  });
  const slowest = samples.map(([, ms]) => ms).reduce((a, b) => (a.median >= b.median ? a : b));
  return {
    bench: "explain",
    machines,
    units: cluster.units.size,
    planMs,
    firstQuestionMs: first,
    ...Object.fromEntries(samples),
    slowestMs: slowest.median,
    budgetMs,
    slowestToPlanRatio: ratio(slowest, planMs),
    isWithinBudget: String(slowest.median <= budgetMs),
  };
}

function nameOf(kind: string, run: number): UnitName {
  return parseUnitName(`hopeless-${kind}-${run}.service`);
}

function measure(runs: number, act: (run: number) => unknown): Summary {
  const samples: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const startedMs = performance.now();
    act(run);
    samples.push(performance.now() - startedMs);
  }
  return summarize(samples);
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
