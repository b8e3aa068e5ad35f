import { describe, expect, it } from "vitest";
import { carryOut, carryOutPartly, sketchTasks } from "../../../../test/support/carry-out.js";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { type Plan, plan } from "./plan.js";

function sketch(machines: string, units: string): ClusterSketch {
  return new ClusterSketch().addMachines(machines).addUnits(units);
}

function planFor(cluster: ClusterSketch, reserveFromUnit = false): Plan {
  return plan(cluster.view, { releasedMachines: cluster.absent, reserveFromUnit });
}

describe("room that is left", () => {
  it.each([
    ["by a move", "a{Reserve=memory=1G}; b>m1{Reserve=memory=1G;MachineMetadata=z=e}", "b@m1>m2 +a@m1"],
    ["by a removal", "a{Reserve=memory=1G}; b/inactive>m1{Reserve=memory=1G}", "-b@m1 +a@m1"],
  ])("%s is not taken if it turns out not to be left", (_case, units, tasks) => {
    const cluster = sketch("m1[memory=1G] m2{z=e}[memory=1G]", units);
    const planned = planFor(cluster);
    expect(sketchTasks(planned)).toBe(tasks);
    carryOutPartly(cluster, planned, (index) => index === 0);
    expect(cluster.where(["a", "b"])).toBe("a=- b=m1");
  });

  it("is not given back to a unit that was about to lose its seat, once somebody has taken it", () => {
    const cluster = sketch(
      "m1[memory=1G] m2",
      "b>m1{Conflicts=d.service}; d>m1{Reserve=memory=1G}; c{Reserve=memory=1G}",
    );
    cluster.reportLoaded("m1", serviceName("b"), { condition: "refused", reason: "not here" });
    carryOut(cluster, planFor(cluster));
    expect(cluster.where(["b", "c", "d"])).toBe("b=m2 c=m1 d=-");
  });
});

describe("a unit's own limits", () => {
  const text = ["Reserve=cpu=100m", "[Service]", "MemoryMax=1G", "CPUQuota=300%"];

  it("count if that is wanted, for what the unit does not say", () => {
    const cluster = new ClusterSketch().addMachines("m1[cpu=1,memory=512M] m2[cpu=1,memory=2G]");
    cluster.putUnit(serviceName("a"), "launched", text);
    expect(sketchTasks(planFor(cluster))).toBe("+a@m1");
    expect(sketchTasks(planFor(cluster, true))).toBe("+a@m2");
  });
});

describe("copies without a seat", () => {
  it("take their room, and keep it when they are adopted", () => {
    const cluster = sketch("m1[memory=1G] m2[memory=1G]", "a{Reserve=memory=1G}; b{Reserve=memory=1G}");
    cluster.reportLoaded("m2", serviceName("b"));
    expect(sketchTasks(planFor(cluster))).toBe("+a@m1 +b@m2");
  });

  it("are adopted even where there is too little room", () => {
    const cluster = sketch("m1[memory=1G] m2[memory=4G]", "a{Reserve=memory=2G}");
    cluster.reportLoaded("m1", serviceName("a"));
    expect(sketchTasks(planFor(cluster))).toBe("+a@m1");
  });
});

describe("the reason that a seat carries", () => {
  it.each([
    [
      "the share comes first as soon as any unit reserves",
      "x>m1{Reserve=memory=2G}; p>m2; q>m2; u",
      "smallest reserved share (0 %), then fewest seats (2) of the machines that fit",
    ],
    [
      "the machine's share is told",
      "x>m1{Reserve=memory=2G}; y>m2{Reserve=memory=3G}; u",
      "smallest reserved share (50 %), then fewest seats (1) of the machines that fit",
    ],
    ["no unit reserves", "x>m1; p>m2; q>m2; u", "fewest seats (1) of the machines that fit"],
    [
      "nothing is reserved any more",
      "x/inactive>m1{Reserve=memory=2G}; p>m2; u",
      "fewest seats (0) of the machines that fit",
    ],
  ])("tells what decided: %s", (_case, units, reason) => {
    const { tasks } = planFor(sketch("m1[memory=4G] m2[memory=4G]", units));
    const task = tasks.find(({ unit }) => unit === serviceName("u"));
    expect(task?.reason).toBe(`desired state launched; ${reason}`);
  });
});
