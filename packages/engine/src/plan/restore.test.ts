import { expect, it } from "vitest";
import { sketchTasks } from "../../../../test/support/carry-out.js";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { plan } from "./plan.js";

it.each([
  ["keeps it", "m1 m2 m3", "b@m1>m2"],
  ["is handed over, if the machine is drained", "m1% m2 m3", "b@m1>m2 d@m1+m3"],
])("a unit that gets its seat back, because its rival leaves, %s", (_case, machines, tasks) => {
  const cluster = new ClusterSketch().addMachines(machines).addUnits("b>m1{Conflicts=d.service}; d>m1");
  cluster.reportLoaded("m1", serviceName("b"), { condition: "refused", reason: "not here" });
  expect(sketchTasks(plan(cluster.view, { releasedMachines: new Set() }))).toBe(tasks);
});
