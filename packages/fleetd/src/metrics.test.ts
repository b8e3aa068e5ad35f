import type { Clock, Election, Leadership } from "@fleet/core/ports";
import type { Store } from "@fleet/registry";
import { describe, expect, it } from "vitest";
import { countStore } from "./counted-store.js";
import { type MetricSources, metricFamilies } from "./metric-families.js";
import { createMetrics } from "./metrics-adapter.js";
import { watchOffice } from "./office-watch.js";

const signal = new AbortController().signal;

/** A clock that moves by 100 ms each time it is looked at. */
function steppingClock(): Clock {
  let now = 0;
  const look = () => {
    now += 100;
    return now;
  };
  return { now: look, monotonic: look, boottime: look, sleep: async () => undefined };
}

const engine = {
  plans: 3,
  partialPlans: 2,
  planDurationMsLast: 1,
  planDurationMsTotal: 1500,
  tasks: { seat: 2, update: 0, unseat: 1, move: 1, collect: 0, "clear-mark": 0 },
  staleTasks: 1,
  unknownTasks: 0,
  failedRounds: 0,
  terms: 1,
  refusals: 4,
  heldMachines: 1,
};
const agent = {
  isConnected: true,
  bootId: "b",
  units: 5,
  running: 4,
  failed: 1,
  refused: 0,
  drifted: 0,
  failing: 0,
  tasksUnderWay: 2,
  tasks: { start: 7 },
  taskFailures: 0,
  reloads: 1,
  stateWrites: 9,
};

function sources(member: ReturnType<MetricSources["member"]>): MetricSources {
  return {
    version: "1.2.3",
    api: { answers: { "2xx": 8 }, underWay: 1 },
    replica: { condition: "current", revision: 42 },
    replicaSteps: { steps: 6, readings: 1 },
    storeCounts: { keepAliveOnce: { calls: 5, failures: 0, durationMs: 250 } },
    processFigures: () => ({ cpuSeconds: 1, residentBytes: 2, heapBytes: 3, startSeconds: 4, openFiles: 5 }),
    member: () => member,
  };
}

describe("the metrics", () => {
  it("are those of the original, and ours, in its format", async () => {
    const session = { condition: "joined" as const, registration: 1, seats: new Map() };
    const member = { agent, engine, isCandidate: true, leadingSinceMs: 1_700_000_000_500, session };
    const metrics = createMetrics(metricFamilies(sources(member)));
    const { body, contentType } = await metrics();
    expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = body.split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        "# TYPE fleet_engine_leader_start_time gauge",
        "fleet_engine_leader_start_time 1700000000.5",
        "# TYPE fleet_engine_task_count_total counter",
        'fleet_engine_task_count_total{type="attemptscheduleunit"} 3',
        'fleet_engine_task_count_total{type="unscheduleunit"} 1',
        'fleet_engine_task_failure_count_total{type="stale"} 1',
        "fleet_engine_reconcile_count_total 3",
        "fleet_engine_reconcile_duration_second_sum 1.5",
        "fleet_engine_refused_units 4",
        'fleet_registry_operation_count_total{type="keepAliveOnce"} 5',
        'fleet_registry_operation_duration_second_sum{type="keepAliveOnce"} 0.25',
        'fleet_replica_condition{condition="current"} 1',
        'fleet_session_condition{condition="joined"} 1',
        "fleet_agent_tasks_under_way 2",
        'fleet_api_answers_total{code="2xx"} 8',
        'fleet_build_info{version="1.2.3"} 1',
      ]),
    );
    expect(body).not.toContain('type="unknown"');
    expect((await metrics()).body).toBe(body);
  });

  it("are there before the machine is a member", async () => {
    const { body } = await createMetrics(metricFamilies(sources(undefined)))();
    expect(body).toContain('\nfleet_session_condition{condition="joining"} 1\n');
    expect(body).toContain("\nfleet_engine_leader_start_time 0\n");
  });
});

describe("a counted store", () => {
  it("counts calls, failures that nobody wanted, and time", async () => {
    const failing = { range: () => Promise.reject(new Error("no")), close: async () => undefined };
    const store = countStore(failing as unknown as Store, steppingClock());
    await expect(store.range({ key: "a" }, signal)).rejects.toThrow("no");
    await expect(store.range({ key: "a" }, AbortSignal.abort())).rejects.toThrow("no");
    expect(store.counts).toEqual({ range: { calls: 2, failures: 1, durationMs: 200 } });
  });
});

describe("a watched election", () => {
  it("knows since when it leads, and that it does not any more", async () => {
    const seen: number[] = [];
    const election: Election = {
      isLeader: false,
      isCandidate: true,
      subscribe: () => () => undefined,
      run: (lead) => lead({} as Leadership),
    };
    const watched = watchOffice(election, steppingClock());
    await watched.run(async () => {
      seen.push(watched.leadingSinceMs);
    }, signal);
    expect([...seen, watched.leadingSinceMs]).toEqual([100, 0]);
  });
});
