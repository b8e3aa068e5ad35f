import { parseMachineId, type UnitInstance } from "@fleet/core";
import { expect, it } from "vitest";
import { carryOut } from "../../../../test/support/carry-out.js";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { plan } from "./plan.js";

const glob = serviceName("g");
const [m1, m2, m3] = ["m1", "m2", "m3"].map(parseMachineId);

/** A global unit that is wanted otherwise on some machines, with seats as they come of it. */
function settle(cluster: ClusterSketch, ...instances: readonly (readonly [string, UnitInstance])[]) {
  cluster.changeUnit("g", {
    instances: new Map(instances.map(([machine, instance]) => [parseMachineId(machine), instance])),
  });
  const next = plan(cluster.view, { releasedMachines: cluster.absent });
  carryOut(cluster, next);
  expect(plan(cluster.view, { releasedMachines: cluster.absent }).tasks).toEqual([]);
  const seats = [m1, m2, m3].map((machine) => machine && cluster.view.seats.get(machine)?.get(glob));
  return {
    kinds: next.tasks.map(({ kind }) => kind),
    seats: seats.map((seat) => seat && `${seat.target} ${seat.startCount}`),
  };
}

it("a global unit is stopped and started on one machine, and nothing changes on the others", () => {
  const cluster = new ClusterSketch().addMachines("m1 m2").addUnits("g{Global=true}; other");
  expect(settle(cluster).seats).toEqual(["launched 1", "launched 1", undefined]);
  expect(settle(cluster, ["m1", { isStopped: true, starts: 0 }])).toEqual({
    kinds: ["update"],
    seats: ["loaded 1", "launched 1", undefined],
  });
  expect(settle(cluster, ["m1", { isStopped: false, starts: 1 }])).toEqual({
    kinds: ["update"],
    seats: ["launched 2", "launched 1", undefined],
  });
});

it("a machine gets its seat as that machine's instance is wanted", () => {
  const cluster = new ClusterSketch().addMachines("m1 m3").addUnits("g{Global=true}");
  expect(
    settle(cluster, ["m2", { isStopped: true, starts: 0 }], ["m3", { isStopped: false, starts: 4 }]).seats,
  ).toEqual(["launched 1", undefined, "launched 5"]);
});
