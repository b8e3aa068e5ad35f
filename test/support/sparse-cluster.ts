import fc from "fast-check";
import type { ClusterPlan } from "./random-cluster.js";
import type { ClusterEvent } from "./random-events.js";

const prefixes = ["", "p", "q", "r"];

/**
 * Several random clusters on the same machines: units of different parts have next to nothing to do with each other, so
 * that most of what happens concerns few of them.
 */
export function sparsePlan(plan: fc.Arbitrary<ClusterPlan>): fc.Arbitrary<ClusterPlan> {
  return fc.tuple(...prefixes.map(() => plan)).map((plans) => ({
    machines: plans[0]!.machines,
    units: plans.flatMap(({ units }, index) =>
      units.map((unit) => ({
        ...unit,
        name: prefixes[index]! + unit.name,
        options: unit.options.map((option) => renamed(option, prefixes[index]!)),
      })),
    ),
  }));
}

/** Events that each happen to one part of such a cluster. */
export function sparseEvent(event: fc.Arbitrary<ClusterEvent>): fc.Arbitrary<ClusterEvent> {
  return fc.tuple(event, fc.constantFrom(...prefixes)).map(([happened, prefix]): ClusterEvent => {
    if (!("unit" in happened)) return happened;
    const unit = prefix + happened.unit;
    if (happened.kind !== "put") return { ...happened, unit };
    return { ...happened, unit, options: happened.options.map((option) => renamed(option, prefix)) };
  });
}

/** Makes an option name the units of a part instead of those without a prefix, or of all. */
function renamed(option: string, prefix: string): string {
  return option
    .replace(/^(Conflicts|Replaces|MachineOf)=([a-z])/, `$1=${prefix}$2`)
    .replace(/^(Conflicts|Replaces)=[*?].*/, `$1=${prefix}a.service`);
}
