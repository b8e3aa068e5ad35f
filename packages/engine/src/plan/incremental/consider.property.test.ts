import fc from "fast-check";
import { expect, it } from "vitest";
import { serviceName } from "../../../../../test/support/cluster-sketch.js";
import { EventfulCluster } from "../../../../../test/support/eventful-cluster.js";
import { buildCluster, unitShortNames } from "../../../../../test/support/random-cluster.js";
import { brakedEvent, ruledClusterEvent } from "../../../../../test/support/random-events.js";
import { ruledClusterPlan } from "../../../../../test/support/random-rules.js";
import { ViewWatcher } from "../../../../../test/support/view-changes.js";
import { explainUnit } from "../explain.js";
import { decide, plan } from "../plan.js";
import type { Planning } from "../planning.js";
import { IncrementalPlanner } from "./incremental-planner.js";

const story = fc.record({
  cluster: ruledClusterPlan,
  isSettled: fc.boolean(),
  events: fc.array(
    fc.record({ event: brakedEvent(ruledClusterEvent), asked: fc.subarray([...unitShortNames]) }),
    {
      minLength: 1,
      maxLength: 8,
    },
  ),
});

const numRuns = Number(process.env.FLEET_PROPERTY_RUNS ?? 200);

it("explains a unit from a standing plan as from one that is made from scratch", { timeout: 600_000 }, () => {
  fc.assert(
    fc.property(story, ({ cluster, isSettled, events }) => {
      const stage = new EventfulCluster(buildCluster(cluster));
      if (isSettled) stage.settle(plan);
      const { view } = stage.cluster;
      const watcher = new ViewWatcher(view);
      const planner = new IncrementalPlanner({ partMax: Number.POSITIVE_INFINITY });
      let planned = planner.update(view, { ...watcher.look(), all: true }, stage.options);
      const explain = (planning: Planning, name: string) =>
        explainUnit(
          { planning, revision: view.revision, engineStatus: undefined, hasLeader: true },
          serviceName(name),
        );
      for (const { event, asked } of events) {
        stage.happen(event, planned);
        for (const name of asked) {
          const planning = planner.consider(view, watcher.look(), stage.options, [serviceName(name)]);
          expect(explain(planning, name)).toEqual(explain(decide(view, stage.options), name));
        }
        planned = planner.update(view, watcher.look(), stage.options);
        expect(planned).toEqual(plan(view, stage.options));
      }
    }),
    { numRuns },
  );
});
