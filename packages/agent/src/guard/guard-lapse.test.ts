import { parseUnitName } from "@fleet/core";
import { beforeEach, describe, expect, it } from "vitest";
import { GuardWorld } from "./testing/guard-world.js";

const a = parseUnitName("a.service");
const b = parseUnitName("b.service");

let world: GuardWorld;
beforeEach(() => {
  world = new GuardWorld();
});

describe("a guard whose deadline has passed", () => {
  it("stops what is bound to it or has its token, though it is not on the list", async () => {
    world.runs(a, b);
    world.units = [];
    world.bound = [a];
    world.tokens.add(b);
    world.valid(10_000);
    world.begin();
    await world.clock.advance(10_100);
    expect(world.events.toSorted()).toEqual([
      expect.stringMatching(/^stop a\.service at 10[01]00$/),
      "stop b.service at 10000",
    ]);
    expect(world.marks.toSorted()).toEqual([a, b]);
  });

  it("does not say that it has acted before it has asked what is bound to it", async () => {
    let answer = (): void => undefined;
    world.valid(1_000);
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    world.boundAnswers = answered;
    world.begin();
    await world.clock.advance(3_000);
    expect(world.report?.expiredMs).toBeUndefined();
    world.bound = [a];
    answer();
    await world.clock.advance(200);
    expect(world.report).toMatchObject({ expiredMs: world.startMs + 1_000 });
    expect(world.events).toEqual([expect.stringContaining("stop a.service")]);
  });

  it("takes the tokens away at the deadline and as long as it has passed, not before", async () => {
    world.runs(a);
    world.tokens.add(a);
    world.valid(10_000);
    world.begin();
    await world.clock.advance(9_999);
    expect([...world.tokens]).toEqual([a]);
    await world.clock.advance(1);
    expect([...world.tokens]).toEqual([]);
    world.tokens.add(b);
    await world.clock.advance(1_100);
    expect([...world.tokens]).toEqual([]);
    world.valid(60_000);
    await world.clock.advance(2_000);
    world.tokens.add(a);
    await world.clock.advance(10_000);
    expect([...world.tokens]).toEqual([a]);
  });

  it("asks again if a unit that was asked to stop comes back before it was seen to be gone", async () => {
    world.runs(a);
    world.obedient = false;
    world.valid(10_000);
    world.begin();
    await world.clock.advance(10_000);
    // Somebody's start has taken the stop's place.
    world.states.set(a, "active");
    world.obedient = true;
    await world.clock.advance(2_000);
    expect(world.events).toEqual([
      "stop a.service at 10000",
      expect.stringMatching(/^stop a\.service at 1[01]\d00$/),
    ]);
    expect(world.report).toMatchObject({ stopping: [] });
  });

  it("asks again if systemd waits to start a unit once more", async () => {
    world.runs(a);
    world.obedient = false;
    world.valid(10_000);
    world.begin();
    await world.clock.advance(10_000);
    world.processes.delete(a);
    world.states.set(a, "activating");
    world.obedient = true;
    await world.clock.advance(2_000);
    expect(world.events).toHaveLength(2);
    expect(world.report).toMatchObject({ stopping: [] });
  });

  it("leaves a mark of a start that had to wait and is taken back", async () => {
    world.units = [a];
    world.valid(5_000);
    world.begin();
    await world.clock.settle();
    world.marks.length = 0;
    world.jobs.add(a);
    await world.clock.advance(6_000);
    expect(world.events).toEqual(["stop a.service at 5000"]);
    expect(world.marks).toEqual([a]);
  });

  it.each([
    ["stops", true, ["stop a.service at 10000"]],
    ["kills", false, ["stop a.service at 10000", "kill a.service at 15000"]],
  ])("%s though there is no room for a mark, and makes it later", async (_name, obedient, events) => {
    world.runs(a);
    world.obedient = obedient;
    world.hasRoom = false;
    world.valid(10_000, 5_000);
    world.begin();
    await world.clock.advance(18_000);
    expect(world.events).toEqual(events);
    expect(world.report).toMatchObject({ stopping: [a] });
    world.hasRoom = true;
    await world.clock.advance(1_100);
    expect(world.marks).toEqual([a]);
    expect(world.report).toMatchObject({ stopping: [] });
    expect(world.events).toEqual(events);
  });

  it("kills though systemd is dead and there is no room for a mark", async () => {
    world.runs(a, b);
    world.isSystemdDead = true;
    world.hasRoom = false;
    world.valid(10_000, 5_000);
    world.begin();
    await world.clock.advance(16_000);
    expect(world.events).toEqual(["kill a.service at 15000", "kill b.service at 15000"]);
  });
});
