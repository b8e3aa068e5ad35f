import { openLab } from "@fleet/lab";
import { FleetCluster } from "../fleet-cluster.js";
import { loseMachine } from "../power.js";
import type { BenchContext } from "./bench-context.js";
import { type Figures, summarize } from "./figures.js";

const unitCount = 12;
const ttlSeconds = 10;

async function startUnits(cluster: FleetCluster): Promise<void> {
  const names = Array.from({ length: unitCount }, (_, index) => `hello@${index + 1}`);
  const submitted = await cluster.fleetctl(["submit", "examples/units/hello@.service"]);
  const started = await cluster.fleetctl(["start", ...names]);
  if (submitted.status !== 0 || started.status !== 0) {
    throw new Error(`cannot start the units: ${submitted.stderr}${started.stderr}`);
  }
}

/**
 * How long the units of a machine are gone when its power is cut: until each has processes elsewhere, by the kernel's
 * account, with the default TTL; and the same less the TTL, which is what fleet itself adds (less than nothing when the
 * last renewal was some time before the cut).
 */
export async function benchFailover(context: BenchContext): Promise<Figures> {
  const lab = await openLab({ name: "benchfailover", signal: context.signal });
  try {
    const cluster = await FleetCluster.start(lab, {
      checkout: context.checkout,
      machines: 3,
      ttl: `${ttlSeconds}s`,
      progress: context.progress,
    });
    await startUnits(cluster);
    const seconds: number[] = [];
    const moved: number[] = [];
    for (let run = 0; run < context.runs; run += 1) {
      const victim = cluster.machines[run % cluster.machines.length];
      if (victim === undefined) break;
      context.progress(`run ${run + 1} of ${context.runs}: losing ${victim.name}`);
      // The one revived last is empty; start its units anew so that every victim has some.
      const report = await loseMachine(cluster, victim.name, { signal: context.signal });
      seconds.push(report.durationMs / 1000);
      moved.push(report.moved.size);
      await lab.reviveMachine(victim.name);
      await cluster.waitForMachines(cluster.machines.length);
      await cluster.fleetctl([
        "unload",
        ...Array.from({ length: unitCount }, (_, index) => `hello@${index + 1}`),
      ]);
      await startUnits(cluster);
    }
    return {
      bench: "failover",
      machines: 3,
      unitsMoved: summarize(moved),
      ttlSeconds,
      allRunningElsewhereSeconds: summarize(seconds),
      overTtlSeconds: summarize(seconds.map((value) => value - ttlSeconds)),
    };
  } finally {
    await lab.stop();
  }
}
