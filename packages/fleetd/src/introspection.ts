import type { ApiCounters } from "@fleet/api";
import type { Clock, ClusterReplica } from "@fleet/core/ports";
import type { CountedStore } from "./counted-store.js";
import type { Membership } from "./membership.js";
import { type MetricSources, metricFamilies } from "./metric-families.js";
import type { MetricFamily, MetricsBody } from "./metrics-adapter.js";
import { processFigures } from "./process-figures.js";
import { version } from "./version.js";

/** What the introspection looks at. */
export interface IntrospectionParts {
  readonly clock: Clock;
  readonly membership: Membership;
  readonly replica: ClusterReplica;
  readonly store: CountedStore;
}

/** What the API shows of the daemon's inside. */
export interface Introspection {
  /** What `/fleet/v2/debug/state` says of session, agent, engine and etcd: named fields, no option and no secret. */
  debugState(): object;
  /** The body of `/metrics`. */
  metrics(api: ApiCounters): Promise<MetricsBody>;
}

/** Prepares to look at the daemon's inside. It costs nothing until somebody does. */
export function createIntrospection({
  clock,
  membership,
  replica,
  store,
}: IntrospectionParts): Introspection {
  const replicaSteps = { steps: 0, readings: 0 };
  replica.subscribe(({ resynced }) => {
    replicaSteps.steps += 1;
    if (resynced) replicaSteps.readings += 1;
  });
  let metrics: Promise<() => Promise<MetricsBody>> | undefined;
  const sources = (api: ApiCounters): MetricSources => ({
    version,
    api,
    replica,
    replicaSteps,
    storeCounts: store.counts,
    processFigures: () => processFigures(clock),
    member: () => membership.state,
  });
  return {
    metrics: async (api) => {
      metrics ??= loadMetrics(metricFamilies(sources(api)));
      return (await metrics)();
    },
    debugState: () => ({
      ...memberState(membership),
      etcd: { operations: store.counts, replica: replicaSteps },
      process: processFigures(clock),
    }),
  };
}

/** The library takes some megabytes, which most daemons that nobody asks for metrics need not spend. */
async function loadMetrics(families: readonly MetricFamily[]): Promise<() => Promise<MetricsBody>> {
  const { createMetrics } = await import("./metrics-adapter.js");
  return createMetrics(families);
}

function memberState({ state }: Membership): object {
  if (state === undefined) return { session: { condition: "waiting for systemd" } };
  const { agent, engine, isCandidate, leadingSinceMs, session } = state;
  const { condition, history, problem, registration, seats } = session;
  return {
    agent,
    engine: { isCandidate, leadingSinceMs, ...engine },
    session: { condition, history, problem, registration, seats: seats.size },
  };
}
