import { mkdir, rm } from "node:fs/promises";
import type { BenchContext } from "@fleet/demo";
import { type BareClient, connectBareClient } from "@fleet/demo/bench/bare-client";
import { atLeast, type Figures, type Summary, summarize } from "@fleet/demo/bench/figures";
import { build } from "esbuild";
import { BareCrowd } from "./bare-crowd.js";
import { Crowd, unitText } from "./crowd.js";

const machineCount = 10;
const unitCount = 1_000;
/** Of the rate that a bare client reaches. */
const ratioMin = 0.6;
/** Where bare clients keep their files on a machine; gone after a boot, like fleet's own. */
const bareDirectory = "/run/bench";

/** How long the units took, and the processor time that all of it cost. */
interface Sample {
  readonly startMs: number;
  readonly destroyMs: number;
  readonly processorMs: Readonly<Record<string, number>>;
}

/** One of two ways to have the same units. */
interface Way {
  start(): Promise<void>;
  destroy(): Promise<void>;
}

/** Times something until its caller says that it is done and the machines say so too. */
async function timed(crowd: Crowd, wanted: number, action: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await action();
  // Only now: looking at a thousand units all the time would slow down what is looked at.
  await crowd.untilRunning(wanted);
  return performance.now() - startedMs;
}

async function measure(crowd: Crowd, way: Way): Promise<Sample> {
  const before = crowd.processorMs();
  const startMs = await timed(crowd, crowd.units.length, () => way.start());
  const destroyMs = await timed(crowd, 0, () => way.destroy());
  const spent = Object.entries(crowd.processorMs()).map(
    ([who, ms]) => [who, ms - before[who as keyof typeof before]] as const,
  );
  return { startMs, destroyMs, processorMs: Object.fromEntries(spent) };
}

async function connectTo({ lab: { machines } }: Crowd, machine: string): Promise<BareClient> {
  const directoryHere = await machines.see(machine, bareDirectory);
  await mkdir(directoryHere, { recursive: true });
  const socket = await machines.see(machine, "/run/dbus/system_bus_socket");
  return await connectBareClient({
    address: { kind: "bus", address: `unix:path=${socket}` },
    directory: bareDirectory,
    directoryHere,
  });
}

/** The units are dealt out before: a bare client has nothing to decide. */
async function withBareClients(crowd: Crowd): Promise<Sample> {
  const { names } = crowd.lab.machines;
  const clients = await Promise.all(names.map((name) => connectTo(crowd, name)));
  const each = async (act: (client: BareClient, own: readonly string[]) => Promise<void>) => {
    const shareOf = (index: number) => crowd.units.filter((_, number) => number % clients.length === index);
    await Promise.all(clients.map((client, index) => act(client, shareOf(index))));
  };
  try {
    return await measure(crowd, {
      start: () => each((client, own) => client.start(own, unitText)),
      destroy: () => each((client, own) => client.stop(own)),
    });
  } finally {
    for (const client of clients) await client.close();
  }
}

/** Rounds before the one that counts, as of fleetd: processes compile what they run. */
const warmUps = 1;

/** A cluster layer with nothing to decide: what etcd and a process on each machine cost by themselves. */
async function withBareCluster(crowd: Crowd, program: string): Promise<Sample> {
  const bare = await BareCrowd.open(crowd, program);
  try {
    for (let round = 0; round < warmUps; round += 1) await measure(crowd, bare);
    const before = bare.processorMs();
    const { processorMs, ...times } = await measure(crowd, bare);
    return { ...times, processorMs: { ...processorMs, fleetd: bare.processorMs() - before } };
  } finally {
    await bare.close();
  }
}

/** Bundles the processes of the bare cluster. */
async function bundleBareCluster(checkout: string): Promise<string> {
  const outfile = `${checkout}/.cache/lab/bench/bare-cluster.${process.pid}.mjs`;
  await build({
    absWorkingDir: checkout,
    entryPoints: [`${checkout}/test/lab/bench/bare-cluster.ts`],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    conditions: ["source"],
    external: ["dbus-next", "etcd3"],
    logLevel: "warning",
  });
  return outfile;
}

/** What was measured: of fleet also the first round after fleetd was started, before its code was compiled. */
interface Samples {
  readonly cold: Sample[];
  readonly fleet: Sample[];
  readonly bare: Sample[];
  readonly cluster: Sample[];
}

function figuresOf({ cold, fleet, bare, cluster }: Samples): Figures {
  const summary = (of: readonly Sample[], pick: (sample: Sample) => number): Summary =>
    summarize(of.map(pick));
  const spent = (of: readonly Sample[], label: string) =>
    Object.fromEntries(
      Object.keys(of[0]?.processorMs ?? {}).map((who) => [
        `${label}${who.charAt(0).toUpperCase()}${who.slice(1)}ProcessorMs`,
        summary(of, ({ processorMs }) => processorMs[who] ?? 0),
      ]),
    );
  // Each beside the baseline that was measured right before or after it.
  const beside = (pick: (sample: Sample) => number, of: readonly Sample[] = fleet) =>
    summarize(of.map((sample, run) => pick(bare[run] ?? sample) / pick(sample)));
  const start = beside(({ startMs }) => startMs);
  const destroy = beside(({ destroyMs }) => destroyMs);
  return {
    bench: "bulk",
    machines: machineCount,
    units: unitCount,
    startMs: summary(fleet, ({ startMs }) => startMs),
    bareStartMs: summary(bare, ({ startMs }) => startMs),
    startRateToBareRatio: start,
    destroyMs: summary(fleet, ({ destroyMs }) => destroyMs),
    bareDestroyMs: summary(bare, ({ destroyMs }) => destroyMs),
    destroyRateToBareRatio: destroy,
    rateToBareRatio: beside(({ startMs, destroyMs }) => startMs + destroyMs),
    coldStartMs: summary(cold, ({ startMs }) => startMs),
    coldDestroyMs: summary(cold, ({ destroyMs }) => destroyMs),
    coldRateToBareRatio: beside(({ startMs, destroyMs }) => startMs + destroyMs, cold),
    coldFleetdProcessorMs: summary(cold, ({ processorMs }) => processorMs.fleetd ?? 0),
    bareClusterRateToBareRatio: beside(({ startMs, destroyMs }) => startMs + destroyMs, cluster),
    ...spent(cluster, "bareCluster"),
    ...spent(fleet, "fleet"),
    ...spent(bare, "bare"),
    budgets: [
      atLeast("rate of starting, to that of a bare client", start.median, ratioMin),
      atLeast("rate of destroying, to that of a bare client", destroy.median, ratioMin),
    ],
  };
}

/**
 * A thousand units on ten machines: one `fleetctl start`, until it returns and all of them have processes, and one
 * `fleetctl destroy`, until it returns and none has; beside a bare D-Bus client that writes, links, starts, stops and
 * removes the same units on the same machines, where fleetd does not run meanwhile. Because of that fleetd is started anew
 * for each run: its first round is told of apart, and the second compared. A whole run warms everything else up.
 * Between the two stands a cluster layer that does nothing but pass on what to start and what was started, through etcd and
 * one process for each machine: no design with such processes can be nearer to the bare client.
 */
export async function benchBulk(context: BenchContext): Promise<Figures> {
  const { progress, runs } = context;
  const program = await bundleBareCluster(context.checkout);
  const crowd = await Crowd.open(context, { name: "benchbulk", machines: machineCount, units: unitCount });
  try {
    const samples: Samples = { cold: [], fleet: [], bare: [], cluster: [] };
    for (let run = 0; run <= runs; run += 1) {
      const which = run === 0 ? "warming up" : `run ${run} of ${runs}`;
      progress(`${which}: fleetctl, with a fleetd that has just been started`);
      const ofColdFleet = await measure(crowd, crowd);
      progress(`${which}: fleetctl`);
      const ofFleet = await measure(crowd, crowd);
      progress(`${which}: a bare client`);
      await crowd.fleetd("stop");
      const ofBareClients = await withBareClients(crowd);
      progress(`${which}: a cluster layer with nothing to decide`);
      const ofBareCluster = await withBareCluster(crowd, program);
      await crowd.fleetd("start");
      if (run === 0) continue;
      samples.cold.push(ofColdFleet);
      samples.fleet.push(ofFleet);
      samples.bare.push(ofBareClients);
      samples.cluster.push(ofBareCluster);
    }
    return figuresOf(samples);
  } finally {
    await rm(program, { force: true });
    await crowd.lab.close();
  }
}
