import fc from "fast-check";
import { expect, it } from "vitest";
import { EventfulCluster } from "../../../../../test/support/eventful-cluster.js";
import { buildCluster, type ClusterPlan, clusterPlan } from "../../../../../test/support/random-cluster.js";
import {
  brakedEvent,
  type ClusterEvent,
  clusterEvent,
  massLossEvent,
  ruledClusterEvent,
} from "../../../../../test/support/random-events.js";
import { ruledClusterPlan } from "../../../../../test/support/random-rules.js";
import { sparseEvent, sparsePlan } from "../../../../../test/support/sparse-cluster.js";
import { ViewWatcher } from "../../../../../test/support/view-changes.js";
import { plan } from "../plan.js";
import { IncrementalPlanner } from "./incremental-planner.js";

const storyOf = (cluster: fc.Arbitrary<ClusterPlan>, event: fc.Arbitrary<ClusterEvent>) =>
  fc.record({
    cluster,
    isSettled: fc.boolean(),
    events: fc.array(event, { minLength: 1, maxLength: 12 }),
  });

/** First of all machines are lost together. */
const lossStoryOf = (cluster: fc.Arbitrary<ClusterPlan>, event: fc.Arbitrary<ClusterEvent>) =>
  fc.record({
    cluster,
    isSettled: fc.constant(true),
    events: fc
      .tuple(massLossEvent, fc.array(event, { minLength: 1, maxLength: 12 }))
      .map(([loss, events]) => [loss, ...events]),
  });

const numRuns = Number(process.env.FLEET_PROPERTY_RUNS ?? 400);

it.each([
  ["the original's rules", storyOf(clusterPlan, clusterEvent)],
  ["all rules", storyOf(ruledClusterPlan, ruledClusterEvent)],
  ["rules that tie few units", storyOf(sparsePlan(ruledClusterPlan), sparseEvent(ruledClusterEvent))],
  ["the brake after a mass loss", storyOf(ruledClusterPlan, brakedEvent(ruledClusterEvent))],
  [
    "the brake, with few ties",
    lossStoryOf(sparsePlan(ruledClusterPlan), sparseEvent(brakedEvent(ruledClusterEvent))),
  ],
])(
  "plans by %s after each event as from scratch, to the last byte",
  { timeout: 600_000 },
  (_rules, story) => {
    let partial = 0;
    fc.assert(
      fc.property(story, ({ cluster, isSettled, events }) => {
        const stage = new EventfulCluster(buildCluster(cluster));
        if (isSettled) stage.settle(plan);
        const { view } = stage.cluster;
        const watcher = new ViewWatcher(view);
        const planner = new IncrementalPlanner({ partMax: Number.POSITIVE_INFINITY });
        let planned = planner.update(view, { ...watcher.look(), all: true }, stage.options);
        for (const event of events) {
          stage.happen(event, planned);
          planned = planner.update(view, watcher.look(), stage.options);
          expect(JSON.stringify(planned, undefined, 1)).toBe(
            JSON.stringify(plan(view, stage.options), undefined, 1),
          );
        }
        partial += planner.counts.partial;
      }),
      { numRuns },
    );
    // Hardly anything makes it begin anew: of the brake only another measure.
    expect(partial).toBeGreaterThan(numRuns * 4);
  },
);
