import type { MachineId, UnitName } from "@fleet/core";
import { IncrementalPlanner, type Plan, type PlanOptions, plan } from "@fleet/engine";
import { type Figures, type Summary, summarize } from "../figures.js";
import { BenchCluster } from "./bench-cluster.js";
import type { Rules } from "./bench-units.js";
import { heapMiB } from "./heap.js";
import { measureBrake } from "./measure-brake.js";

/** What is measured at a time. */
export interface EngineSize {
  readonly machines: number;
  readonly units: number;
  readonly rules: Rules;
}

/** What one event may take; what takes longer has met the garbage collector, or another process. */
const eventBudgetMs = 5;

/** In a cluster of fewer machines the loss of most of them is over in a moment. */
const brakedMachinesMin = 100;

const noOptions: PlanOptions = { releasedMachines: new Set() };
const nothing = { all: true, units: new Set<never>(), machines: new Set<never>() };

/** Plans a cluster from scratch, with nothing placed and with everything placed, and then lets things happen to it. */
export function measureEngine(size: EngineSize, runs: number, events: number): Figures {
  const cluster = new BenchCluster(size.machines, size.rules);
  for (let number = 0; number < size.units; number += 1) cluster.addUnit(number);
  const cold = timed(runs, () => plan(cluster.view, noOptions));
  const { tasks, refusals } = cold.last;
  cluster.carryOut(tasks);
  for (const task of tasks) if (task.kind === "seat") cluster.report(task.machine, task.unit);
  const settled = timed(runs, () => plan(cluster.view, noOptions));
  if (settled.last.tasks.length > 0) throw new Error("a plan that was carried out left something to do");
  const emptyMiB = heapMiB();
  const planner = new IncrementalPlanner();
  cluster.takeChanges();
  planner.update(cluster.view, nothing, noOptions);
  const plannerMiB = heapMiB() - emptyMiB;
  const perEvent = measureEvents(cluster, planner, size, events);
  const plansFromScratch = Object.values(planner.counts.fromScratch).reduce((sum, count) => sum + count, 0);
  const partialPlans = planner.counts.partial;
  const braked = size.machines >= brakedMachinesMin ? measureBrake(cluster, planner, events) : {};
  return {
    bench: "engine",
    ...size,
    placed: tasks.length,
    refused: refusals.length,
    fromScratchMs: cold.ms,
    fromScratchCpuMs: cold.cpuMs,
    unitsPerSecond: Math.round(size.units / (cold.ms.median / 1000)),
    nothingToDoMs: settled.ms,
    ...perEvent,
    ...braked,
    partialPlans,
    plansFromScratch,
    clusterMiB: Math.round(emptyMiB),
    plannerMiB: Math.round(plannerMiB),
  };
}

interface Timed {
  readonly ms: Summary;
  /** What this process got of the processors meanwhile, the garbage collector's threads included. */
  readonly cpuMs: Summary;
  readonly last: Plan;
}

function timed(runs: number, make: () => Plan): Timed {
  const samples: number[] = [];
  const cpuSamples: number[] = [];
  let last: Plan | undefined;
  for (let run = 0; run < runs; run += 1) {
    const startedMs = performance.now();
    const before = process.cpuUsage();
    last = make();
    const { user, system } = process.cpuUsage(before);
    samples.push(performance.now() - startedMs);
    cpuSamples.push((user + system) / 1000);
  }
  return { ms: summarize(samples), cpuMs: summarize(cpuSamples), last: last! };
}

type Sample = (name: string, options?: PlanOptions) => Plan;

function measureEvents(
  cluster: BenchCluster,
  planner: IncrementalPlanner,
  { units, machines }: EngineSize,
  events: number,
): Figures {
  const samples = new Map<string, number[]>();
  const cpuSamples: number[] = [];
  const sample: Sample = (name, options = noOptions) => {
    const changes = cluster.takeChanges();
    const before = process.cpuUsage();
    const startedMs = performance.now();
    const planned = planner.update(cluster.view, changes, options);
    const ms = performance.now() - startedMs;
    const { user, system } = process.cpuUsage(before);
    cpuSamples.push((user + system) / 1000);
    samples.set(name, [...(samples.get(name) ?? []), ms]);
    return planned;
  };
  const names = [...cluster.units.keys()];
  const ids = [...cluster.machines.keys()];
  for (let event = 0; event < events; event += 1) {
    // Steps that have no common divisor with the sizes, so that all kinds of units get their turn.
    startAndDestroy(cluster, sample, units + event);
    stopAndStart(cluster, sample, names[(event * 7_919) % names.length]!);
    cluster.setMachine(ids[(event * 37) % machines]!, { policy: { cordoned: true, drained: false } });
    sample("eventCordonedMs");
    cluster.setMachine(ids[(event * 37) % machines]!, { policy: { cordoned: false, drained: false } });
    sample("eventUncordonedMs");
    loseAndRegain(cluster, sample, ids[(event * 41) % machines]!);
    const joined = cluster.join((event * 53) % machines);
    sample("eventMachineJoinedMs");
    cluster.forget(joined);
    sample("eventMachineForgottenMs");
  }
  const summaries = [...samples].map(([name, values]) => [name, summarize(values)] as const);
  const all = [...samples.values()].flat();
  const partWithin = (values: readonly number[]): number =>
    Number(((100 * values.filter((ms) => ms <= eventBudgetMs).length) / values.length).toFixed(1));
  return {
    eventMs: summarize(all),
    eventCpuMs: summarize(cpuSamples),
    eventsWithinBudgetPercent: partWithin(all),
    // On a machine that has other work to do this says more.
    eventsWithinBudgetCpuPercent: partWithin(cpuSamples),
    ...Object.fromEntries(summaries),
  };
}

/** Carries tasks out one kind of event after the other, until the cluster is at rest again. */
function follow(cluster: BenchCluster, sample: Sample, first: Plan, options?: PlanOptions): void {
  for (let planned = first; planned.tasks.length > 0; ) {
    const { tasks } = planned;
    cluster.carryOut(tasks);
    planned = sample("eventSeatsWrittenMs", options);
    for (const task of tasks) if ("machine" in task) cluster.report(task.machine, task.unit);
    for (const task of tasks) if (task.kind === "move") cluster.report(task.from.machine, task.unit);
    planned = sample("eventStatesReportedMs", options);
  }
}

function startAndDestroy(cluster: BenchCluster, sample: Sample, number: number): void {
  const name = cluster.addUnit(number);
  follow(cluster, sample, sample("eventStartedMs"));
  cluster.destroy(name);
  follow(cluster, sample, sample("eventDestroyedMs"));
}

function stopAndStart(cluster: BenchCluster, sample: Sample, name: UnitName): void {
  cluster.setDesired(name, "inactive");
  follow(cluster, sample, sample("eventStoppedMs"));
  cluster.setDesired(name, "launched");
  follow(cluster, sample, sample("eventStartedMs"));
}

/** A machine's power cut: its presence and its states go in one revision, its units move, and it comes back. */
function loseAndRegain(cluster: BenchCluster, sample: Sample, id: MachineId): void {
  const { presence } = cluster.machines.get(id)!;
  const units = [...(cluster.states.get(id)?.keys() ?? [])];
  cluster.setMachine(id, { presence: undefined });
  cluster.states.get(id)?.clear();
  for (const unit of units) cluster.noteState(unit, id);
  const released: PlanOptions = { releasedMachines: new Set([id]) };
  follow(cluster, sample, sample("eventMachineLostMs", released), released);
  cluster.setMachine(id, { presence });
  follow(cluster, sample, sample("eventMachineBackMs", released), released);
  sample("eventOptionsMs");
}
