import { parseMachineId } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { carryOut, sketchTasks } from "../../../../test/support/carry-out.js";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { plan } from "./plan.js";

// What happens over time, by the names of the original's events and invariants (H and I), as far as it is the planner's.

function sketch(machines: string, units: string): ClusterSketch {
  return new ClusterSketch().addMachines(machines).addUnits(units);
}

/** Plans and carries out until nothing is left to do, machines doing as they are told; says what there was to do. */
function settle(cluster: ClusterSketch, released = cluster.absent): readonly string[] {
  const steps: string[] = [];
  for (let round = 0; round < 8; round += 1) {
    const planned = plan(cluster.view, { releasedMachines: released });
    if (planned.tasks.length === 0) return steps;
    steps.push(sketchTasks(planned));
    carryOut(cluster, planned);
    cluster.letAgentsWork();
  }
  throw new Error(`does not settle: ${steps.join(" | ")}`);
}

/** Moves alone, without collections of what was left behind. */
function movesIn(steps: readonly string[]): readonly string[] {
  return steps.flatMap((step) => step.split(" ")).filter((task) => !task.startsWith("~"));
}

describe("events", () => {
  it("H01: a machine that shuts down is left at once, its units move one by one", () => {
    const cluster = sketch("m1 m2", "a>m1; b>m1; mon{Global=true}");
    settle(cluster);
    cluster.addMachines("m1~");
    expect(movesIn(settle(cluster))).toEqual(["a@m1>m2", "b@m1>m2"]);
  });

  it("H02: a daemon that takes its own presence over moves nothing", () => {
    const cluster = sketch("m1 m2", "a>m1; b>m2; mon{Global=true}");
    settle(cluster);
    cluster.addMachines("m1");
    expect(settle(cluster)).toEqual([]);
  });

  it("H03: units of a lost machine move when the loss rules release it", () => {
    const cluster = sketch("m1 m2", "a>m1").lose("m1");
    expect(settle(cluster, new Set())).toEqual([]);
    expect(settle(cluster)).toEqual(["a@m1>m2"]);
  });

  it("H05: a machine that comes back finds tombstones for what has moved, and keeps the rest", () => {
    const cluster = sketch("m1 m2", "a>m1; pinned>m1{MachineID=m1}; mon{Global=true}");
    settle(cluster);
    cluster.lose("m1");
    settle(cluster);
    cluster.addMachines("m1");
    expect(movesIn(settle(cluster))).toEqual([]);
    expect(cluster.where(["a", "pinned", "mon"])).toBe("a=m2 pinned=m1 mon=m1,m2");
  });

  it.each([
    ["H07", "m1! m2! m3!"],
    ["H08", "m1 m2! m3!"],
  ])("%s: machines that are merely absent keep everything (%s)", (_id, machines) => {
    const cluster = sketch(machines, "a>m1; b>m2; c>m3; d>m2{MachineMetadata=z=e}");
    expect(settle(cluster, new Set())).toEqual([]);
  });

  it("H09, J15, J16: a machine whose presence is gone is told nothing", () => {
    const cluster = sketch("m1 m2", "a>m1; mon{Global=true}");
    settle(cluster);
    cluster.lose("m1");
    expect(settle(cluster, new Set())).toEqual([]);
  });

  it("H14: a unit made anew does not inherit the seat of one that was destroyed", () => {
    const cluster = sketch("m1 m2", "a>m1; p>m1").destroy("a");
    cluster.putUnit(serviceName("a"), "launched", ["MachineMetadata=z=e"]);
    settle(cluster);
    expect(cluster.where(["a"])).toBe("a=-");
  });

  it("H15: a machine that joins is for those who wait, and for new ones", () => {
    const cluster = sketch("m1", "a>m1; b>m1; w@1>m1{Conflicts=w@*.service}; w@2{Conflicts=w@*.service}");
    expect(settle(cluster)).toEqual([]);
    cluster.addMachines("m2");
    expect(settle(cluster)).toEqual(["+w@2@m2"]);
    cluster.addUnits("c");
    expect(settle(cluster)).toEqual(["+c@m2"]);
  });

  it("H16: of units that exclude each other only the orphan moves, or waits", () => {
    const options = "{Conflicts=w@*.service}";
    const cluster = sketch("m1 m2 m3 m4", `w@1>m1${options}; w@2>m2${options}; w@3>m3${options}`).lose("m1");
    expect(settle(cluster)).toEqual(["w@1@m1>m4"]);
    cluster.lose("m2");
    expect(settle(cluster)).toEqual([]);
    expect(cluster.where(["w@1", "w@2", "w@3"])).toBe("w@1=m4 w@2=m2 w@3=m3");
  });
});

describe("invariants", () => {
  it("I1: pairs stay together when their machine is lost", () => {
    const pairs = [1, 2, 3].map((n) => `t${n}; f${n}{MachineOf=t${n}.service}`).join("; ");
    const cluster = sketch("m1 m2 m3", pairs);
    expect(settle(cluster)).toHaveLength(1);
    cluster.lose("m1");
    expect(settle(cluster)).toHaveLength(1);
    for (const n of [1, 2, 3]) {
      const [target, follower] = cluster
        .where([`t${n}`, `f${n}`])
        .split(" ")
        .map((word) => word.split("=")[1]);
      expect(target).toBe(follower);
      expect(target).not.toBe("m1");
    }
  });

  it("I2: of five units that exclude each other as many run as there are machines", () => {
    const units = [1, 2, 3, 4, 5].map((n) => `w@${n}{Conflicts=w@*.service}`).join("; ");
    const cluster = sketch("m1 m2 m3", units);
    settle(cluster);
    expect(cluster.where(["w@1", "w@2", "w@3", "w@4", "w@5"])).toBe("w@1=m1 w@2=m2 w@3=m3 w@4=- w@5=-");
  });

  it("I3: one that waits for another takes its place when it is destroyed", () => {
    const cluster = sketch("m1", "a>m1{Conflicts=b.service}; b");
    expect(settle(cluster)).toEqual([]);
    cluster.destroy("a");
    settle(cluster);
    expect(cluster.where(["b"])).toBe("b=m1");
  });

  it("I5: exactly one unit moves when a machine is made anew under another id", () => {
    const options = "{Conflicts=w@*.service}";
    const cluster = sketch("m1 m2 m3", `w@1>m1${options}; w@2>m2${options}; w@3>m3${options}`);
    cluster.lose("m2").addMachines("m4");
    expect(movesIn(settle(cluster))).toEqual(["w@2@m2>m4"]);
  });

  it("I6: each pinned unit is on its machine", () => {
    const cluster = sketch("m1 m2 m3", "a{MachineID=m3}; b{MachineID=m1}; c{MachineID=m2}");
    settle(cluster);
    expect(cluster.where(["a", "b", "c"])).toBe("a=m3 b=m1 c=m2");
  });

  it("I7, I8: globals are everywhere, and of two rivals the first by name", () => {
    const cluster = sketch("m1 m2 m3", "a{Global=true}; b{Global=true;Conflicts=a.service}; p; q");
    settle(cluster);
    expect(cluster.where(["a", "b", "p", "q"])).toBe("a=m1,m2,m3 b=- p=m1 q=m2");
  });

  it("I9: instances go where their own value is", () => {
    const line = "{MachineMetadata=host=%i}";
    const cluster = sketch("m1{host=x} m2{host=y}", `w@x${line}; w@y${line}; w@bogus${line}`);
    settle(cluster);
    expect(cluster.where(["w@x", "w@y", "w@bogus"])).toBe("w@x=m1 w@y=m2 w@bogus=-");
  });

  it("I10, I11: the replaced unit makes way once, and units that replace each other stay", () => {
    const cluster = sketch("m1 m2", "old>m1; p>m2; q>m2; new{Replaces=old.service}");
    settle(cluster);
    expect(cluster.where(["old", "new"])).toBe("old=m2 new=m1");
    const circle = sketch("m1 m2", "a>m1{Replaces=b.service}; b>m1{Replaces=a.service}");
    expect(settle(circle)).toEqual([]);
  });

  it("I12: an outage of etcd stops nothing", () => {
    const cluster = sketch("m1", "a>m1; l/loaded>m1; i/inactive; g{Global=true}; h/loaded{Global=true}");
    settle(cluster);
    cluster.lose("m1");
    expect(settle(cluster, new Set())).toEqual([]);
    cluster.addMachines("m1");
    expect(settle(cluster, new Set([parseMachineId("m1")]))).toEqual([]);
  });
});
