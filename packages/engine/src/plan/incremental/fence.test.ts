import { expect, it } from "vitest";
import { sketchTasks } from "../../../../../test/support/carry-out.js";
import { ClusterSketch, serviceName } from "../../../../../test/support/cluster-sketch.js";
import { ViewWatcher } from "../../../../../test/support/view-changes.js";
import { plan } from "../plan.js";
import { IncrementalPlanner } from "./incremental-planner.js";

it("notices that a machine has been away for long enough, though nothing else has happened", () => {
  const cluster = new ClusterSketch().addMachines("m1 m2").addUnits("x>m1{Exclusive=true}; y").lose("m1");
  const watcher = new ViewWatcher(cluster.view);
  const planner = new IncrementalPlanner();
  const options = { releasedMachines: cluster.absent };
  const first = planner.update(cluster.view, { ...watcher.look(), all: true }, options);
  expect(sketchTasks(first)).toBe("+y@m2");
  const fenced = { ...options, fencedMachines: cluster.absent };
  expect(sketchTasks(planner.update(cluster.view, watcher.look(), fenced))).toBe("-x@m1 +y@m2");
});

it("notices that a copy that may be without a guard is waited for, and is not any more", () => {
  const web = serviceName("x");
  const cluster = new ClusterSketch().addMachines("m1 m2").addUnits("x>m1").lose("m1");
  const watcher = new ViewWatcher(cluster.view);
  const planner = new IncrementalPlanner();
  const options = { releasedMachines: cluster.absent, fencedMachines: cluster.absent };
  planner.update(cluster.view, { ...watcher.look(), all: true }, options);
  const next = (): string => {
    const planned = planner.update(cluster.view, watcher.look(), options);
    const scratch = plan(cluster.view, options);
    expect([planned.tasks, planned.refusals]).toEqual([scratch.tasks, scratch.refusals]);
    return sketchTasks(planned);
  };
  cluster.putUnit(web, "launched", ["Exclusive=true"]);
  expect(next()).toBe("");
  const { contentId } = cluster.putUnit(web, "launched", ["Exclusive=true", "MachineMetadata="]);
  cluster.putSeat("m1", web, "launched");
  expect(next()).toBe("-x@m1");
  cluster.putSeat("m1", web, "absent", { contentId: "earlier" });
  expect(next()).toBe("");
  cluster.putSeat("m1", web, "absent", { contentId });
  expect(next()).toBe("+x@m2");
});
