import { parseMachineId } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { carryOut, sketchTasks } from "../../../../test/support/carry-out.js";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { type Plan, plan } from "./plan.js";
import type { PlanOptions } from "./view.js";

function planFor(cluster: ClusterSketch, options: Partial<PlanOptions> = {}): Plan {
  return plan(cluster.view, { releasedMachines: cluster.absent, ...options });
}

function tasksOf(cluster: ClusterSketch, options: Partial<PlanOptions> = {}): string {
  return sketchTasks(planFor(cluster, options));
}

function sketch(machines: string, units = ""): ClusterSketch {
  return new ClusterSketch().addMachines(machines).addUnits(units);
}

describe("tasks", () => {
  it("carry what they were decided from", () => {
    const cluster = sketch("m1 m2 m9!", "db>m9; app>m9{MachineOf=db.service}");
    const unitRevision = (name: string) => cluster.units.get(serviceName(name))?.modRevision;
    const presenceRevision = cluster.machines.get(parseMachineId("m1"))?.presence?.modRevision;
    expect(planFor(cluster).tasks).toMatchObject([
      {
        kind: "move",
        unit: "db.service",
        machine: "m1",
        from: { machine: "m9" },
        fromPresenceRevision: 0,
        unitRevision: unitRevision("db"),
        presenceRevision,
        peers: [],
        component: "app.service",
        stage: 1,
        reason: "machine m9 is away",
      },
      {
        kind: "move",
        unit: "app.service",
        machine: "m1",
        unitRevision: unitRevision("app"),
        peers: ["db.service"],
        component: "app.service",
        stage: 2,
      },
    ]);
  });

  it("tie removals to what takes their place", () => {
    const { tasks } = planFor(sketch("m1", "p/inactive>m1{Conflicts=q.service}; q; other"));
    expect(tasks.map(({ unit, component, stage }) => [unit, component, stage])).toEqual([
      ["p.service", "p.service", 0],
      ["other.service", "other.service", 1],
      ["q.service", "p.service", 1],
    ]);
  });
});

describe("components", () => {
  it("hold what comes to a machine together with what was destroyed there: who knows what that excluded", () => {
    const cluster = sketch("m1 m2^", "p>m1; q; other/loaded>m2");
    const { tasks } = planFor(cluster.destroy("p"));
    const seats = tasks.filter(({ kind }) => kind === "seat" || kind === "unseat");
    expect(seats.map(({ unit, component, stage }) => [unit, component, stage])).toEqual([
      ["p.service", "p.service", 0],
      ["q.service", "p.service", 1],
    ]);
  });
});

describe("stages", () => {
  it("let a rival leave before others take its place", () => {
    const cluster = sketch(
      "m1 m2^ m3",
      "p>m1{Conflicts=q.service}; q>m1; x>m3; y>m3; r{Conflicts=q.service}; f{MachineOf=r.service}",
    );
    expect(planFor(cluster).tasks.map(({ kind, unit, stage }) => `${stage} ${kind} ${unit}`)).toEqual([
      "1 move q.service",
      "2 seat r.service",
      "3 seat f.service",
    ]);
  });
});

describe("rivals that change places", () => {
  it("share a stage: neither may come while the other is there", () => {
    const cluster = sketch(
      "m1 m2",
      "head>m2; web>m2; new>m2{Replaces=web.service}; tail>m1{MachineOf=head.service;Conflicts=web.service}",
    );
    const moves = planFor(cluster).tasks.map(({ kind, unit, stage, component }) => [
      kind,
      unit,
      stage,
      component,
    ]);
    expect(moves).toEqual([
      ["move", "tail.service", 2, "tail.service"],
      ["move", "web.service", 2, "tail.service"],
    ]);
  });
});

describe("the brake", () => {
  it("gives a machine no more units of a mass loss than it has reported on", () => {
    const cluster = sketch("m1 m2!", "a>m2; b>m2; c>m2; d");
    const pace = { machines: cluster.absent, unreportedMax: 2 };
    const first = planFor(cluster, { pace });
    expect(sketchTasks(first)).toBe("a@m2>m1 b@m2>m1 +d@m1");
    expect(first.refusals[0]?.failed.map(({ check }) => check)).toContain("pace");
    carryOut(cluster, first);
    expect(tasksOf(cluster, { pace })).toBe("");
    cluster.letAgentsWork();
    expect(tasksOf(cluster, { pace })).toBe("c@m2>m1");
  });
});
