import { parseMachineId } from "@fleet/core";
import { expect, it } from "vitest";
import { carryOut, sketchTasks } from "../../../../../test/support/carry-out.js";
import { ClusterSketch, serviceName } from "../../../../../test/support/cluster-sketch.js";
import { ViewWatcher } from "../../../../../test/support/view-changes.js";
import { plan } from "../plan.js";
import type { PlanOptions } from "../view.js";
import { IncrementalPlanner } from "./incremental-planner.js";

/** A cluster at rest, and a planner that has planned it. */
function stage(machines: string, units: string) {
  const cluster = new ClusterSketch().addMachines(machines).addUnits(units);
  const watcher = new ViewWatcher(cluster.view);
  const planner = new IncrementalPlanner();
  const options = (): PlanOptions => ({ releasedMachines: cluster.absent });
  planner.update(cluster.view, { ...watcher.look(), all: true }, options());
  /** Lets something happen, and plans. */
  const after = (happen: (cluster: ClusterSketch) => void, more: Partial<PlanOptions> = {}) => {
    happen(cluster);
    const planned = planner.update(cluster.view, watcher.look(), { ...options(), ...more });
    expect(planned).toEqual(plan(cluster.view, { ...options(), ...more }));
    return planned;
  };
  return { cluster, planner, after };
}

function policy(cluster: ClusterSketch, name: string, kind: "none" | "cordoned" | "drained"): void {
  const id = parseMachineId(name);
  const decided = { cordoned: kind === "cordoned", drained: kind === "drained", handOversMax: 1 };
  cluster.machines.set(id, { ...cluster.machines.get(id)!, policy: decided });
}

it.each<[string, machines: string, units: string, happen: (cluster: ClusterSketch) => void, tasks: string]>([
  ["a unit that comes", "m1 m2", "a>m1; b>m2", (cluster) => cluster.addUnits("c"), "+c@m1"],
  [
    "a follower whose peer comes later",
    "m1 m2",
    "a>m1; tail{MachineOf=head.service}",
    (cluster) => cluster.addUnits("head"),
    "+head@m2 +tail@m2",
  ],
  [
    "a unit that is in the way of a refused one, and goes",
    "m1",
    "old>m1; new{Conflicts=old.service}; c>m1",
    (cluster) =>
      cluster.units.set(serviceName("old"), {
        ...cluster.units.get(serviceName("old"))!,
        desiredState: "inactive",
      }),
    "-old@m1 +new@m1",
  ],
  [
    "a pattern that comes up and matches units that are there",
    "m1 m2",
    "web@1>m1; web@2>m2",
    (cluster) => cluster.addUnits("lone{Conflicts=web@*}"),
    "",
  ],
  [
    "a machine that begins to take units, for one that was to make way",
    "m1 m2^",
    "q>m1{Replaces=r.service}; r>m1",
    (cluster) => policy(cluster, "m2", "none"),
    "r@m1>m2",
  ],
  [
    "units that leave a drained machine in turns",
    "m1 m2",
    "a>m1; b>m1; c>m2",
    (cluster) => policy(cluster, "m1", "drained"),
    "a@m1+m2",
  ],
  [
    "a global unit and a machine that it may come to",
    "m1 m2^",
    "g>m1{Global=true}; a>m1",
    (cluster) => policy(cluster, "m2", "none"),
    "+g@m2",
  ],
])("plans on %s", (_name, machines, units, happen, tasks) => {
  const { planner, after } = stage(machines, units);
  expect(sketchTasks(after(happen))).toBe(tasks);
  expect(planner.isLastPartial).toBe(true);
});

it("lets the next one leave a drained machine when one has left it", () => {
  const { cluster, after } = stage("m1 m2", "a>m1; b>m1");
  const first = after(() => policy(cluster, "m1", "drained"));
  expect(sketchTasks(after(() => carryOut(cluster, first)))).toBe("");
  const taken = after(() => cluster.reportLoaded("m2", serviceName("a")));
  expect(sketchTasks(taken)).toBe("-a@m1 b@m1+m2");
});

it("decides about nobody when a unit becomes active where it belongs", () => {
  const { planner, after } = stage("m1 m2", "a>m1; b>m2; c>m1");
  after((cluster) => cluster.reportLoaded("m1", serviceName("a"), { activeState: "activating" }));
  after((cluster) => cluster.reportLoaded("m1", serviceName("a"), { activeState: "active" }));
  expect(planner.counts.decidedLast).toBe(0);
});

it("decides about nobody when what was planned has been done", () => {
  const { planner, cluster, after } = stage("m1 m2", "a>m1");
  const planned = after(() => cluster.addUnits("b; c; g{Global=true}"));
  expect(planner.counts.decidedLast).toBe(3);
  expect(after(() => carryOut(cluster, planned)).tasks).toEqual([]);
  expect(planner.counts.decidedLast).toBe(0);
});

it("judges those again who follow a unit that has got the seat planned for it", () => {
  const { cluster, after } = stage("m1", "");
  const planned = after(() => {
    cluster.addUnits("tail>m1{MachineOf=head.service}; head");
    cluster.reportLoaded("m1", serviceName("tail"), { condition: "refused", reason: "not here" });
  });
  expect(after(() => carryOut(cluster, planned)).refusals.length).toBe(1);
});

it("places who was refused because of a pattern that is taken back while it is needed for something else", () => {
  const { cluster, after } = stage("m1", "w@1{Conflicts=w@*}; w@2");
  const put = () => cluster.putUnit(serviceName("w@1"), "launched", ["Prefer=5:unit:w@*"]);
  expect(sketchTasks(after(put))).toBe("+w@1@m1 +w@2@m1");
});

it("decides about few when one of many machines is lost", () => {
  const machines = Array.from({ length: 50 }, (_, index) => `m${100 + index}`);
  const units = machines.map((machine, index) => `u${index}>${machine}`).join("; ");
  const { planner, after } = stage(machines.join(" "), units);
  expect(after((cluster) => cluster.lose("m120")).tasks.length).toBe(1);
  expect(planner.counts.decidedLast).toBe(1);
});

it("makes room for machines that nobody has heard of, and for those that come back", () => {
  const { cluster, planner, after } = stage("m1 m3", "a>m1; b{MachineID=m2}; g>m1{Global=true}");
  expect(sketchTasks(after(() => cluster.addMachines("m2")))).toBe("+b@m2 +g@m2 +g@m3");
  after(() => cluster.addMachines("m0 m9"));
  after(() => {
    cluster.machines.delete(parseMachineId("m2"));
    cluster.seats.delete(parseMachineId("m2"));
  });
  expect(sketchTasks(after(() => cluster.addMachines("m2")))).toBe("+b@m2 +g@m0 +g@m2 +g@m3 +g@m9");
  after(() => cluster.putSeat("m4", serviceName("a"), "launched"));
  expect(planner.counts.fromScratch).toEqual({ asked: 1 });
});

it("begins from scratch for more machines than there is room for", () => {
  const { planner, after } = stage("m1 m3", "a>m1");
  after((cluster) => cluster.addMachines("m10 m20"));
  expect(planner.counts.fromScratch).toEqual({ asked: 1, machines: 1 });
  after((cluster) => cluster.addMachines("m15"));
  expect(planner.counts.fromScratch).toEqual({ asked: 1, machines: 1 });
});

it("lets the next few have their turn while moves are braked, and decides about nobody else", () => {
  const units = Array.from({ length: 40 }, (_, index) => `u${index + 10}>m${3 + (index % 4)}`);
  const { cluster, planner, after } = stage("m1 m2 m3 m4 m5 m6", units.join("; "));
  const lost = ["m3", "m4", "m5", "m6"].map(parseMachineId);
  const more = { pace: { machines: new Set(lost), unreportedMax: 2 } };
  const first = after(() => {
    for (const id of lost) cluster.lose(id);
  }, more);
  expect(sketchTasks(first)).toBe("u10@m3>m1 u11@m4>m2 u12@m5>m1 u13@m6>m2");
  expect(after(() => carryOut(cluster, first), more).tasks).toEqual([]);
  expect(planner.counts.decidedLast).toBe(4);
  const next = after(() => cluster.reportLoaded("m2", serviceName("u11")), more);
  expect(sketchTasks(next)).toBe("u14@m3>m2");
  expect(planner.counts).toMatchObject({ decidedLast: 5, fromScratch: { asked: 1 } });
});
