import { writeFile } from "node:fs/promises";
import { openLab, until } from "@fleet/lab";
import { FleetCluster } from "../fleet-cluster.js";
import { runProgram } from "../run-program.js";
import { type BareClient, connectBareClient } from "./bare-client.js";
import type { BenchContext } from "./bench-context.js";
import { atMost, type Figures, ratio, summarize } from "./figures.js";

/** What fleetctl and fleet may take beside systemd. */
const overSystemdMsMax = 150;
const unitText = "[Service]\nExecStart=/bin/sleep 100000\n";
/** Looking costs the machines time too; more often than this it would slow down what it looks at. */
const limits = { timeoutMs: 60_000, everyMs: 5 };

interface Sample {
  readonly runningMs: number;
  readonly returnedMs: number;
  readonly listedMs: number;
}

async function viaFleet(cluster: FleetCluster, name: string): Promise<Sample> {
  const file = `${cluster.lab.dataDirectory}/${name}`;
  await writeFile(file, unitText);
  const startedMs = performance.now();
  const since = () => performance.now() - startedMs;
  const returned = cluster.fleetctl(["start", file]).then((result) => {
    if (result.status !== 0) throw new Error(`fleetctl start: ${result.stderr}`);
    return since();
  });
  const running = until(`${name} to run`, limits, async () => (await cluster.placesOf(name)).length > 0).then(
    since,
  );
  const [returnedMs, runningMs] = await Promise.all([returned, running]);
  const url = `${cluster.endpoint.split(",")[0]}/fleet/v1/state?unitName=${name}`;
  await until(`${name} to be listed active`, limits, async () =>
    (await (await fetch(url)).text()).includes('"systemdActiveState":"active"'),
  );
  const listedMs = since();
  const destroyed = await cluster.fleetctl(["destroy", name]);
  if (destroyed.status !== 0) throw new Error(`fleetctl destroy: ${destroyed.stderr}`);
  await until(`${name} to be gone`, limits, async () => (await cluster.placesOf(name)).length === 0);
  return { runningMs, returnedMs, listedMs };
}

async function viaBareClient(cluster: FleetCluster, client: BareClient, name: string): Promise<Sample> {
  const startedMs = performance.now();
  const since = () => performance.now() - startedMs;
  const returned = client.start([name], unitText).then(since);
  const running = until(`${name} to run`, limits, async () => (await cluster.placesOf(name)).length > 0).then(
    since,
  );
  const [returnedMs, runningMs] = await Promise.all([returned, running]);
  await client.stop([name]);
  return { runningMs, returnedMs, listedMs: returnedMs };
}

async function emptyProcessMs(): Promise<number> {
  const startedMs = performance.now();
  await runProgram([process.execPath, "-e", "0"]);
  return performance.now() - startedMs;
}

/**
 * How long one new unit takes from the command: until its process runs (by its cgroup), until fleetctl returns, until
 * the API lists it active; beside a bare D-Bus client that writes, links and starts the same unit on the same machines,
 * and beside an empty Node process, which is what fleetctl cannot be faster than.
 */
export async function benchStart(context: BenchContext): Promise<Figures> {
  const lab = await openLab({ name: "benchstart", signal: context.signal });
  try {
    const cluster = await FleetCluster.start(lab, {
      checkout: context.checkout,
      machines: 3,
      progress: context.progress,
    });
    const { runtime, privateSocket } = lab.paths("m1");
    const client = await connectBareClient({
      address: { kind: "private", path: privateSocket },
      directory: runtime,
      directoryHere: runtime,
    });
    const fleet: Sample[] = [];
    const bare: Sample[] = [];
    const empty: number[] = [];
    for (let run = -1; run < context.runs; run += 1) {
      context.progress(run < 0 ? "warming up" : `run ${run + 1} of ${context.runs}`);
      const samples = [
        await viaFleet(cluster, `bench-fleet-${run + 1}.service`),
        await viaBareClient(cluster, client, `bench-bare-${run + 1}.service`),
      ] as const;
      const node = await emptyProcessMs();
      if (run < 0) continue;
      fleet.push(samples[0]);
      bare.push(samples[1]);
      empty.push(node);
    }
    await client.close();
    const figures = {
      runningMs: summarize(fleet.map((sample) => sample.runningMs)),
      returnedMs: summarize(fleet.map((sample) => sample.returnedMs)),
      listedActiveMs: summarize(fleet.map((sample) => sample.listedMs)),
      bareRunningMs: summarize(bare.map((sample) => sample.runningMs)),
      bareReturnedMs: summarize(bare.map((sample) => sample.returnedMs)),
      emptyNodeProcessMs: summarize(empty),
    };
    const overSystemdMs = figures.returnedMs.median - figures.bareReturnedMs.median;
    return {
      bench: "start",
      machines: 3,
      ...figures,
      overSystemdMs: Math.round(overSystemdMs),
      overSystemdAndNodeMs: Math.round(overSystemdMs - figures.emptyNodeProcessMs.median),
      returnedToBareRatio: ratio(figures.returnedMs, figures.bareReturnedMs),
      budgets: [atMost("command to active, less systemd's own time, in ms", overSystemdMs, overSystemdMsMax)],
    };
  } finally {
    await lab.stop();
  }
}
