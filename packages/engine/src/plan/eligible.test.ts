import { expect, it } from "vitest";
import { sketchTasks } from "../../../../test/support/carry-out.js";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { plan } from "./plan.js";

it("a global unit is not missed where its demands keep it away, and removed if it runs there", () => {
  const cluster = new ClusterSketch()
    .addMachines("m1{z=e} m2")
    .addUnits("mon{Global=true;MachineMetadata=!z}");
  cluster.reportLoaded("m1", serviceName("mon"));
  const planned = plan(cluster.view, { releasedMachines: new Set() });
  expect(sketchTasks(planned)).toBe("-mon@m1 +mon@m2");
  expect(planned.refusals).toEqual([]);
});
