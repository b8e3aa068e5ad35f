import type { BenchContext } from "./bench-context.js";
import { type EngineSize, measureEngine } from "./engine/measure-engine.js";
import type { Figures } from "./figures.js";

const sizes: readonly (readonly [machines: number, units: number])[] = [
  [10, 100],
  [100, 1_000],
  [1_000, 10_000],
  [5_000, 100_000],
];

/**
 * What the original's scheduler took on a like machine, Go and no etcd, to place all units where nothing is placed:
 * "place all", best of up to five runs on one core; with rules two passes. Measured on the original's own reconciler with
 * its least-loaded scheduler, at the same numbers of machines and units and the same mix of rules; for the largest size
 * with a fifth of the units (20,000), and without rules only.
 */
const originalMs: Readonly<Record<string, number>> = {
  "none 10 100": 3,
  "none 100 1000": 213,
  "none 1000 10000": 30_600,
  "mixed 10 100": 11,
  "mixed 100 1000": 740,
  "mixed 1000 10000": 148_000,
};

/** How many rounds of events there are; each is some twenty of them. */
const rounds = 40;

/** Planning alone: from scratch, and what one event takes. */
export async function benchEngine({ runs, progress, signal }: BenchContext): Promise<readonly Figures[]> {
  const lines: Figures[] = [];
  for (const rules of ["none", "mixed"] as const) {
    const ofRules: { readonly units: number; readonly ms: number }[] = [];
    for (const [machines, units] of sizes) {
      signal.throwIfAborted();
      progress(`planning ${units} units on ${machines} machines, rules: ${rules}`);
      const size: EngineSize = { machines, units, rules };
      // The first of the small sizes runs while the code is still being compiled.
      if (units <= 1_000) measureEngine(size, runs, rounds);
      const figures = measureEngine(size, runs, rounds);
      const ms = (figures.fromScratchMs as { readonly median: number }).median;
      const before = ofRules.at(-1);
      ofRules.push({ units, ms });
      lines.push({ ...figures, ...growth(before, { units, ms }), ...besideOriginal(size, ms) });
      await new Promise(setImmediate);
    }
  }
  return lines;
}

interface Point {
  readonly units: number;
  readonly ms: number;
}

/** The exponent of growth between two sizes: 1 is linear, 2 quadratic. */
function growth(before: Point | undefined, now: Point): Figures {
  if (before === undefined) return {};
  const exponent = Math.log(now.ms / before.ms) / Math.log(now.units / before.units);
  return { growthExponent: Number(exponent.toFixed(2)) };
}

function besideOriginal({ rules, machines, units }: EngineSize, ms: number): Figures {
  const original = originalMs[`${rules} ${machines} ${units}`];
  if (original === undefined) return {};
  return { originalMs: original, timesAsFast: Number((original / ms).toPrecision(3)) };
}
