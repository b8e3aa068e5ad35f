// The benchmarks that need full machines; scripts/bench.mjs bundles and calls them.
import type { Benchmark } from "@fleet/demo";
import { benchBulk } from "./bulk.js";
import { benchFailover } from "./failover.js";
import { benchIdle } from "./idle.js";

/** By the names of `npm run bench`. */
export const fullMachineBenchmarks: Readonly<Record<string, Benchmark>> = {
  bulk: benchBulk,
  failover: benchFailover,
  idle: benchIdle,
};
