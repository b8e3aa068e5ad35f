import { parseMachineId } from "@fleet/core";
import { VirtualClock } from "@fleet/registry/contract";
import { expect, it } from "vitest";
import { ClusterSketch } from "../../../../test/support/cluster-sketch.js";
import { FakeElection, FakeLeaderRegistry, FakeReplica } from "../../../../test/support/fake-cluster.js";
import { silentLogger } from "../../../../test/support/silent-logger.js";
import { createEngine } from "./engine.js";

/** A leader that knows of one unit on m1 that is exclusive, and of one that is not. */
async function lead() {
  const cluster = new ClusterSketch().addMachines("m1 m2").addUnits("a>m1; x>m1{Exclusive=true}");
  const replica = new FakeReplica(cluster);
  const clock = new VirtualClock();
  const stop = new AbortController();
  const leaderRegistry = new FakeLeaderRegistry(cluster, replica);
  const election = new FakeElection();
  const engine = createEngine({
    election,
    replica,
    leaderRegistry,
    clock,
    logger: silentLogger,
    options: { machineTtlMs: 10_000, exclusiveStopMaxMs: 5_000 },
  });
  const ended = engine.run(stop.signal);
  await clock.settle();
  election.elect(cluster.view.revision);
  await clock.settle();
  const end = async (): Promise<void> => {
    stop.abort();
    await clock.settle();
    await ended;
  };
  return { cluster, replica, clock, leaderRegistry, end };
}

it("moves exclusive units of a lost machine when they cannot be running there any more", async () => {
  const { cluster, replica, clock, leaderRegistry, end } = await lead();
  cluster.lose("m1");
  replica.step();
  await clock.settle();
  expect(cluster.where(["a", "x"])).toBe("a=m2 x=m1");
  // The wall clock of this test begins where the other one does.
  const untilMs = clock.now() + 17_000;
  const m1 = parseMachineId("m1");
  expect(leaderRegistry.statuses.at(-1)?.fencing).toEqual([{ machine: m1, untilMs }]);
  expect(leaderRegistry.statuses.at(-1)?.refusals).toEqual([
    { unit: "x.service", reason: expect.stringMatching(/may still be running there; waits until .* UTC$/) },
  ]);
  await clock.advance(16_900);
  expect(cluster.where(["a", "x"])).toBe("a=m2 x=m1");
  await clock.advance(200);
  expect(cluster.where(["a", "x"])).toBe("a=m2 x=m2");
  expect(leaderRegistry.statuses.at(-1)?.fencing).toBeUndefined();
  await end();
});

it.each([
  ["waits anew for a machine that was back unseen", true, "x=m1", "x=m2"],
  ["goes on counting while nothing says that the machine was back", false, "x=m2", "x=m2"],
])("%s", async (_case, wasBack, early, late) => {
  const { cluster, replica, clock, end } = await lead();
  cluster.lose("m1");
  replica.step();
  await clock.advance(10_000);
  // The line to etcd was cut, and all is read anew.
  const m1 = parseMachineId("m1");
  const machine = cluster.machines.get(m1)!;
  if (wasBack) cluster.machines.set(m1, { ...machine, recordRevision: cluster.nextRevision() });
  replica.step(true);
  await clock.advance(16_900);
  expect(cluster.where(["a", "x"])).toBe(`a=m2 ${early}`);
  await clock.advance(200);
  expect(cluster.where(["a", "x"])).toBe(`a=m2 ${late}`);
  await end();
});
