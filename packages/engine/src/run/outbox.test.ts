import type { CommitResult, GuardedChange, Leadership } from "@fleet/core/ports";
import { expect, it } from "vitest";
import { useEngineStages } from "../../../../test/support/engine-stage.js";

const open = useEngineStages();

/** An engine whose writes take effect, and are answered, when the test says so. */
async function makeStage(machines: string, units: string) {
  const stage = open(machines, units);
  const { clock, registry } = stage;
  const commit = registry.commit.bind(registry);
  const calls: { readonly names: string; readonly answer: () => void }[] = [];
  registry.commit = (leadership: Leadership, changes: readonly GuardedChange[]) =>
    new Promise<CommitResult>((resolve, reject) => {
      const names = changes.map(({ unit }) => String(unit).replace(".service", "")).join(" ");
      const answer = () => void commit(leadership, changes).then(resolve, reject);
      calls.push({ names, answer });
    });
  stage.ending.addEventListener("abort", () => {
    for (const call of calls) call.answer();
  });
  await stage.elect();
  /** Answers the oldest calls, and tells what they were about. */
  const answer = async (count = calls.length) => {
    const answered = calls.splice(0, count);
    for (const call of answered) call.answer();
    await clock.settle();
    return answered.map(({ names }) => names);
  };
  return { ...stage, calls, answer };
}

const underWay = ({ calls }: { calls: readonly { readonly names: string }[] }) =>
  calls.map(({ names }) => names);

it("plans on while writes are under way, as if they were done", async () => {
  const stage = await makeStage("m1 m2", "a");
  expect(underWay(stage)).toEqual(["a"]);
  await stage.happen(() => stage.cluster.addUnits("b{Conflicts=a.service}; c"));
  expect(underWay(stage)).toEqual(["a", "c b"]);
  await stage.answer();
  expect(stage.cluster.where(["a", "b", "c"])).toBe("a=m1 b=m2 c=m1");
});

it("does not let a unit come where another has not left yet for certain", async () => {
  const stage = await makeStage("m1", "old>m1; new/inactive{Conflicts=old.service}");
  await stage.happen(() => {
    stage.cluster.changeUnit("old", { desiredState: "inactive" });
  });
  expect(underWay(stage)).toEqual(["old"]);
  await stage.happen(() => stage.cluster.changeUnit("new", { desiredState: "launched" }));
  expect(underWay(stage)).toEqual(["old"]);
  // The record has changed, so it is not written that it leaves: whoever relied on that would be beside it now.
  await stage.happen(() => stage.cluster.changeUnit("old", { desiredState: "launched" }));
  await stage.answer();
  await stage.answer();
  expect(stage.cluster.where(["old", "new"])).toBe("old=m1 new=-");
});

it("lets nobody come where a unit was destroyed to which something is still being written", async () => {
  const stage = await makeStage("m1", "old/loaded>m1{Conflicts=new.service}; new");
  await stage.happen(() => stage.cluster.changeUnit("old", { desiredState: "launched" }));
  expect(underWay(stage)).toEqual(["old"]);
  await stage.happen(() => stage.cluster.destroy("old"));
  expect(underWay(stage)).toEqual(["old"]);
  const written: string[] = [];
  while (stage.calls.length > 0) {
    written.push(...(await stage.answer()));
    await stage.clock.advance(100);
  }
  // The last is the mark.
  expect(written).toEqual(["old", "old", "old new"]);
});

it("plans in part while it leads, whatever happens to units and to machines that are known", async () => {
  const stage = await makeStage("m1 m2 m3", "a>m1; b>m2; c");
  await stage.answer();
  await stage.happen(() => stage.cluster.addUnits("d; e{MachineOf=d.service}"));
  await stage.answer();
  await stage.answer();
  await stage.happen(() => stage.cluster.letAgentsWork());
  await stage.happen(() => stage.cluster.lose("m3"));
  await stage.answer();
  await stage.happen(() => stage.cluster.letAgentsWork());
  const { plans, partialPlans } = stage.engine.counters;
  expect(plans).toBeGreaterThan(4);
  expect(partialPlans).toBe(plans - 1);
});

it("writes followers after those they follow, and other components beside them", async () => {
  const stage = await makeStage("m1 m2", "head; tail{MachineOf=head.service}; other");
  expect(await stage.answer()).toEqual(["head other"]);
  expect(await stage.answer()).toEqual(["tail"]);
  expect(stage.cluster.where(["head", "tail"])).toBe("head=m1 tail=m1");
});

it("has several calls under way, and moves what ran somewhere before it goes on with what is new", async () => {
  const names = Array.from({ length: 700 }, (_, number) => `u${number}`);
  const stage = await makeStage("m1 m2 m3", `${names.join("; ")}; runs>m3`);
  expect(stage.calls.length).toBe(8);
  await stage.happen(() => stage.cluster.lose("m3"));
  await stage.answer(1);
  expect(stage.calls.at(-1)?.names).toMatch(/^runs\b/);
  while (stage.calls.length > 0) {
    await stage.answer();
    await stage.clock.advance(20);
  }
  expect(stage.cluster.where(["runs", ...names])).not.toMatch(/m3|-/);
});

it("plans anew what was dropped because another task of the component was overtaken", async () => {
  const stage = await makeStage("m1", "head>m1; follower>m1{MachineOf=head.service}");
  await stage.happen(() => stage.cluster.destroy("head"));
  expect(underWay(stage)).toEqual(["follower head"]);
  // The follower's unseating is overtaken; the head's is written, and is known last. Its mark was to go after both.
  await stage.happen(() => stage.cluster.destroy("follower"));
  for (let round = 0; round < 6; round += 1) {
    await stage.answer();
    await stage.clock.advance(100);
  }
  expect([...stage.cluster.view.destroyed.keys()]).toEqual([]);
});

it("ends without a write under way when the office is lost", async () => {
  const stage = await makeStage("m1", "a");
  stage.election.depose();
  await stage.answer();
  expect(stage.election.isLeader).toBe(false);
  expect(stage.cluster.where(["a"])).toBe("a=-");
});
