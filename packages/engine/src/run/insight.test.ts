import type { ClusterView, Proposal, Revision, UnitName } from "@fleet/core";
import type { ReplicaChange } from "@fleet/core/ports";
import { beforeEach, describe, expect, it } from "vitest";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { createInsight } from "./insight.js";
import { StandingPlanner } from "./standing-planner.js";

const a = serviceName("a");
const b = serviceName("b");
const nothing: Proposal = { put: [], want: [], cordon: [], uncordon: [], drain: [], lose: [], add: [] };

const { signal } = new AbortController();

let cluster: ClusterSketch;
let nowMs: number;
/** How long a plan takes: the clock moves on each time somebody looks at it. */
let stepMs: number;
/** Lets the newest pause end. */
let pass: () => void;
let insight: ReturnType<typeof createInsight>;

beforeEach(() => {
  cluster = new ClusterSketch().addMachines("m1 m2").addUnits("a>m1; b>m2");
  nowMs = 0;
  stepMs = 100;
  const monotonic = () => {
    nowMs += stepMs;
    return nowMs;
  };
  const sleep = async (ms: number, mine: AbortSignal) => {
    if (ms === 0) return;
    await new Promise<void>((resolve, reject) => {
      pass = resolve;
      mine.addEventListener("abort", () => reject(mine.reason as Error), { once: true });
    });
  };
  insight = createInsight({ now: monotonic, monotonic, boottime: monotonic, sleep });
});

function view(change: Partial<ClusterView> = {}): ClusterView {
  return { ...cluster.view, ...change };
}

function explainedAt(name = a, revisionMin: Revision = 0): Revision | undefined {
  return insight.explain(view(), name, revisionMin)?.revision;
}

it("answers from kept decisions while planning anew would take too much of the process", () => {
  const first = explainedAt();
  expect(first).toBe(cluster.view.revision);
  cluster.reportLoaded("m2", b, { activeState: "failed" });
  expect(explainedAt()).toBe(first);
  nowMs += 60 * 100;
  expect(explainedAt()).toBe(cluster.view.revision);
});

it("plans at once if that takes no time", () => {
  stepMs = 0;
  explainedAt();
  cluster.reportLoaded("m2", b, { activeState: "failed" });
  expect(explainedAt()).toBe(cluster.view.revision);
});

it("plans anew when something of the unit has changed, or the client demands it", () => {
  explainedAt();
  cluster.reportLoaded("m1", a, { activeState: "failed" });
  expect(explainedAt(b)).toBeLessThan(cluster.view.revision);
  expect(explainedAt(a)).toBe(cluster.view.revision);
  cluster.changeUnit("a", { desiredState: "loaded" });
  expect(explainedAt(a)).toBe(cluster.view.revision);
  cluster.nextRevision();
  expect(explainedAt(b, cluster.view.revision)).toBe(cluster.view.revision);
  cluster.addUnits("c");
  expect(explainedAt(serviceName("c"))).toBe(cluster.view.revision);
});

it("does not see changes of the cluster in kept decisions", async () => {
  explainedAt();
  cluster.lose("m2");
  // Asked of another unit, so that nothing of its own has changed.
  expect(insight.explain(view(), a, 0)).toMatchObject({ summary: "runs on m1" });
  const proposal = { ...nothing, lose: [...cluster.machines.keys()].slice(0, 1) };
  expect(await insight.foresee(view(), proposal, 0, signal)).toMatchObject({
    moves: [{ unit: a, to: ["m2"] }],
  });
});

it("plans anew in another history of the cluster", () => {
  const first = explainedAt();
  const identity = { uuid: "u", epoch: "another", schemaVersion: 1 };
  cluster.nextRevision();
  expect(insight.explain(view({ identity }), a, 0)?.revision).toBeGreaterThan(first!);
});

it("goes on with an inquiry while the cluster changes, until nobody has asked for long", async () => {
  const stop = new AbortController();
  const running = insight.run(stop.signal);
  const question = { losses: 1, from: 0, revision: undefined } as const;
  const first = insight.survive(view(), question);
  expect(first).toMatchObject({ total: 2, fatal: [] });
  cluster.addUnits("pinned>m1{MachineID=m1}");
  const { revision } = first!;
  expect(insight.survive(view(), { ...question, revision })).toMatchObject({ revision, fatal: [] });
  expect(insight.survive(view(), { ...question, revision: revision + 1 })).toBeUndefined();
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  await turn();
  nowMs += 100_000;
  pass();
  await turn();
  expect(insight.survive(view(), { ...question, revision })).toBeUndefined();
  stop.abort();
  await running;
});

describe("with a replica to follow", () => {
  const listeners = new Set<(change: ReplicaChange) => void>();
  const replica = {
    subscribe: (listener: (change: ReplicaChange) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const happen = (units: readonly UnitName[]) => {
    const revision = cluster.nextRevision();
    const change = {
      revision,
      resynced: false,
      units: new Set(units),
      machines: new Set<never>(),
      leader: false,
    };
    for (const listener of listeners) listener({ ...change, spots: new Map() });
  };
  const clockOf = () => {
    const monotonic = () => nowMs;
    return { now: monotonic, monotonic, boottime: monotonic, sleep: () => Promise.resolve() };
  };

  it("answers of this moment, whatever else has changed", () => {
    insight = createInsight(clockOf(), {}, { replica });
    expect(listeners.size).toBe(0);
    explainedAt();
    expect(listeners.size).toBe(1);
    cluster.addUnits("c{MachineID=m1}");
    happen([serviceName("c")]);
    expect(explainedAt()).toBe(cluster.view.revision);
    expect(insight.explain(view(), serviceName("c"), 0)).toMatchObject({ standing: "arriving" });
  });

  it("ceases to follow when nobody has asked for long", async () => {
    let wake = (): void => undefined;
    const sleep = () => new Promise<void>((resolve) => (wake = resolve));
    insight = createInsight({ ...clockOf(), sleep }, {}, { replica });
    const stop = new AbortController();
    const running = insight.run(stop.signal);
    explainedAt();
    const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
    await turn();
    nowMs += 100_000;
    wake();
    await turn();
    expect(listeners.size).toBe(0);
    stop.abort();
    wake();
    await running;
  });

  it("asks the leader's plan first, where there is one", () => {
    const leader = new StandingPlanner(replica, {});
    let isLeading = true;
    const consider = (asked: ClusterView, names: readonly UnitName[]) =>
      isLeading ? leader.consider(asked, names) : undefined;
    listeners.clear();
    insight = createInsight(clockOf(), {}, { replica, leader: { consider } });
    expect(explainedAt()).toBe(cluster.view.revision);
    expect(listeners.size).toBe(0);
    isLeading = false;
    expect(explainedAt()).toBe(cluster.view.revision);
    expect(listeners.size).toBe(1);
  });

  beforeEach(() => listeners.clear());
});

it("moves nothing that the leader holds, and nothing while nobody leads", () => {
  cluster.lose("m1");
  const held = { machine: [...cluster.machines.keys()][0]!, held: "lost together with most machines" };
  const engineStatus = { machines: [held], refusals: [] };
  const standing = (change: Partial<ClusterView>) => {
    cluster.nextRevision();
    return insight.explain(view(change), a, cluster.view.revision)?.standing;
  };
  expect(standing({})).toBe("placed");
  expect(standing({ engineStatus })).toBe("placed");
  expect(standing({ engineStatus: { ...engineStatus, machines: [] } })).toBe("moving");
});

it("makes one forecast after the other, and not too many", async () => {
  const ask = (mySignal = signal) => insight.foresee(view(), nothing, 0, mySignal);
  const gone = new AbortController();
  const all = [ask(gone.signal), ...Array.from({ length: 15 }, () => ask())];
  gone.abort(new Error("gone"));
  await expect(ask()).rejects.toThrow("too many forecasts");
  const [first, ...others] = await Promise.allSettled(all);
  expect(first?.status).toBe("rejected");
  expect(others.every(({ status }) => status === "fulfilled")).toBe(true);
  expect(await ask()).toMatchObject({ fits: true });
});
