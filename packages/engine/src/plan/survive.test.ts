import { compareUnitNames, type SurvivalReport } from "@fleet/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClusterSketch } from "../../../../test/support/cluster-sketch.js";
import { LargeCluster } from "../../../../test/support/large-cluster.js";
import { buildCluster, clusterPlan } from "../../../../test/support/random-cluster.js";
import type { DecidedCluster } from "./decided-cluster.js";
import { unreadableUnitsOn } from "./drain-progress.js";
import type { Place } from "./place.js";
import { decide, plan } from "./plan.js";
import type { Planning } from "./planning.js";
import { survive } from "./survive.js";
import { strandedBy, strandedGlobals } from "./survive-trial.js";
import { settled } from "./what-if-settle.js";

function decided(cluster: ClusterSketch): DecidedCluster {
  const planning = decide(cluster.view, { releasedMachines: cluster.absent });
  return { revision: 7, planning, engineStatus: undefined, hasLeader: true };
}

function ask(cluster: DecidedCluster, losses: 1 | 2): SurvivalReport {
  return survive(cluster, { losses, from: 0, isTimeUp: () => false });
}

function sketch({ fatal }: SurvivalReport): readonly string[] {
  return fatal.map(({ machines, units }) => `${machines.join("+")}: ${units.join(" ")}`);
}

/** By plans alone, whatever kind of unit it is. */
function allStrandedBy(p: Planning, lost: readonly Place[]): readonly string[] {
  const globals = [...p.world.subjects.values()].filter(({ kind }) => kind === "global");
  const unreadable = lost.flatMap(({ id }) => unreadableUnitsOn(p.world.view, id));
  const names = [...strandedBy(p, lost), ...strandedGlobals(p, lost, globals), ...unreadable];
  return [...new Set(names)].sort(compareUnitNames);
}

describe("survival", () => {
  it.each<[string, string, string, 1 | 2, readonly string[]]>([
    ["units that fit anywhere", "m1 m2 m3", "a>m1; b>m2", 1, []],
    [
      "an exclusive unit that makes way for one that comes",
      "m1{d=s} m2{d=s} m3",
      "b>m1{Replaces=w.service;MachineMetadata=d=s}; w>m2{Exclusive=true}",
      1,
      [],
    ],
    ["the only machine", "m1", "a>m1", 1, ["m1: a.service"]],
    ["a pinned unit", "m1 m2", "a>m1{MachineID=m1}; b>m1", 1, ["m1: a.service"]],
    [
      "units that keep apart",
      "m1 m2",
      "w@1>m1{Conflicts=w@*}; w@2>m2{Conflicts=w@*}",
      1,
      ["m1: w@1.service", "m2: w@2.service"],
    ],
    [
      "units that keep apart, with one to spare",
      "m1 m2 m3",
      "w@1>m1{Conflicts=w@*}; w@2>m2{Conflicts=w@*}",
      1,
      [],
    ],
    [
      "the same, losing two",
      "m1 m2 m3",
      "w@1>m1{Conflicts=w@*}; w@2>m2{Conflicts=w@*}",
      2,
      ["m1+m2: w@2.service", "m1+m3: w@1.service", "m2+m3: w@2.service"],
    ],
    [
      "two of a kind",
      "m1{disk=ssd} m2{disk=ssd} m3",
      "a>m1{MachineMetadata=disk=ssd}; b>m3",
      2,
      ["m1+m2: a.service"],
    ],
    [
      "a unit and its follower",
      "m1 m2 m3^",
      "a>m1; b>m1{MachineOf=a.service}",
      2,
      ["m1+m2: a.service b.service"],
    ],
    [
      "a unit that no hopeless follower leads astray",
      "m1 m2 m3{zone=w}",
      "d>m1; c>m1{MachineOf=d.service;MachineMetadata=zone!=w}; x>m2; b{MachineOf=d.service;MachineMetadata=zone=no}",
      1,
      [],
    ],
    [
      "a global unit with one machine",
      "m1{r=a} m2",
      "g>m1{Global=true;MachineMetadata=r=a}",
      1,
      ["m1: g.service"],
    ],
    [
      "a global unit with two machines",
      "m1{r=a} m2{r=a} m3",
      "g>m1{Global=true;MachineMetadata=r=a}",
      2,
      ["m1+m2: g.service"],
    ],
    [
      "a global unit that another keeps out",
      "m1 m2",
      "g>m1{Global=true;Conflicts=a.service}; a>m2",
      1,
      ["m1: g.service", "m2: a.service"],
    ],
    ["units that wait already", "m1 m2", "a{MachineMetadata=x=y}", 2, []],
  ])("%s", (_title, machines, units, losses, outcome) => {
    const cluster = decided(new ClusterSketch().addMachines(machines).addUnits(units));
    expect(sketch(ask(cluster, losses))).toEqual(outcome);
  });

  it.each([1, 2] as const)("finds for %i lost machines what the planner finds", (losses) => {
    fc.assert(
      fc.property(clusterPlan, (description) => {
        const cluster = decided(buildCluster(description));
        const p = settled(cluster.planning);
        const present = p.world.places.filter(({ presenceRevision }) => presenceRevision !== 0);
        const expected: string[] = [];
        const singles = new Map(present.map((place) => [place, allStrandedBy(p, [place])]));
        for (const second of present) {
          if (losses === 1) {
            const units = singles.get(second)!;
            if (units.length > 0) expected.push(`${second.id}: ${units.join(" ")}`);
            continue;
          }
          for (const first of present) {
            if (first === second) break;
            const known = [...singles.get(first)!, ...singles.get(second)!];
            const units = allStrandedBy(p, [first, second]).filter((unit) => !known.includes(unit));
            if (units.length > 0) expected.push(`${first.id}+${second.id}: ${units.join(" ")}`);
          }
        }
        expect(sketch(ask(cluster, losses))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("goes on where it ended, and leaves nothing out", () => {
    const cluster = decided(
      new ClusterSketch().addMachines("m1 m2 m3 m4").addUnits("a>m1{MachineID=m1}; b>m3{MachineID=m3}"),
    );
    const fatal = [];
    let report: SurvivalReport | undefined;
    for (let from = 0; from < (report?.total ?? 1); from = report.checked) {
      report = survive(cluster, { losses: 1, from, isTimeUp: () => true });
      expect(report.checked).toBeGreaterThan(from);
      fatal.push(...report.fatal);
    }
    expect(fatal).toEqual(ask(cluster, 1).fatal);
  });

  it("plans for no pair of machines in a large cluster with room", () => {
    const large = new LargeCluster({ units: 4_000, machines: 200, globals: 2 });
    large.settle(plan(large.view, { releasedMachines: new Set() }));
    const planning = decide(large.view, { releasedMachines: new Set() });
    let plans = 0;
    const question = {
      losses: 2,
      from: 0,
      isTimeUp: () => {
        plans += 1;
        return false;
      },
    } as const;
    const report = survive({ revision: 1, planning, engineStatus: undefined, hasLeader: true }, question);
    expect(report).toMatchObject({ total: 19_900, checked: 19_900, fatal: [] });
    expect(plans).toBe(Math.floor(19_900 / 4_096));
  });
});
