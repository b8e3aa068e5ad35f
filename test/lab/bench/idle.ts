import { readFileSync } from "node:fs";
import type { BenchContext } from "@fleet/demo";
import { atMost, type Figures, summarize } from "@fleet/demo/bench/figures";
import { sleep } from "@fleet/lab";
import { Crowd } from "./crowd.js";
import { type EtcdCounts, etcdCounts, holdersOf, ratesBetween } from "./etcd-metrics.js";

const machineCount = 10;
const unitCount = 1_000;
/** After the last command, until what follows from it is over. */
const settleMs = 20_000;
/** Longer than the pause between two looks that fleetd takes at everything. */
const windowMs = 60_000;

const requestsPerSecondMax = 1;
/** In percent of one core. */
const processorPercentMax = 0.3;
const residentMiBMax = 80;

/** Where fleet's keys are (docs/keys.md). */
const prefix = "/_coreos.com/fleet/";

/** What a machine's fleetd does for the cluster. Candidates follow all of it, so that they can lead at once. */
type Role = "leader" | "candidate" | "agent";

/** What was seen in one window. */
interface Window {
  readonly seconds: number;
  readonly before: EtcdCounts;
  readonly after: EtcdCounts;
  readonly processorPercent: ReadonlyMap<string, number>;
  readonly etcdPercent: number;
}

async function rolesOf({ lab }: Crowd): Promise<ReadonlyMap<string, Role>> {
  const leader = await holdersOf(lab, `${prefix}engine/leader`);
  const candidates = await holdersOf(lab, `${prefix}engine/candidates/`);
  return new Map(
    lab.machines.names.map((machine) => {
      const id = lab.machines.id(machine);
      return [machine, leader.has(id) ? "leader" : candidates.has(id) ? "candidate" : "agent"] as const;
    }),
  );
}

async function watch(crowd: Crowd, signal: AbortSignal): Promise<Window> {
  const { names } = crowd.lab.machines;
  const used = () => new Map(names.map((machine) => [machine, crowd.fleetdProcessorMs(machine)]));
  const before = await etcdCounts(crowd.lab);
  const fleetdBefore = used();
  const etcdBefore = crowd.processorMs().etcd;
  const startedMs = performance.now();
  await sleep(windowMs, signal);
  const fleetdAfter = used();
  const etcdAfter = crowd.processorMs().etcd;
  const ms = performance.now() - startedMs;
  const after = await etcdCounts(crowd.lab);
  const percent = (from: number, to: number) => ((to - from) / ms) * 100;
  return {
    seconds: (performance.now() - startedMs) / 1_000,
    before,
    after,
    processorPercent: new Map(
      names.map((machine) => [
        machine,
        percent(fleetdBefore.get(machine) ?? 0, fleetdAfter.get(machine) ?? 0),
      ]),
    ),
    etcdPercent: percent(etcdBefore, etcdAfter),
  };
}

/** What a process has in memory; `proportional` is its fair part of what it shares. */
function memoryMiB(pid: number): { readonly resident: number; readonly proportional: number } {
  const kibibytes = (file: string, pattern: RegExp) =>
    Number(pattern.exec(readFileSync(`/proc/${pid}/${file}`, "utf8"))?.[1]);
  return {
    resident: kibibytes("status", /^VmRSS:\s+(\d+)/m) / 1024,
    proportional: kibibytes("smaps_rollup", /^Pss:\s+(\d+)/m) / 1024,
  };
}

async function figuresOf(crowd: Crowd, units: number, windows: readonly Window[]): Promise<Figures> {
  const roles = await rolesOf(crowd);
  const figures: Record<string, Figures[string]> = { bench: "idle", machines: machineCount, units };
  const budgets = [];
  const perSecond = windows.map(({ before, after, seconds }) => ratesBetween(before, after, seconds));
  const total = (rates: Readonly<Record<string, number>>) => Object.values(rates).reduce((a, b) => a + b, 0);
  const requests = summarize(perSecond.map((rates) => total(rates) / machineCount));
  const writes = summarize(windows.map(({ before, after }) => after.writes - before.writes));
  figures.windowSeconds = windowMs / 1_000;
  figures.requestsPerSecondAndMachine = requests;
  for (const method of new Set(perSecond.flatMap(Object.keys))) {
    figures[`etcd${method}PerSecond`] = summarize(perSecond.map((rates) => rates[method] ?? 0));
  }
  figures.keysWritten = writes;
  figures.etcdProcessorPercent = summarize(windows.map(({ etcdPercent }) => etcdPercent));
  budgets.push(atMost("requests to etcd a second and machine", requests.median, requestsPerSecondMax));
  budgets.push(atMost("keys written", writes.max, 0));
  for (const role of ["leader", "candidate", "agent"] as const) {
    const machines = [...roles].filter(([, one]) => one === role).map(([machine]) => machine);
    if (machines.length === 0) continue;
    const percents = windows.flatMap(({ processorPercent }) =>
      machines.map((machine) => processorPercent.get(machine) ?? Number.NaN),
    );
    const memories = await Promise.all(
      machines.map(async (machine) => memoryMiB(await crowd.fleetdOf(machine))),
    );
    const processor = summarize(percents);
    const resident = summarize(memories.map((memory) => memory.resident));
    figures[`${role}s`] = machines.length;
    figures[`${role}ProcessorPercent`] = processor;
    figures[`${role}ResidentMiB`] = resident;
    figures[`${role}ProportionalMiB`] = summarize(memories.map((memory) => memory.proportional));
    budgets.push(atMost(`processor time, ${role}, % of a core`, processor.median, processorPercentMax));
    if (role === "agent") budgets.push(atMost("memory, agent, MiB", resident.max, residentMiBMax));
  }
  return { ...figures, budgets };
}

/**
 * What a cluster costs to which nothing happens: requests to etcd and writes there by etcd's own metrics, processor time
 * and memory of each fleetd by the kernel's account; without units, and with a thousand that run. Each run is a window of
 * a minute.
 */
export async function benchIdle(context: BenchContext): Promise<readonly Figures[]> {
  const { progress, runs, signal } = context;
  const crowd = await Crowd.open(context, { name: "benchidle", machines: machineCount, units: unitCount });
  try {
    const lines: Figures[] = [];
    for (const units of [0, unitCount]) {
      if (units > 0) {
        progress(`starting ${units} units`);
        await crowd.start();
        await crowd.untilRunning(units);
      }
      await sleep(settleMs, signal);
      const windows: Window[] = [];
      for (let run = 0; run < runs; run += 1) {
        progress(`${units} units: window ${run + 1} of ${runs}`);
        windows.push(await watch(crowd, signal));
      }
      lines.push(await figuresOf(crowd, units, windows));
    }
    return lines;
  } finally {
    await crowd.lab.close();
  }
}
