import { parseMachineId } from "@fleet/core";
import { VirtualClock } from "@fleet/registry/contract";
import { afterEach, describe, expect, it } from "vitest";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { FakeElection, FakeLeaderRegistry, FakeReplica } from "../../../../test/support/fake-cluster.js";
import { silentLogger } from "../../../../test/support/silent-logger.js";
import { createEngine, type EngineOptions } from "./engine.js";

const ttlMs = 10_000;

function makeStage(machines: string, units: string, options: Partial<EngineOptions> = {}) {
  const cluster = new ClusterSketch().addMachines(machines).addUnits(units);
  const replica = new FakeReplica(cluster);
  const registry = new FakeLeaderRegistry(cluster, replica);
  const election = new FakeElection();
  const clock = new VirtualClock();
  const stop = new AbortController();
  const engine = createEngine({
    election,
    replica,
    leaderRegistry: registry,
    clock,
    logger: silentLogger,
    options: { machineTtlMs: ttlMs, ...options },
  });
  const ended = engine.run(stop.signal);
  const elect = async () => {
    await clock.settle();
    election.elect(cluster.view.revision);
    await clock.settle();
  };
  /** Changes the cluster, and lets the replica see it. */
  const happen = async (change: () => void) => {
    change();
    replica.step();
    await clock.settle();
  };
  const close = async () => {
    stop.abort();
    await clock.settle();
    await ended;
  };
  return { cluster, replica, registry, election, clock, engine, elect, happen, close };
}

let stages: ReturnType<typeof makeStage>[] = [];

function stage(...args: Parameters<typeof makeStage>): ReturnType<typeof makeStage> {
  const made = makeStage(...args);
  stages.push(made);
  return made;
}

afterEach(async () => {
  for (const { close } of stages) await close();
  stages = [];
});

describe("leading", () => {
  it("writes nothing before it is elected, and places what is waiting when it is", async () => {
    const { cluster, registry, elect } = stage("m1 m2", "a; b; f{MachineOf=a.service}");
    expect(registry.commits).toEqual([]);
    await elect();
    expect(cluster.where(["a", "b", "f"])).toBe("a=m1 b=m2 f=m1");
  });

  it("waits until the replica has the election's revision", async () => {
    const { cluster, replica, registry, election, clock } = stage("m1", "a");
    await clock.settle();
    election.elect(cluster.nextRevision());
    await clock.settle();
    expect(registry.commits).toEqual([]);
    replica.step();
    await clock.settle();
    expect(cluster.where(["a"])).toBe("a=m1");
  });

  it("acts on a change at once, and is quiet when there is nothing to do", async () => {
    const { cluster, registry, elect, happen, engine, clock } = stage("m1", "a>m1");
    await elect();
    expect(registry.commits).toEqual([]);
    await happen(() => cluster.addUnits("b"));
    expect(cluster.where(["b"])).toBe("b=m1");
    await clock.settle();
    const { plans } = engine.counters;
    await clock.advance(60_000);
    expect(engine.counters.plans).toBe(plans);
    expect(registry.commits.length).toBe(1);
  });

  it("unseats, collects and clears in the order of the evidence", async () => {
    const { cluster, registry, elect, happen } = stage("m1", "a>m1");
    await elect();
    await happen(() => cluster.destroy("a"));
    expect(cluster.seats.get(parseMachineId("m1"))?.get(serviceName("a"))?.target).toBe("absent");
    expect(cluster.destroyed.size).toBe(0);
    expect(cluster.where(["a"])).toBe("a=-");
    const writes = registry.commits.flatMap((change) => change.writes.map(({ kind }) => kind));
    expect(writes).toEqual(["put-seat", "delete-mark"]);
    await happen(() => cluster.letAgentsWork());
    expect(cluster.seats.get(parseMachineId("m1"))?.size).toBe(0);
  });

  it("stops at once when the office is lost, and leads again when it is won again", async () => {
    const { cluster, election, elect, happen, replica, clock } = stage("m1", "a>m1");
    await elect();
    election.depose();
    await clock.settle();
    await happen(() => cluster.addUnits("b"));
    expect(cluster.where(["b"])).toBe("b=-");
    await elect();
    expect(cluster.where(["b"])).toBe("b=m1");
    expect(replica.holds).toBe(2);
  });

  it("resigns when the registry has gone back in time", async () => {
    const { cluster, election, elect, happen, replica } = stage("m1", "a>m1");
    await elect();
    await happen(() => {
      replica.condition = "younger";
      cluster.addUnits("b");
    });
    expect(election.resigned).toBe(1);
    expect(cluster.where(["b"])).toBe("b=-");
  });

  it("holds the replica only while it is a candidate", async () => {
    const { election, replica, clock, close } = stage("m1", "a>m1");
    await clock.settle();
    expect(replica.holds).toBe(1);
    election.isCandidate = false;
    await clock.advance(1_000);
    expect(replica.holds).toBe(0);
    election.isCandidate = true;
    await clock.advance(1_000);
    expect(replica.holds).toBe(1);
    await close();
    expect(replica.holds).toBe(0);
  });
});

describe("commits", () => {
  it("drops what was decided from an old record, and decides again", async () => {
    const { cluster, registry, elect, engine } = stage("m1", "a; b");
    registry.beforeCommit = () => {
      registry.beforeCommit = () => {};
      cluster.changeUnit("a", { desiredState: "inactive" });
    };
    await elect();
    expect(cluster.where(["a", "b"])).toBe("a=- b=m1");
    expect(engine.counters.staleTasks).toBe(1);
  });

  it("leaves the followers of a dropped head for the next plan", async () => {
    const { cluster, registry, elect } = stage("m1", "a; f{MachineOf=a.service}");
    const seen: string[][] = [];
    registry.beforeCommit = (changes) => {
      if (seen.length === 0) cluster.changeUnit("a", { startCount: 2 });
      seen.push(changes.map(({ unit }) => String(unit)));
    };
    await elect();
    expect(cluster.where(["a", "f"])).toBe("a=m1 f=m1");
    expect(seen).toEqual([["a.service"], ["a.service"], ["f.service"]]);
  });

  it("does not plan while it does not know what has become of its writes", async () => {
    const { cluster, registry, replica, elect, clock, engine } = stage("m1 m2", "a{Conflicts=b.service}; b");
    registry.losesAnswer = () => true;
    replica.unreachable = true;
    await elect();
    expect(engine.counters.plans).toBe(1);
    await clock.advance(30_000);
    expect(engine.counters.plans).toBe(1);
    registry.losesAnswer = () => false;
    replica.unreachable = false;
    await clock.advance(10_000);
    expect(engine.counters.plans).toBeGreaterThan(1);
    expect(cluster.where(["a", "b"])).toBe("a=m1 b=m2");
  });

  it("pauses longer and longer over a task that can never be committed", async () => {
    const { registry, elect, clock, engine } = stage("m1", "a");
    let commits = 0;
    registry.commit = async (_leadership, changes) => {
      commits += 1;
      return { outcomes: changes.map(() => "stale"), revision: 0 };
    };
    await elect();
    await clock.advance(600_000);
    expect(commits).toBeGreaterThan(10);
    expect(commits).toBeLessThan(200);
    expect(engine.counters.tasks.seat).toBe(0);
  });
});

describe("losses", () => {
  it("moves the units of a machine that was seen to vanish, at once", async () => {
    const { cluster, elect, happen } = stage("m1 m2 m3", "a>m1; b>m2; c>m3");
    await elect();
    await happen(() => cluster.lose("m3"));
    expect(cluster.where(["a", "b", "c"])).toBe("a=m1 b=m2 c=m1");
  });

  it("lets a candidate that saw the leader's machine vanish move its units as soon as it leads", async () => {
    const { cluster, elect, happen, clock } = stage("m1 m2 m3", "a>m1; b>m2; c>m3");
    await clock.settle();
    await happen(() => cluster.lose("m3"));
    expect(cluster.where(["c"])).toBe("c=m3");
    await elect();
    expect(cluster.where(["c"])).toBe("c=m1");
  });

  it("gives a machine that was merely found away one more TTL", async () => {
    const { cluster, elect, clock } = stage("m1 m2 m3!", "a>m1; b>m2; c>m3");
    await elect();
    await clock.advance(ttlMs - 1_000);
    expect(cluster.where(["c"])).toBe("c=m3");
    await clock.advance(2_000);
    expect(cluster.where(["c"])).toBe("c=m1");
  });

  it("holds everything when most machines vanish together, and says so", async () => {
    const { cluster, registry, elect, happen, clock } = stage("m1 m2 m3 m4", "a>m1; b>m2; c>m3; d>m4");
    await elect();
    await happen(() => cluster.lose("m2").lose("m3").lose("m4"));
    expect(cluster.where(["b", "c", "d"])).toBe("b=m2 c=m3 d=m4");
    expect(registry.statuses.at(-1)?.machines.map(({ machine }) => machine)).toEqual(["m2", "m3", "m4"]);
    await clock.advance(59_000);
    expect(cluster.where(["b", "c", "d"])).toBe("b=m2 c=m3 d=m4");
    await clock.advance(2_000);
    expect(cluster.where(["b", "c", "d"])).toBe("b=m1 c=m1 d=m1");
    expect(registry.statuses.at(-1)?.machines).toEqual([]);
  });

  it("does not count a unit that has no other place for an open loss", async () => {
    const { cluster, elect, happen, clock } = stage(
      "m1 m2 m3{only=here} m4",
      "a>m1; b>m2; c>m3{MachineMetadata=only=here}; d>m4",
    );
    await elect();
    await happen(() => cluster.lose("m3"));
    await clock.advance(60_000);
    await happen(() => cluster.lose("m4"));
    expect(cluster.where(["c", "d"])).toBe("c=m3 d=m1");
  });
});

describe("the brake after a mass loss", () => {
  it("gives a survivor no more than it has reported on, and says how many wait", async () => {
    const units = ["m2", "m3", "m4"].flatMap((machine) =>
      Array.from({ length: 6 }, (_, index) => `${machine}-${index}>${machine}`),
    );
    const { cluster, registry, elect, happen, clock } = stage("m1 m2 m3 m4", units.join("; "), {
      massLossHoldWatchedMs: 30_000,
    });
    const seatsOfSurvivor = () => cluster.seats.get(parseMachineId("m1"))?.size ?? 0;
    await elect();
    await happen(() => cluster.lose("m2").lose("m3").lose("m4"));
    expect(seatsOfSurvivor()).toBe(0);
    await clock.advance(30_000);
    expect(seatsOfSurvivor()).toBe(8);
    expect(registry.statuses.at(-1)).toMatchObject({ machines: [], paced: 10 });
    await clock.advance(60_000);
    expect(seatsOfSurvivor()).toBe(8);
    await happen(() => cluster.letAgentsWork());
    expect(seatsOfSurvivor()).toBe(16);
    await happen(() => cluster.letAgentsWork());
    expect(seatsOfSurvivor()).toBe(18);
    await clock.advance(1_000);
    expect(registry.statuses.at(-1)?.paced).toBeUndefined();
  });

  it("is still on when the survivors were cordoned until after the loss", async () => {
    const units = Array.from({ length: 20 }, (_, index) => `u${index}>m${2 + (index % 3)}`);
    const { cluster, elect, happen, clock } = stage("m1^ m2 m3 m4", units.join("; "), {
      massLossHoldWatchedMs: 30_000,
    });
    const seatsOfSurvivor = () => cluster.seats.get(parseMachineId("m1"))?.size ?? 0;
    await elect();
    await happen(() => cluster.lose("m2").lose("m3").lose("m4"));
    await clock.advance(600_000);
    expect(seatsOfSurvivor()).toBe(0);
    await happen(() => cluster.setPolicy("m1", {}));
    expect(seatsOfSurvivor()).toBe(8);
    await happen(() => cluster.letAgentsWork());
    expect(seatsOfSurvivor()).toBe(16);
    await happen(() => cluster.letAgentsWork());
    expect(seatsOfSurvivor()).toBe(20);
  });

  it("is on for machines that somebody has released, too", async () => {
    const units = Array.from({ length: 20 }, (_, index) => `u${index}>m2`);
    const { cluster, elect, happen } = stage("m1 m2 m3 m4", [...units, "c>m3", "d>m4"].join("; "));
    await elect();
    await happen(() => cluster.lose("m2").lose("m3").lose("m4"));
    const { recordRevision = 0 } = cluster.machines.get(parseMachineId("m2"))!;
    await happen(() => cluster.setPolicy("m2", { released: recordRevision }));
    expect(cluster.seats.get(parseMachineId("m1"))?.size).toBe(8);
  });
});

describe("releasing a lost machine", () => {
  it("moves its units at once, and those of nobody else, until it is back", async () => {
    const { cluster, registry, elect, happen } = stage("m1 m2 m3 m4", "a>m1; b>m2; c>m3; d>m4");
    const release = (name: string) => {
      const id = parseMachineId(name);
      const { recordRevision = 0 } = cluster.machines.get(id)!;
      cluster.setPolicy(name, { released: recordRevision });
    };
    await elect();
    await happen(() => cluster.lose("m2").lose("m3").lose("m4"));
    expect(cluster.where(["b", "c", "d"])).toBe("b=m2 c=m3 d=m4");
    await happen(() => release("m3"));
    expect(cluster.where(["b", "c", "d"])).toBe("b=m2 c=m1 d=m4");
    expect(registry.statuses.at(-1)?.machines.map(({ machine }) => machine)).toEqual(["m2", "m4"]);
  });

  it("means nothing for a later absence", async () => {
    const { cluster, elect, happen } = stage("m1 m2 m3 m4", "a>m1; b>m2; c>m3; d>m4");
    await elect();
    cluster.setPolicy("m2", { released: 7 });
    const id = parseMachineId("m2");
    cluster.machines.set(id, { ...cluster.machines.get(id)!, recordRevision: 8 });
    await happen(() => cluster.lose("m2").lose("m3").lose("m4"));
    expect(cluster.where(["b"])).toBe("b=m2");
  });
});

describe("draining", () => {
  /** Lets machines do as they are told, and the leader see it, until nothing happens any more. */
  const settle = async ({ cluster, happen, registry }: ReturnType<typeof stage>) => {
    for (let commits = -1; commits !== registry.commits.length; ) {
      commits = registry.commits.length;
      await happen(() => cluster.letAgentsWork());
    }
  };

  it("hands units over, a few at a time, and says how far it is", async () => {
    const set = stage("m1 m2", "a>m1; b>m1; c>m1; g>m1{Global=true}; p>m1{MachineID=m1}");
    const { cluster, registry, elect, happen, clock } = set;
    const progress = () => registry.statuses.at(-1)?.drains;
    await elect();
    await settle(set);
    await happen(() => cluster.setPolicy("m1", { drained: true, handOversMax: 2 }));
    await clock.advance(1_000);
    expect(cluster.where(["a", "b", "c", "g", "p"])).toBe("a=m1,m2 b=m1,m2 c=m1 g=m1,m2 p=m1");
    expect(progress()).toEqual([
      { machine: "m1", leaving: 2, waiting: 1, stuck: 0, staying: 2, problems: [] },
    ]);
    await settle(set);
    await clock.advance(1_000);
    expect(cluster.where(["a", "b", "c", "g", "p"])).toBe("a=m2 b=m2 c=m2 g=m1,m2 p=m1");
    expect(progress()).toEqual([
      { machine: "m1", leaving: 0, waiting: 0, stuck: 0, staying: 2, problems: [] },
    ]);
    await happen(() => cluster.setPolicy("m1", {}));
    expect(progress()).toBeUndefined();
    expect(cluster.where(["a", "b", "c"])).toBe("a=m2 b=m2 c=m2");
  });

  it("tries a copy that does not run anew after a while, on another machine if there is one", async () => {
    const set = stage("m1 m2 m3", "a>m1; x>m3");
    const { cluster, elect, happen, clock } = set;
    const fail = (machine: string) =>
      happen(() =>
        cluster.reportLoaded(machine, serviceName("a"), { activeState: "failed", jobResult: "failed" }),
      );
    await elect();
    await happen(() => cluster.setPolicy("m1", { drained: true }));
    await fail("m2");
    await clock.advance(290_000);
    expect(cluster.where(["a"])).toBe("a=m1,m2");
    await clock.advance(20_000);
    expect(cluster.where(["a"])).toBe("a=m1,m3");
    await happen(() => cluster.letAgentsWork());
    expect(cluster.where(["a"])).toBe("a=m3");
  });

  it("tries again where the copy has failed, if there is no other place", async () => {
    const set = stage("m1 m2", "a>m1");
    const { cluster, elect, happen, clock } = set;
    await elect();
    await happen(() => cluster.setPolicy("m1", { drained: true }));
    await happen(() =>
      cluster.reportLoaded("m2", serviceName("a"), { activeState: "failed", jobResult: "failed" }),
    );
    await clock.advance(310_000);
    expect(cluster.where(["a"])).toBe("a=m1");
    await settle(set);
    expect(cluster.where(["a"])).toBe("a=m2");
  });

  it("is gone on with by the next leader", async () => {
    const set = stage("m1 m2", "a>m1; b>m1");
    const { cluster, election, elect, happen } = set;
    await elect();
    await happen(() => cluster.setPolicy("m1", { drained: true, handOversMax: 1 }));
    expect(cluster.where(["a", "b"])).toBe("a=m1,m2 b=m1");
    election.depose();
    await happen(() => cluster.letAgentsWork());
    expect(cluster.where(["a", "b"])).toBe("a=m1,m2 b=m1");
    await elect();
    expect(cluster.where(["a", "b"])).toBe("a=m2 b=m1,m2");
  });

  it("says why a unit is stuck, and writes counts no more often than once a second", async () => {
    const set = stage("m1{r=1} m2", "a>m1{MachineMetadata=r=1}; b>m1; c>m1; d>m1");
    const { cluster, registry, elect, happen, clock } = set;
    await elect();
    await happen(() => cluster.setPolicy("m1", { drained: true, handOversMax: 1 }));
    const before = registry.statuses.length;
    for (let step = 0; step < 6; step += 1) await happen(() => cluster.letAgentsWork());
    expect(registry.statuses.length - before).toBeLessThanOrEqual(2);
    await clock.advance(1_000);
    expect(registry.statuses.at(-1)?.drains).toEqual([
      {
        machine: "m1",
        leaving: 0,
        waiting: 0,
        stuck: 1,
        staying: 0,
        problems: [
          {
            unit: "a.service",
            reason: "stays on m1 (machine m1 is being drained); no machine: 1 is being drained, 1 lacks r=1",
          },
        ],
      },
    ]);
  });

  it("names what cannot be read, and counts the refusals that it does not list", async () => {
    const units = Array.from({ length: 203 }, (_, index) => `u${index}{MachineMetadata=no=where}`);
    const { cluster, registry, elect } = stage("m1", units.join("; "));
    cluster.unreadable = [
      { key: "/units/x", problem: "is not JSON" },
      { key: "/engine/status", problem: "is mended by what is written now" },
    ];
    await elect();
    expect(registry.statuses.at(-1)).toMatchObject({
      moreRefusals: 3,
      quarantine: { count: 1, records: [{ key: "/units/x", problem: "is not JSON" }] },
    });
    expect(registry.statuses.at(-1)?.refusals.length).toBe(200);
  });
});

describe("housekeeping", () => {
  it("deletes unit files that have been unreferenced for an hour", async () => {
    const { registry, elect, clock } = stage("m1", "a>m1");
    registry.unitFiles = [{ contentId: "old", modRevision: 1 }];
    await elect();
    await clock.advance(50 * 60_000);
    expect(registry.unitFiles.length).toBe(1);
    await clock.advance(30 * 60_000);
    expect(registry.unitFiles).toEqual([]);
  });

  it("does not send a unit back to a machine that has refused it", async () => {
    const { cluster, elect, happen, engine } = stage("m1 m2", "a");
    const refuse = (machine: string) =>
      cluster.reportLoaded(machine, serviceName("a"), {
        condition: "refused",
        reason: "belongs to this machine",
      });
    await elect();
    await happen(() => refuse("m1"));
    expect(cluster.where(["a"])).toBe("a=m2");
    await happen(() => cluster.letAgentsWork());
    await happen(() => refuse("m2"));
    await happen(() => cluster.letAgentsWork());
    expect(cluster.where(["a"])).toBe("a=m2");
    expect(engine.counters.refusals).toBe(1);
  });
});
