import { expect, it } from "vitest";
import { sketchTasks } from "../../../../../test/support/carry-out.js";
import { ClusterSketch } from "../../../../../test/support/cluster-sketch.js";
import { ViewWatcher } from "../../../../../test/support/view-changes.js";
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
