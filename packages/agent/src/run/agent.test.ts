import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { service, TestMachine, unit } from "./testing/test-machine.js";

const web = unit("web.service");
const db = unit("db.service");

let machine: TestMachine;
beforeEach(async () => {
  machine = await new TestMachine().begin();
});
afterEach(() => machine.end());

describe("a seat", () => {
  test("launched: the unit is loaded, started once, and reported", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    expect(await machine.local(web)).toBe("active/running");
    const seat = machine.session.seats.get(web);
    expect(machine.session.states.get(web)).toMatchObject({
      condition: "loaded",
      loadState: "loaded",
      activeState: "active",
      subState: "running",
      contentId: seat?.contentId,
      hash: seat?.hash,
      jobResult: "done",
      started: { bootId: "memory-1", seatRevision: seat?.createRevision, startCount: 1 },
    });
    expect(machine.takeCalls("start")).toEqual([web]);
    await machine.clock.advance(300_000);
    expect(machine.takeCalls("start")).toEqual([]);
    expect(machine.session.published).toHaveLength(1);
  });

  test("loaded: the unit is there and not started", async () => {
    machine.session.seat(web, { text: service(), target: "loaded" });
    await machine.settle();
    expect(machine.agent?.status().tasks).toEqual({ load: 1 });
    expect(await machine.local(web)).toBe("gone");
    expect(machine.session.states.get(web)).toMatchObject({ condition: "loaded", activeState: "inactive" });
    expect(machine.session.states.get(web)?.started).toBeUndefined();
  });

  test("launched, then loaded: the unit is stopped once", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.session.seat(web, { target: "loaded" });
    await machine.settle();
    expect(await machine.local(web)).toBe("gone");
    expect(machine.session.states.get(web)?.started).toBeUndefined();
    machine.systemd.play(web, "active", "running", true);
    await machine.clock.advance(300_000);
    expect(await machine.local(web)).toBe("active/running");
  });

  test("absent: the unit is stopped and unloaded, which is acknowledged, and forgotten with the seat", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    const tombstone = machine.session.seat(web, { target: "absent" });
    await machine.settle();
    expect(await machine.local(web)).toBe("gone");
    expect(await machine.directory.list()).toEqual([]);
    expect(machine.session.states.get(web)).toMatchObject({ condition: "unloaded", acked: tombstone });
    machine.session.unseat(web);
    await machine.settle();
    expect(machine.session.states.size).toBe(0);
    expect(machine.agent?.status()).toMatchObject({ units: 0, taskFailures: 0 });
  });

  test("new content: the old is stopped, the file replaced, the new one started", async () => {
    machine.session.seat(web, { text: service("one") });
    await machine.settle();
    const before = await machine.invocation(web);
    machine.takeCalls("");
    machine.session.seat(web, { text: service("two"), startCount: 1 });
    await machine.settle();
    expect(await machine.directory.read(web)).toBe(service("two"));
    expect(await machine.local(web)).toBe("active/running");
    expect(await machine.invocation(web)).not.toBe(before);
    expect(
      machine.systemd.calls.map((call) => call.member).filter((member) => member !== "describe"),
    ).toEqual(["stop", "link", "start"]);
  });

  test("that vanishes stops nothing, and the unit is still reported", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.session.unseat(web);
    await machine.clock.advance(300_000);
    expect(await machine.local(web)).toBe("active/running");
    expect(machine.session.states.get(web)).toMatchObject({ activeState: "active" });
  });

  test("a tombstone for what was never here is acknowledged at once", async () => {
    const tombstone = machine.session.seat(web, { text: service(), target: "absent" });
    await machine.settle();
    expect(machine.session.states.get(web)).toMatchObject({ condition: "unloaded", acked: tombstone });
    expect(machine.takeCalls("stop")).toEqual([]);
  });
});

describe("a restart of the agent", () => {
  test("touches nothing, and writes nothing", async () => {
    machine.session.seat(web, { text: service() });
    machine.session.seat(db, { text: service("db"), target: "loaded" });
    await machine.settle();
    const before = await machine.invocation(web);
    const writes = machine.session.published.length;
    await machine.end();
    machine.systemd.calls.length = 0;
    await machine.begin();
    await machine.clock.advance(300_000);
    expect(await machine.invocation(web)).toBe(before);
    expect(machine.systemd.calls.filter((call) => call.member !== "describe")).toEqual([]);
    expect(machine.session.published).toHaveLength(writes);
  });
});
