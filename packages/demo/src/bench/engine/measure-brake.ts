import { type EngineTask, type IncrementalPlanner, type PlanOptions, plan } from "@fleet/engine";
import { type Figures, summarize } from "../figures.js";
import type { BenchCluster } from "./bench-cluster.js";

/** How many seats a machine may have that it has not reported on: the engine's own default. */
const unreportedMax = 8;

/**
 * The loss of three machines of five, with the brake on: what it takes to plan it; and then, while most units still wait for
 * their turn, what it takes when a machine reports on one unit, so that another one gets its turn, and when that is written.
 */
export function measureBrake(cluster: BenchCluster, planner: IncrementalPlanner, events: number): Figures {
  const lost = [...cluster.machines.keys()].filter((_, index) => index % 5 < 3);
  for (const id of lost) {
    cluster.setMachine(id, { presence: undefined });
    const states = cluster.states.get(id);
    for (const unit of states?.keys() ?? []) cluster.noteState(unit, id);
    states?.clear();
  }
  const machines = new Set(lost);
  const options: PlanOptions = { releasedMachines: machines, pace: { machines, unreportedMax } };
  const scratch = timed(() => plan(cluster.view, options));
  const samples: { readonly ms: number; readonly cpuMs: number }[] = [];
  const next = (): readonly EngineTask[] => {
    const changes = cluster.takeChanges();
    const { made, ...took } = timed(() => planner.update(cluster.view, changes, options));
    samples.push(took);
    return made.tasks;
  };
  const moves = next();
  cluster.carryOut(moves);
  next();
  samples.length = 0;
  const beforehand = Object.values(planner.counts.fromScratch).reduce((sum, count) => sum + count, 0);
  for (let event = 0; event < events; event += 1) {
    const move = moves[(event * 97) % moves.length]!;
    if ("machine" in move) cluster.report(move.machine, move.unit);
    cluster.carryOut(next());
    next();
  }
  const afterwards = Object.values(planner.counts.fromScratch).reduce((sum, count) => sum + count, 0);
  return {
    brakedFromScratchMs: Math.round(scratch.ms),
    brakedFromScratchCpuMs: Math.round(scratch.cpuMs),
    brakedWaiting: scratch.made.refusals.length,
    brakedFirstMoves: moves.length,
    brakedEventMs: summarize(samples.map(({ ms }) => ms)),
    brakedEventCpuMs: summarize(samples.map(({ cpuMs }) => cpuMs)),
    brakedPlansFromScratch: afterwards - beforehand,
  };
}

function timed<T>(make: () => T): { readonly made: T; readonly ms: number; readonly cpuMs: number } {
  const before = process.cpuUsage();
  const startedMs = performance.now();
  const made = make();
  const ms = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(before);
  return { made, ms, cpuMs: (user + system) / 1000 };
}
