import { setTimeout as pause } from "node:timers/promises";
import { openLab } from "@fleet/lab";
import { Keys, openEtcdStore, type Store } from "@fleet/registry";
import type { BenchContext } from "./bench-context.js";
import { atLeast, type Figures, summarize } from "./figures.js";
import { type Agents, startAgents } from "./schedule/agents.js";
import { startLeader } from "./schedule/leader.js";
import { clock } from "./schedule/real-ports.js";
import { inTheNameOf, Recorder } from "./schedule/recorder.js";
import { seedMachines, seedUnits } from "./schedule/seed.js";

const machines = 2_000;
const units = 50_000;

/** Of the rate that the same client reaches without any logic. */
const ratioMin = 0.7;

/** How long a cluster may take. */
const limitMs = 300_000;

const keys = new Keys();

interface Run {
  /** From the election until the last seat is acknowledged. */
  readonly scheduleMs: number;
  /** What of it went before the first transaction was sent: mostly the plan. */
  readonly firstTransactionMs: number;
  /** The same transactions without any logic. */
  readonly plainMs: number;
  readonly transactions: number;
  readonly underWayMax: number;
  readonly lost: number;
  readonly readMs: number;
  readonly residentMiB: number;
}

/**
 * Places units on machines through a real etcd, with the real leader, beside the same transactions sent by the same client
 * to the same etcd without any logic, as many at a time. The agents answer both times, in a process of their own.
 */
export async function benchSchedule(context: BenchContext): Promise<Figures> {
  const runs: Run[] = [];
  for (let run = 0; run < context.runs; run += 1) {
    context.progress(`run ${run + 1} of ${context.runs}`);
    runs.push(await measure(context));
  }
  const summary = (pick: (run: Run) => number) => summarize(runs.map(pick));
  const rateToPlainRatio = summary((run) => run.plainMs / run.scheduleMs);
  return {
    bench: "schedule",
    machines,
    units,
    scheduleMs: summary((run) => run.scheduleMs),
    firstTransactionMs: summary((run) => run.firstTransactionMs),
    plainMs: summary((run) => run.plainMs),
    seatsPerSecond: summary((run) => units / (run.scheduleMs / 1000)),
    plainSeatsPerSecond: summary((run) => units / (run.plainMs / 1000)),
    // Each beside the baseline that was measured right after it.
    rateToPlainRatio,
    transactions: summary((run) => run.transactions),
    transactionsUnderWayMax: summary((run) => run.underWayMax),
    answersLost: summary((run) => run.lost),
    replicaReadMs: summary((run) => run.readMs),
    leaderResidentMiB: summary((run) => run.residentMiB),
    budgets: [atLeast("rate, to that of the same transactions alone", rateToPlainRatio.median, ratioMin)],
  };
}

async function measure({ progress, signal }: BenchContext): Promise<Run> {
  const lab = await openLab({ name: "benchschedule", signal });
  const etcdUrl = await lab.startEtcd({ signal });
  const store = openEtcdStore({ endpoints: [etcdUrl], clock, requestTimeoutMs: 30_000 });
  let agents: Agents | undefined;
  try {
    progress(`  submitting ${units} units, joining ${machines} machines`);
    const leaseId = await seedMachines(store, machines, signal);
    await seedUnits(
      store,
      Array.from({ length: units }, (_, number) => number),
      false,
      signal,
    );
    const { revision } = await store.range({ key: keys.cluster }, signal);
    agents = await startAgents({ etcdUrl, leaseId, fromRevision: revision + 1 });
    progress("  scheduling");
    const scheduled = await schedule(store, signal);
    await untilReported(store, signal);
    progress("  sending the same transactions");
    await store.transact(
      {
        success: [
          { kind: "delete", prefix: keys.schedule },
          { kind: "delete", prefix: `${keys.prefix}states/` },
        ],
      },
      signal,
    );
    const plainMs = await replay(store, scheduled.recorder, signal);
    const { recorder, readMs, residentMiB } = scheduled;
    return {
      scheduleMs: recorder.lastMs - recorder.electedMs,
      firstTransactionMs: recorder.firstMs - recorder.electedMs,
      plainMs,
      transactions: recorder.transactions.length,
      underWayMax: recorder.underWayMax,
      lost: recorder.lost,
      readMs,
      residentMiB,
    };
  } finally {
    await agents?.stop();
    await store.close();
    await lab.stop();
  }
}

async function schedule(store: Store, signal: AbortSignal) {
  const recorder = new Recorder(store);
  const startedMs = performance.now();
  const leader = await startLeader(recorder.store);
  const readMs = performance.now() - startedMs;
  try {
    await leader.elected();
    while (countOf(leader.replica.view().seats) < units) {
      signal.throwIfAborted();
      if (performance.now() - startedMs > limitMs) {
        const { staleTasks, unknownTasks, failedRounds } = leader.counters;
        const trouble = JSON.stringify({ lost: recorder.lost, staleTasks, unknownTasks, failedRounds });
        throw new Error(`${countOf(leader.replica.view().seats)} of ${units} seats: ${trouble}`);
      }
      await pause(5);
    }
    const residentMiB = Math.round(process.memoryUsage.rss() / 1024 / 1024);
    return { recorder, readMs, residentMiB };
  } finally {
    await leader.stop();
  }
}

function countOf(seats: ReadonlyMap<unknown, ReadonlyMap<unknown, unknown>>): number {
  let count = 0;
  for (const ofMachine of seats.values()) count += ofMachine.size;
  return count;
}

/** Waits until the agents have answered everything, so that they begin anew together with the next measurement. */
async function untilReported(store: Store, signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + limitMs;
  const request = { prefix: `${keys.prefix}states/`, keysOnly: true, limit: 1 };
  while ((await store.range(request, signal)).count < units) {
    if (performance.now() > endMs) throw new Error("the agents do not answer");
    await pause(100);
  }
}

/** @returns how long it takes to send all of them, as many at a time as the leader did. */
async function replay(store: Store, recorder: Recorder, signal: AbortSignal): Promise<number> {
  const value = "bench";
  // A key that is still there would keep the revision of the office that made it.
  await store.transact({ success: [{ kind: "delete", key: keys.leader }] }, signal);
  const { revision } = await store.transact({ success: [{ kind: "put", key: keys.leader, value }] }, signal);
  const waiting = [...inTheNameOf(recorder.transactions, { revision, value })];
  const startedMs = performance.now();
  const send = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { succeeded } = await store.transact(next, signal);
      if (!succeeded) throw new Error("a transaction that succeeded for the leader does not succeed again");
    }
  };
  await Promise.all(Array.from({ length: recorder.underWayMax }, send));
  return performance.now() - startedMs;
}
