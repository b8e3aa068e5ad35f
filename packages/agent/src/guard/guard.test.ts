import { parseUnitName } from "@fleet/core";
import { beforeEach, describe, expect, it } from "vitest";
import { GuardWorld } from "./testing/guard-world.js";

const a = parseUnitName("a.service");
const b = parseUnitName("b.service");

let world: GuardWorld;
beforeEach(() => {
  world = new GuardWorld();
});

describe("a guard", () => {
  it("does nothing as long as the deadline is moved on", async () => {
    world.runs(a);
    world.valid(10_000);
    world.begin();
    for (let second = 3; second <= 60; second += 3) {
      await world.clock.advance(3_000);
      world.valid(10_000 + second * 1_000);
    }
    expect(world.events).toEqual([]);
    expect(world.marks).toEqual([]);
  });

  it("stops what is on the list at the deadline, not before, and leaves a mark", async () => {
    world.runs(a, b);
    world.valid(10_000);
    world.begin();
    await world.clock.advance(9_999);
    expect(world.events).toEqual([]);
    await world.clock.advance(1);
    expect(world.events).toEqual(["stop a.service at 10000", "stop b.service at 10000"]);
    expect(world.marks).toEqual([a, b]);
    await world.clock.advance(100);
    expect(world.report).toMatchObject({ pid: 7, stopping: [a, b], expiredMs: world.startMs + 10_000 });
    await world.clock.advance(1_000);
    expect(world.report).toMatchObject({ stopping: [] });
  });

  it("says that it stops a unit before it leaves the mark", async () => {
    world.runs(a);
    world.valid(10_000);
    world.begin();
    await world.clock.advance(11_000);
    expect(world.marks).toEqual([a]);
    expect(world.stoppingAtMark).toEqual([[a]]);
  });

  it("kills what does not stop in time, until nothing is left", async () => {
    world.runs(a);
    world.obedient = false;
    world.kills.set(a, 3);
    world.valid(10_000, 5_000);
    world.begin();
    await world.clock.advance(14_999);
    expect(world.events).toEqual(["stop a.service at 10000"]);
    await world.clock.advance(1_000);
    expect(world.events.slice(1)).toEqual([
      "kill a.service at 15000",
      "kill a.service at 15100",
      "kill a.service at 15200",
    ]);
    expect(world.report).toMatchObject({ stopping: [] });
  });

  it("kills in time though systemd is dead, and says what it has done", async () => {
    world.runs(a);
    world.valid(10_000, 5_000);
    world.begin();
    await world.clock.settle();
    world.isSystemdDead = true;
    await world.clock.advance(15_000);
    expect(world.events).toEqual(["kill a.service at 15000"]);
    expect(world.marks).toEqual([a]);
    world.isSystemdDead = false;
    await world.clock.advance(1_000);
    expect(world.events.slice(1)).toEqual([expect.stringMatching(/^stop a\.service at 15\d00$/)]);
    expect(world.report).toMatchObject({ stopping: [] });
  });

  it("stops again whatever comes back after the deadline, and kills it at once after the limit", async () => {
    world.runs(a);
    world.valid(10_000, 5_000);
    world.begin();
    await world.clock.advance(12_000);
    world.runs(a);
    await world.clock.advance(1_500);
    expect(world.events).toEqual([
      "stop a.service at 10000",
      expect.stringMatching(/^stop a\.service at 1[23]\d00$/),
    ]);
    await world.clock.advance(10_000);
    world.obedient = false;
    world.runs(a);
    await world.clock.advance(1_500);
    expect(world.events.slice(2).toSorted()).toEqual([
      expect.stringMatching(/^kill a\.service at 2[34]\d00$/),
      expect.stringMatching(/^stop a\.service at 2[34]\d00$/),
    ]);
  });

  it("lets everything be when the deadline comes again, and ends what it has begun", async () => {
    world.runs(a);
    world.obedient = false;
    world.valid(10_000, 5_000);
    world.begin();
    await world.clock.advance(11_000);
    world.valid(60_000, 5_000);
    await world.clock.advance(5_000);
    expect(world.events).toEqual(["stop a.service at 10000", "kill a.service at 15000"]);
    world.runs(a);
    await world.clock.advance(30_000);
    expect(world.events).toHaveLength(2);
  });

  it("leaves no mark of what was over already", async () => {
    world.units = [a];
    world.valid(1_000);
    world.begin();
    world.marks.length = 0;
    await world.clock.settle();
    world.marks.length = 0;
    await world.clock.advance(2_000);
    expect(world.marks).toEqual([]);
  });

  it("wakes up late from a suspend and stops at once, by a clock that went on", async () => {
    world.runs(a);
    world.valid(10_000);
    world.begin();
    await world.clock.settle();
    // As after a suspend: the deadline has passed meanwhile, and the timer has a second left at most.
    world.valid(0);
    await world.clock.advance(1_000);
    expect(world.events).toEqual(["stop a.service at 1000"]);
  });
});

describe("a guard that begins", () => {
  it.each([
    ["no deadline", undefined],
    ["a deadline of another boot", { bootId: "another", validUntilMs: 9e9, stopMaxMs: 10_000 }],
  ])("takes %s for expired, and waits for nothing", async (_name, feed) => {
    world.runs(a);
    world.obedient = false;
    world.feed = feed;
    world.begin();
    await world.clock.advance(200);
    expect(world.events[0]).toBe("kill a.service at 0");
    expect(world.events).toContainEqual(expect.stringContaining("stop a.service"));
  });

  it("asks systemd what is bound to it if the list is lost", async () => {
    world.runs(a);
    world.units = undefined;
    world.bound = [a];
    world.valid(1_000);
    world.begin();
    await world.clock.advance(1_100);
    expect(world.events).toEqual([expect.stringMatching(/^stop a\.service at 1[01]00$/)]);
  });

  it("goes by a deadline that is still valid, and marks what its predecessor's end has stopped", async () => {
    world.runs(a, b);
    world.ends(b);
    world.valid(10_000);
    world.begin();
    await world.clock.advance(500);
    expect(world.marks).toEqual([b]);
    expect(world.events).toEqual([]);
    await world.end();
  });

  it("says that it is there only when it is clear what was stopped", async () => {
    world.runs(a);
    world.ends(a);
    world.isSystemdDead = true;
    world.valid(10_000);
    world.begin();
    await world.clock.advance(2_500);
    expect(world.report).toBeUndefined();
    world.isSystemdDead = false;
    await world.clock.advance(2_000);
    expect(world.marks).toEqual([a]);
    expect(world.report).toMatchObject({ pid: 7 });
  });

  it("keeps a promise that was made though the file is lost, and what it was to guard", async () => {
    world.runs(a);
    world.valid(10_000);
    world.begin();
    await world.clock.advance(1_000);
    world.feed = undefined;
    await world.clock.advance(8_000);
    expect(world.events).toEqual([]);
    await world.clock.advance(1_000);
    expect(world.events).toEqual(["stop a.service at 10000"]);
  });
});
