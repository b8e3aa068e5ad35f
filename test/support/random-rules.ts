import fc from "fast-check";
import { type ClusterPlan, clusterPlan } from "./random-cluster.js";

const reserve = fc.constantFrom(
  "Reserve=memory=1G",
  "Reserve=memory=2G,cpu=1",
  "Reserve=cpu=0.5",
  "Reserve=gpu=1",
);

const wish = fc.constantFrom(
  "Prefer=zone=e",
  "Prefer=5:unit:w@*",
  "Avoid=3:zone=w",
  "Avoid=unit:a.service",
  "Spread=zone",
  "Spread=cores",
);

/** A line of `[X-Fleet]` that the original does not know. */
export const ruleOption = fc.oneof(
  { weight: 4, arbitrary: reserve },
  { weight: 4, arbitrary: wish },
  { weight: 1, arbitrary: fc.constant("Exclusive=true") },
);

const capacity = fc.constantFrom("", "memory=2G", "memory=3G,cpu=1", "memory=8G,cpu=4,gpu=1", "gpu=2,cpu=1");

/** Clusters as {@link clusterPlan} makes them, with machines that have something and units that want it. */
export const ruledClusterPlan: fc.Arbitrary<ClusterPlan> = fc
  .tuple(
    clusterPlan,
    fc.array(capacity, { minLength: 5, maxLength: 5 }),
    fc.array(fc.array(ruleOption, { maxLength: 3 }), {
      minLength: 8,
      maxLength: 8,
    }),
  )
  .map(([{ machines, units }, capacities, options]) => ({
    machines: machines.map((machine, index) => ({ ...machine, capacity: capacities[index] ?? "" })),
    units: units.map((unit, index) => ({
      ...unit,
      options: [...unit.options, ...(options[index] ?? [])],
    })),
  }));
