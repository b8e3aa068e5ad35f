import { openLab } from "@fleet/lab";
import { FleetCluster } from "../fleet-cluster.js";
import { runProgram } from "../run-program.js";
import type { BenchContext } from "./bench-context.js";
import { atMost, type Figures, ratio, type Summary, summarize } from "./figures.js";
import { fillCluster, pageUrls } from "./fill.js";

const sizes = [10, 1_000, 10_000];

/** How long a command takes from its start to its end, as its user sees it. */
async function timed(command: readonly [string, ...string[]], environment = {}): Promise<number> {
  const startedMs = performance.now();
  const { status, stderr } = await runProgram(command, { environment });
  if (status !== 0) throw new Error(`${command.slice(0, 2).join(" ")}: ${stderr}`);
  return performance.now() - startedMs;
}

/** Runs commands in turns, so that all of them see the same machine. The first round is not counted. */
async function inTurns<K extends string>(
  runs: number,
  commands: Readonly<Record<K, () => Promise<number>>>,
): Promise<Readonly<Record<K, Summary>>> {
  const samples: Partial<Record<K, number[]>> = {};
  for (let run = -1; run < runs; run += 1) {
    for (const name of Object.keys(commands) as K[]) {
      const ms = await commands[name]();
      if (run >= 0) samples[name] = [...(samples[name] ?? []), ms];
    }
  }
  const entries = (Object.keys(commands) as K[]).map((name) => [name, summarize(samples[name] ?? [])]);
  return Object.fromEntries(entries) as Record<K, Summary>;
}

/** One process and one connection for all pages; nothing is done with them. */
function curlOf(urls: readonly string[]): readonly [string, ...string[]] {
  return ["curl", "--silent", "--fail", ...urls.flatMap((url) => ["--output", "/dev/null", url])];
}

/** The memory of the daemon that has answered all of it. */
async function residentMiB(apiUrl: string): Promise<number> {
  const metrics = await (await fetch(`${apiUrl}/metrics`)).text();
  const bytes = /^process_resident_memory_bytes (\d+)/m.exec(metrics)?.[1];
  return Math.round(Number(bytes) / 1024 / 1024);
}

/**
 * What fleetctl costs beside what it cannot be faster than: `--version` beside an empty Node process, and `list-units`
 * beside curl, which fetches the same pages over one connection and throws them away.
 */
export async function benchCli(context: BenchContext): Promise<Figures> {
  const { checkout, progress, runs } = context;
  const lab = await openLab({ name: "benchcli", signal: context.signal });
  try {
    const cluster = await FleetCluster.start(lab, {
      checkout,
      machines: 1,
      environment: { FLEET_DISABLE_ENGINE: "true" },
      progress,
    });
    const apiUrl = cluster.endpoint;
    const fleetctl = (...args: readonly string[]) =>
      timed([`${checkout}/bin/fleetctl`, ...args], { FLEETCTL_ENDPOINT: apiUrl });
    progress("starting empty processes and fleetctl --version");
    const start = await inTurns(runs, {
      node: () => timed([process.execPath, "-e", "0"]),
      version: () => fleetctl("--version"),
    });
    const figures: Record<string, Figures[string]> = {
      bench: "cli",
      emptyNodeProcessMs: start.node,
      versionMs: start.version,
      versionToNodeRatio: ratio(start.version, start.node),
    };
    let filled = 0;
    for (const size of sizes) {
      progress(`submitting units up to ${size}`);
      await fillCluster({ etcdUrl: lab.etcdUrl, apiUrl }, filled, size);
      filled = size;
      const { urls } = await pageUrls(apiUrl, "state", "states");
      progress(`listing ${size} units`);
      const listed = await inTurns(runs, {
        list: () => fleetctl("list-units", "--no-legend"),
        curl: () => timed(curlOf(urls)),
      });
      figures[`listUnits${size}Ms`] = listed.list;
      figures[`curl${size}Ms`] = listed.curl;
      figures[`listUnits${size}ToCurlRatio`] = ratio(listed.list, listed.curl);
    }
    const daemonResidentMiB = await residentMiB(apiUrl);
    const largest = sizes.at(-1);
    const budgets = [
      atMost("--version, to an empty Node process", ratio(start.version, start.node), 2),
      atMost(
        `list-units of ${largest} units, ms`,
        (figures[`listUnits${largest}Ms`] as Summary).median,
        1_000,
      ),
    ];
    return { ...figures, daemonResidentMiB, budgets };
  } finally {
    await lab.stop();
  }
}
