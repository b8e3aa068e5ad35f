import fc from "fast-check";
import { type ClusterPlan, clusterPlan } from "./random-cluster.js";

const reserve = fc.constantFrom(
  "Reserve=memory=1G",
  "Reserve=memory=2G,cpu=1",
  "Reserve=cpu=0.5",
  "Reserve=gpu=1",
);

const capacity = fc.constantFrom("", "memory=2G", "memory=3G,cpu=1", "memory=8G,cpu=4,gpu=1", "gpu=2,cpu=1");

/** Clusters as {@link clusterPlan} makes them, with machines that have something and units that want it. */
export const ruledClusterPlan: fc.Arbitrary<ClusterPlan> = fc
  .tuple(
    clusterPlan,
    fc.array(capacity, { minLength: 5, maxLength: 5 }),
    fc.array(fc.array(reserve, { maxLength: 1 }), { minLength: 8, maxLength: 8 }),
  )
  .map(([{ machines, units }, capacities, options]) => ({
    machines: machines.map((machine, index) => ({ ...machine, capacity: capacities[index] ?? "" })),
    units: units.map((unit, index) => ({ ...unit, options: [...unit.options, ...(options[index] ?? [])] })),
  }));
