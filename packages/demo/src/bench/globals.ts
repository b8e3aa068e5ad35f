import { setTimeout as pause } from "node:timers/promises";
import { openLab } from "@fleet/lab";
import { Keys, openEtcdStore, type Store } from "@fleet/registry";
import type { BenchContext } from "./bench-context.js";
import { type Figures, summarize } from "./figures.js";
import { type Agents, startAgents } from "./schedule/agents.js";
import { type Leader, startLeader } from "./schedule/leader.js";
import { clock } from "./schedule/real-ports.js";
import { seedMachines, seedUnits } from "./schedule/seed.js";

const machines = 2_000;
const globals = 50;

/** How long a cluster may take. */
const limitMs = 300_000;

const keys = new Keys();

/**
 * Global units on many machines through a real etcd, with the real leader: how long it takes to roll out one more, until it
 * is seated and until it is active everywhere, and how much memory the leader needs.
 */
export async function benchGlobals(context: BenchContext): Promise<Figures> {
  const { progress, runs, signal } = context;
  const lab = await openLab({ name: "benchglobals", signal });
  const etcdUrl = await lab.startEtcd({ signal });
  const store = openEtcdStore({ endpoints: [etcdUrl], clock, requestTimeoutMs: 30_000 });
  let agents: Agents | undefined;
  let leader: Leader | undefined;
  try {
    progress(`joining ${machines} machines`);
    const leaseId = await seedMachines(store, machines, signal);
    const { revision } = await store.range({ key: keys.cluster }, signal);
    agents = await startAgents({ etcdUrl, leaseId, fromRevision: revision + 1 });
    leader = await startLeader(store);
    await leader.elected();
    progress(`rolling out ${globals} global units`);
    const first = await rollOut(store, leader, 0, globals, signal);
    const seatedMs: number[] = [];
    const activeMs: number[] = [];
    const plansMs: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      progress(`rolling out one more, run ${run + 1} of ${runs}`);
      const one = await rollOut(store, leader, globals + run, 1, signal);
      seatedMs.push(one.seatedMs);
      activeMs.push(one.activeMs);
      plansMs.push(one.planningMs);
    }
    return {
      bench: "globals",
      machines,
      globals,
      firstSeatedMs: Math.round(first.seatedMs),
      firstActiveMs: Math.round(first.activeMs),
      oneMoreSeatedMs: summarize(seatedMs),
      oneMoreActiveMs: summarize(activeMs),
      oneMorePlanningMs: summarize(plansMs),
      partialPlans: leader.counters.partialPlans,
      plans: leader.counters.plans,
      leaderResidentMiB: Math.round(process.memoryUsage.rss() / 1024 / 1024),
    };
  } finally {
    await leader?.stop();
    await agents?.stop();
    await store.close();
    await lab.stop();
  }
}

/** Submits global units. @returns how long it takes until the leader's replica has all their seats, and all active. */
async function rollOut(store: Store, leader: Leader, from: number, count: number, signal: AbortSignal) {
  const planningBeforeMs = leader.counters.planDurationMsTotal;
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  const goal = (from + count) * machines;
  const startedMs = performance.now();
  await seedUnits(store, numbers, true, signal);
  const since = async (sizeOf: () => number): Promise<number> => {
    while (sizeOf() < goal) {
      signal.throwIfAborted();
      if (performance.now() - startedMs > limitMs) throw new Error(`${sizeOf()} of ${goal}`);
      await pause(5);
    }
    return performance.now() - startedMs;
  };
  const sizeOf = (maps: ReadonlyMap<unknown, ReadonlyMap<unknown, unknown>>): number => {
    let size = 0;
    for (const map of maps.values()) size += map.size;
    return size;
  };
  const seatedMs = await since(() => sizeOf(leader.replica.view().seats));
  const activeMs = await since(() => sizeOf(leader.replica.view().states));
  return { seatedMs, activeMs, planningMs: leader.counters.planDurationMsTotal - planningBeforeMs };
}
