import { parseMachineId } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { serviceName } from "../../../../test/support/cluster-sketch.js";
import { ttlMs, useEngineStages } from "../../../../test/support/engine-stage.js";

const stage = useEngineStages();

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
    expect(replica.holds).toBe(0);
    election.isCandidate = true;
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

describe("housekeeping", () => {
  it("deletes unit files that have been unreferenced for an hour", async () => {
    const { registry, elect, clock } = stage("m1", "a>m1");
    registry.unitFiles = [{ contentId: "old", modRevision: 1 }];
    await elect();
    await clock.advance(50 * 60_000);
    expect(registry.unitFiles.length).toBe(1);
    expect(registry.renewals).toBe(0);
    await clock.advance(30 * 60_000);
    expect(registry.unitFiles).toEqual([]);
    expect(registry.renewals).toBe(1);
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
