import { parseMachineId } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { sketchTasks } from "../../../../test/support/carry-out.js";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { type Plan, plan } from "./plan.js";
import type { PlanOptions } from "./view.js";

function planFor(cluster: ClusterSketch, options: Partial<PlanOptions> = {}): Plan {
  return plan(cluster.view, { releasedMachines: cluster.absent, ...options });
}

function tasksOf(cluster: ClusterSketch, options: Partial<PlanOptions> = {}): string {
  return sketchTasks(planFor(cluster, options));
}

function reasonsOf(cluster: ClusterSketch, options: Partial<PlanOptions> = {}): string {
  return planFor(cluster, options)
    .refusals.map(({ unit, reason }) => `${unit}: ${reason}`)
    .join("\n");
}

function sketch(machines: string, units = ""): ClusterSketch {
  return new ClusterSketch().addMachines(machines).addUnits(units);
}

describe("units that are on a machine without a seat", () => {
  const stray = (cluster: ClusterSketch, machine: string, unit: string, activeState = "active") => {
    cluster.reportLoaded(machine, serviceName(unit), { activeState });
    return cluster;
  };

  it("get the seat there, though another machine has fewer", () => {
    const cluster = stray(sketch("m1 m2", "p>m2; a"), "m2", "a");
    expect(tasksOf(cluster)).toBe("+a@m2");
    expect(planFor(cluster).tasks[0]?.reason).toBe("runs there already: adopted");
  });

  it("get it before units whose names come first", () => {
    expect(tasksOf(stray(sketch("m1", "a{Conflicts=b.service}; b"), "m1", "b"))).toBe("+b@m1");
  });

  it("are adopted on a cordoned machine too, but not on one that is drained or frozen", () => {
    expect(tasksOf(stray(sketch("m1^ m2", "a"), "m1", "a"))).toBe("+a@m1");
    expect(tasksOf(stray(sketch("m1% m2", "a"), "m1", "a"))).toBe("+a@m2");
    expect(tasksOf(stray(sketch("m1* m2", "a"), "m1", "a"))).toBe("");
    expect(reasonsOf(stray(sketch("m1* m2", "a"), "m1", "a"))).toContain("does not believe the registry");
  });

  it("are adopted where they are active rather than where they are not", () => {
    const cluster = stray(stray(sketch("m1 m2", "a"), "m1", "a", "inactive"), "m2", "a");
    expect(tasksOf(cluster)).toBe("+a@m2");
  });

  it("keep their place against conflicting units until they are gone", () => {
    const cluster = stray(sketch("m1", "b{Conflicts=a.service}"), "m1", "a");
    expect(tasksOf(cluster)).toBe("");
    expect(reasonsOf(cluster)).toContain("conflicts with a.service");
    expect(reasonsOf(cluster)).toContain("a.service: is on m1 without a seat");
  });

  it("do not drive out units that have seats", () => {
    expect(tasksOf(stray(sketch("m1", "b>m1{Conflicts=a.service}"), "m1", "a"))).toBe("");
  });

  it("are stopped if a mark says that the unit was destroyed", () => {
    expect(tasksOf(stray(sketch("m1", "a").destroy("a"), "m1", "a"))).toBe("-a@m1 clear a");
  });

  it("are not stopped because their record says inactive, or is missing", () => {
    expect(tasksOf(stray(sketch("m1", "a/inactive"), "m1", "a"))).toBe("");
    expect(tasksOf(stray(sketch("m1"), "m1", "a"))).toBe("");
  });

  it("are stopped once another copy is active where its seat is, and not before", () => {
    const cluster = stray(sketch("m1 m2", "a>m1"), "m2", "a");
    const name = serviceName("a");
    cluster.reportLoaded("m1", name, { activeState: "activating" });
    expect(tasksOf(cluster)).toBe("");
    cluster.reportLoaded("m1", name);
    const [task] = planFor(cluster).tasks;
    expect(task).toMatchObject({ kind: "unseat", machine: "m2", cause: "surplus", seatRevision: 0 });
  });

  it("are stopped if they are global and the rules exclude the machine", () => {
    expect(tasksOf(stray(sketch("m1 m2{r=1}", "g>m2{Global=true;MachineMetadata=r=1}"), "m1", "g"))).toBe(
      "-g@m1",
    );
    expect(tasksOf(stray(sketch("m1", "a>m1; g{Global=true;Conflicts=a.service}"), "m1", "g"))).toBe("-g@m1");
  });

  it("are seated if they are global and the rules allow it", () => {
    expect(tasksOf(stray(sketch("m1^ m2", "g>m2{Global=true}"), "m1", "g"))).toBe("+g@m1");
  });
});

describe("machines that will not take a unit", () => {
  const refuse = (cluster: ClusterSketch, machine: string, unit: string) => {
    cluster.reportLoaded(machine, serviceName(unit), {
      condition: "refused",
      reason: "belongs to this machine",
    });
    return cluster;
  };

  it("are passed over, and lose a seat they have if there is another place", () => {
    expect(tasksOf(refuse(sketch("m1 m2", "a"), "m1", "a"))).toBe("+a@m2");
    expect(tasksOf(refuse(sketch("m1 m2", "a>m1"), "m1", "a"))).toBe("a@m1>m2");
    expect(tasksOf(refuse(sketch("m1", "a>m1"), "m1", "a"))).toBe("");
    expect(tasksOf(refuse(sketch("m1 m2", "g>m1{Global=true}; g2{Global=true}"), "m1", "g2"))).toBe(
      "+g@m2 +g2@m2",
    );
  });

  it("are all counted if none is left, the one with the seat and one that is letting go of it too", () => {
    expect(reasonsOf(refuse(refuse(sketch("m1 m2", "a>m2"), "m1", "a"), "m2", "a"))).toBe(
      "a.service: no machine: 2 refuse it (belongs to this machine)",
    );
    const leaving = refuse(refuse(sketch("m1 m2", "a>m2"), "m1", "a"), "m2", "a");
    leaving.putSeat("m1", serviceName("a"), "absent");
    expect(reasonsOf(leaving)).toBe("a.service: no machine: 2 refuse it (belongs to this machine)");
    const pinned = refuse(sketch("m1{zone=eu} m2", "a>m1{MachineMetadata=zone=eu}"), "m1", "a");
    expect(reasonsOf(pinned)).toBe(
      "a.service: no machine: 1 lacks zone=eu, 1 refuses it (belongs to this machine)",
    );
  });

  it("are remembered by whoever plans again and again", () => {
    const cluster = sketch("m1 m2", "a");
    const name = serviceName("a");
    const refusedLately = new Map([[name, new Map([[parseMachineId("m1"), "belongs to this machine"]])]]);
    expect(tasksOf(cluster, { refusedLately })).toBe("+a@m2");
    expect(planFor(refuse(cluster, "m1", "a")).unwilling).toEqual([
      { unit: name, machine: "m1", reason: "belongs to this machine" },
    ]);
  });
});
