import { parseMachineId } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { serviceName } from "../../../../test/support/cluster-sketch.js";
import { type EngineStage, useEngineStages } from "../../../../test/support/engine-stage.js";

const stage = useEngineStages();

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

describe("a loss", () => {
  it("counts a machine whose units could not leave it while it was there", async () => {
    const { cluster, elect, happen, clock } = stage(
      "m1 m2% m3 m4 m5",
      "head>m2; tail>m2{MachineOf=head.service;MachineID=m2}; web>m3",
    );
    await elect();
    expect(cluster.where(["head", "tail"])).toBe("head=m2 tail=m2");
    await happen(() => cluster.lose("m2"));
    expect(cluster.where(["head"])).not.toBe("head=m2");
    await happen(() => cluster.lose("m3"));
    // More may follow: it is the second within a moment, of five.
    expect(cluster.where(["web"])).toBe("web=m3");
    await clock.advance(5_000);
    expect(cluster.where(["web"])).not.toBe("web=m3");
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
  const settle = async ({ cluster, happen, registry }: EngineStage) => {
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
