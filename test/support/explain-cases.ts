import type { EngineStatus, Explanation } from "@fleet/core";
import { expect, it } from "vitest";
import { explainUnit } from "../../packages/engine/src/plan/explain.js";
import { decide } from "../../packages/engine/src/plan/plan.js";
import { ClusterSketch, serviceName } from "./cluster-sketch.js";

/** A sketched cluster, and what is said of one of its units. What is left out is empty. */
export interface ExplainCase {
  readonly title: string;
  readonly machines: string;
  readonly units: string;
  /** What is done to the cluster before it is asked. */
  readonly change?: (cluster: ClusterSketch) => void;
  /** If given, all machines that are away are held because of it. */
  readonly held?: string;
  /** Default: `a`. */
  readonly name?: string;
  readonly standing: Explanation["standing"];
  readonly summary: string;
  /** Each with its number of machines, the facts in brackets. */
  readonly objections?: readonly string[];
  readonly suggestions?: readonly string[];
  readonly remarks?: readonly string[];
  /** `seat@m1 leaving@m2`. */
  readonly places?: string;
}

/** Asks why a unit is where it is, as a server would whose leader holds no other machines than it says. */
export function explain(
  cluster: ClusterSketch,
  name: string,
  status?: EngineStatus,
): Explanation | undefined {
  const held = new Set(status?.machines.map(({ machine }) => machine) ?? []);
  const releasedMachines = new Set([...cluster.absent].filter((id) => !held.has(id)));
  const planning = decide(cluster.view, { releasedMachines });
  const decided = { revision: cluster.view.revision, planning, engineStatus: status, hasLeader: true };
  return explainUnit(decided, serviceName(name));
}

/** Tests each case. */
export function explainCases(cases: readonly ExplainCase[]): void {
  it.each(cases)("of $title", ({ title: _title, change, held, machines, name = "a", units, ...expected }) => {
    const cluster = new ClusterSketch().addMachines(machines).addUnits(units);
    change?.(cluster);
    const untilMs = Date.UTC(2026, 0, 1);
    const holds = [...cluster.absent].map((machine) => ({ machine, held: held ?? "", untilMs }));
    const status = held === undefined ? undefined : { machines: holds, refusals: [] };
    const told = explain(cluster, name, status)!;
    const { places, standing, suggestions, summary, remarks } = told;
    expect({
      standing,
      summary,
      objections: objectionsOf(told),
      suggestions: suggestions.map(({ what }) => what),
      remarks,
      places: places.map(({ machine, role }) => `${role}@${machine}`).join(" "),
    }).toEqual({ objections: [], suggestions: [], remarks: [], places: "", ...expected });
  });
}

function objectionsOf({ objections }: Explanation): readonly string[] {
  return objections.map(({ declaredBy, found, machines, others, wanted, what }) => {
    const facts = [
      ...(wanted === undefined ? [] : [`wants ${wanted}`]),
      ...found.map((fact) => `${fact.what} on ${fact.machines}`),
      ...(others.length === 0 ? [] : [`others ${others.join(" ")}`]),
      ...(declaredBy === undefined ? [] : [`declared by ${declaredBy}`]),
    ];
    return `${machines} ${what}${facts.length === 0 ? "" : ` [${facts.join("; ")}]`}`;
  });
}
