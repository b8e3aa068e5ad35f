import { expect, it } from "vitest";
import { type ClusterSize, LargeCluster } from "../../../../test/support/large-cluster.js";
import { systemClock } from "../../../../test/support/system-clock.js";
import { plan } from "./plan.js";

// The sizes of every run are small. `FLEET_PLAN_SIZE=100000` plans that many units, on a machine for each twenty.
const full = Number(process.env.FLEET_PLAN_SIZE ?? 0);

const sizes: readonly ClusterSize[] = (
  full > 0
    ? [0, 10, 50].map((globals) => ({ units: full, machines: full / 20, globals }))
    : [2_000, 4_000].map((units) => ({ units, machines: units / 20, globals: 5 }))
).flatMap((size) => [
  { ...size, allRules: false },
  { ...size, allRules: true },
]);

it.each(sizes)(
  "plans $units units and $globals global ones on $machines machines (all rules: $allRules)",
  { timeout: 120_000 },
  (size) => {
    const cluster = new LargeCluster(size);
    const measured: Record<string, number> = {};
    const measure = (name: string, releasedMachines: ReadonlySet<never> = new Set()) => {
      const startMs = systemClock.monotonic();
      const planned = plan(cluster.view, { releasedMachines });
      measured[`${name}Ms`] = Math.round(systemClock.monotonic() - startMs);
      return planned;
    };
    const cold = measure("cold");
    expect(cold.tasks.length).toBe(size.units + size.globals * size.machines);
    cluster.settle(cold);
    expect(measure("settled").tasks).toEqual([]);
    const lost = cluster.lose(Math.ceil(size.machines / 100));
    const moves = measure("loss", lost as ReadonlySet<never>).tasks;
    expect(moves.length).toBeGreaterThan(0);
    expect(moves.every(({ kind }) => kind === "move")).toBe(true);
    // Printed, not asserted: how fast it is depends on what else the machine does.
    console.info(JSON.stringify({ ...size, ...measured }));
  },
);
