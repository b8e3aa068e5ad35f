import { type Plan, plan } from "@fleet/engine";
import { describe, expect, it } from "vitest";
import { carryOut } from "./carry-out.js";
import { ClusterSketch } from "./cluster-sketch.js";

/**
 * A case of the original's decision procedure (one letter a topic), with the outcome that fleet promises; where that is not
 * the original's, docs/compatibility.md says why. Every machine that is not listed is away, and its units may move.
 */
export interface PlacementCase {
  readonly id: string;
  readonly machines: string;
  readonly units: string;
  /** Where units have seats once the plan is carried out. */
  readonly where: string;
  /** Units that get no place, or not the one they want, with a part of the reason. */
  readonly because?: Readonly<Record<string, string>>;
}

/** Tests that a plan leads to what each case says, and that there is nothing to do then. */
export function cases(topic: string, list: readonly PlacementCase[]): void {
  describe(topic, () => {
    it.each(list)("$id: $machines, $units", check);
  });
}

function check({ machines, units, where, because = {} }: PlacementCase): void {
  const cluster = new ClusterSketch().addMachines(machines).addUnits(units);
  const first = planSketch(cluster);
  carryOut(cluster, first);
  const names = where.split(" ").map((word) => word.slice(0, word.lastIndexOf("=")));
  expect(cluster.where(names)).toBe(where);
  const reasons = Object.fromEntries(first.refusals.map(({ unit, reason }) => [unit, reason]));
  for (const [unit, part] of Object.entries(because)) {
    expect(reasons[`${unit}.service`] ?? "no refusal").toContain(part);
  }
  cluster.letAgentsWork();
  expect(planSketch(cluster).tasks.filter(({ kind }) => kind !== "collect")).toEqual([]);
}

function planSketch(cluster: ClusterSketch): Plan {
  return plan(cluster.view, { releasedMachines: cluster.absent });
}
