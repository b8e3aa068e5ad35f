import { FleetError } from "@fleet/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { service, TestMachine, unit } from "./testing/test-machine.js";

const web = unit("web.service");
const db = unit("db.service");
const bad = "[Service]\nType=simple\n";

let machine: TestMachine;
beforeEach(async () => {
  machine = await new TestMachine().begin();
});
afterEach(() => machine.end());

const stateOf = (name = web) => machine.session.states.get(name);

describe("a unit that cannot be had does not touch the others", () => {
  test("its name belongs to the machine", async () => {
    machine.systemd.addHostUnit("web.service", service("host"), true);
    machine.session.seat(web, { text: service() });
    machine.session.seat(db, { text: service() });
    await machine.settle();
    expect(stateOf()).toMatchObject({
      condition: "refused",
      reason: '"web.service" belongs to this machine (/usr/lib/systemd/system/web.service)',
    });
    expect(await machine.directory.list()).toEqual([db]);
    expect(await machine.local(web)).toBe("active/running");
    expect(stateOf(db)).toMatchObject({ activeState: "active" });
    machine.session.seat(web, { target: "absent" });
    await machine.settle();
    expect(stateOf()).toMatchObject({ condition: "unloaded" });
    expect(await machine.local(web)).toBe("active/running");
  });

  test("its name is free if systemd has no file by it, though what had it has failed", async () => {
    machine.systemd.play(web, "failed", "failed");
    machine.session.seat(web, { text: service() });
    await machine.settle();
    expect(stateOf()).toMatchObject({ condition: "loaded", activeState: "active" });
  });

  test("systemd refuses to start it: said so, and tried again with growing pauses", async () => {
    machine.systemd.beforeStart = (name) => {
      if (name === web) throw new FleetError("conflict", 'cannot start "web.service": it is masked');
    };
    machine.session.seat(web, { text: service() });
    machine.session.seat(db, { text: service() });
    await machine.settle();
    expect(stateOf(db)).toMatchObject({ activeState: "active" });
    expect(stateOf()).toMatchObject({ reason: 'cannot start "web.service": it is masked' });
    expect(stateOf()?.started).toBeUndefined();
    machine.systemd.calls.length = 0;
    await machine.clock.advance(60_000);
    expect(machine.takeCalls("start").length).toBeLessThan(8);
    machine.systemd.beforeStart = () => {};
    await machine.clock.advance(61_000);
    expect(stateOf()).toMatchObject({ activeState: "active", jobResult: "done" });
    expect(stateOf()?.reason).toBeUndefined();
  });

  test("systemd refuses a start for what may be on its way: given up only when it says so again", async () => {
    const text = 'cannot start "web.service": Unit db.service not found.';
    machine.systemd.beforeStart = () => {
      throw new FleetError("not-found", text);
    };
    machine.session.seat(web, { text: service() });
    await machine.clock.advance(900);
    expect(stateOf()?.jobResult).toBeUndefined();
    await machine.clock.advance(200);
    expect(stateOf()).toMatchObject({ jobResult: "refused", reason: text });
  });

  test("what was refused is no longer when it is stopped, or has another text", async () => {
    machine.session.seat(web, { text: bad });
    await machine.clock.settle();
    expect(stateOf()).toMatchObject({ jobResult: "refused" });
    machine.session.seat(web, { target: "loaded" });
    await machine.settle();
    expect(stateOf()).toMatchObject({ condition: "loaded", jobResult: "done" });
    machine.session.seat(web, { target: "launched" });
    await machine.clock.settle();
    expect(stateOf()).toMatchObject({ jobResult: "refused" });
    machine.systemd.holdsJobs = true;
    machine.session.seat(web, { text: service() });
    await machine.settle();
    expect(stateOf()).toMatchObject({ started: { startCount: 1 } });
    expect(stateOf()?.jobResult).toBeUndefined();
  });

  test("what was refused says nothing of a text that has to wait", async () => {
    machine.session.seat(db, { text: service() });
    machine.session.seat(web, { text: bad });
    await machine.settle();
    expect(stateOf()).toMatchObject({ jobResult: "refused" });
    machine.session.seat(web, { text: `${service()}[X-Fleet]\nConflicts=db.service\n` });
    await machine.settle();
    expect(stateOf()).toMatchObject({ reason: expect.stringContaining("waits until") });
    expect(stateOf()?.jobResult).toBeUndefined();
    await machine.end();
    await machine.begin();
    await machine.settle();
    expect(stateOf()?.jobResult).toBeUndefined();
  });

  test("a refused start is logged as what it is, each time", async () => {
    machine.session.seat(web, { text: bad });
    await machine.clock.advance(4_000);
    const lines = machine.log.filter((line) => line.includes("refuses to start"));
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["warn", "info", "info"]);
    for (const line of lines) expect(line).toContain("bad unit file setting");
    expect(machine.log.join("\n")).not.toMatch(/had not been issued|task failed/);
  });

  test("a new seat is not held back by the failure of the old one", async () => {
    machine.systemd.beforeStart = () => {
      throw new FleetError("conflict", "cannot start it");
    };
    machine.session.seat(web, { text: service() });
    await machine.clock.advance(20_000);
    machine.systemd.beforeStart = () => {};
    machine.session.seat(web, { startCount: 2 });
    await machine.clock.advance(1_000);
    expect(stateOf()).toMatchObject({ activeState: "active", started: { startCount: 2 } });
  });

  test("its text is not in the registry", async () => {
    machine.session.seat(web, { text: service() });
    machine.session.texts.clear();
    machine.session.seat(db, { text: service("db") });
    await machine.settle();
    expect(stateOf(db)).toMatchObject({ activeState: "active" });
    expect(stateOf()).toBeUndefined();
    machine.session.seat(web, { text: service() });
    await machine.clock.advance(61_000);
    expect(stateOf()).toMatchObject({ activeState: "active" });
  });

  test("its text is not accepted by systemd: given up at once", async () => {
    machine.session.seat(web, { text: bad });
    await machine.clock.settle();
    expect(stateOf()).toMatchObject({
      condition: "loaded",
      loadState: "bad-setting",
      jobResult: "refused",
      reason: expect.stringContaining("bad unit file setting"),
    });
  });

  test("its start fails: reported, and not tried again", async () => {
    machine.session.seat(web, { text: "[Service]\nType=oneshot\nExecStart=/bin/false\n" });
    await machine.settle();
    expect(stateOf()).toMatchObject({
      activeState: "failed",
      jobResult: "failed",
      started: { startCount: 1 },
    });
    machine.systemd.calls.length = 0;
    await machine.clock.advance(300_000);
    expect(machine.takeCalls("start")).toEqual([]);
  });
});

describe("systemd goes away", () => {
  test("and comes back: nothing is started twice, what changed meanwhile is done", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    const before = await machine.invocation(web);
    machine.systemd.cut();
    machine.session.seat(db, { text: service("db") });
    await machine.clock.advance(10_000);
    expect(machine.agent?.status().isConnected).toBe(false);
    machine.systemd.mend();
    await machine.settle();
    expect(await machine.invocation(web)).toBe(before);
    expect(stateOf(db)).toMatchObject({ activeState: "active" });
  });

  test("while a start is under way: its end is seen later", async () => {
    machine.systemd.holdsJobs = true;
    machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.systemd.cut();
    await machine.settle();
    machine.systemd.finishJobs();
    machine.systemd.mend();
    await machine.settle();
    expect(machine.systemd.calls.filter((call) => call.member === "start")).toHaveLength(1);
    expect(stateOf()).toMatchObject({ activeState: "active", jobResult: "lost" });
  });

  test("for a boot: what is seated is started again", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.directory.clear();
    machine.systemd.reboot();
    await machine.settle();
    expect(stateOf()).toMatchObject({ activeState: "active", started: { bootId: "memory-2" } });
  });

  test("without a word: calls fail in time, and work goes on afterwards", async () => {
    machine.systemd.isFrozen = true;
    machine.session.seat(web, { text: service() });
    await machine.clock.advance(10_000);
    expect(stateOf()).toBeUndefined();
    machine.systemd.isFrozen = false;
    await machine.clock.advance(61_000);
    expect(stateOf()).toMatchObject({ activeState: "active" });
  });
});

describe("the registry goes away", () => {
  test("nothing is begun, units run on, and states follow later", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.session.become("disconnected");
    machine.session.seat(web, { target: "absent" });
    machine.systemd.play(web, "failed", "failed");
    await machine.clock.advance(120_000);
    expect(stateOf()).toMatchObject({ activeState: "active" });
    expect(await machine.directory.list()).toEqual([web]);
    machine.session.become("joined");
    await machine.settle();
    expect(stateOf()).toMatchObject({ condition: "unloaded" });
  });

  test("in the middle of a replacement: it is finished", async () => {
    machine.session.seat(web, { text: service("one") });
    await machine.settle();
    machine.systemd.holdsJobs = true;
    machine.session.seat(web, { text: service("two") });
    await machine.settle();
    machine.session.become("disconnected");
    machine.systemd.holdsJobs = false;
    machine.systemd.finishJobs();
    await machine.settle();
    expect(await machine.local(web)).toBe("active/running");
    expect(await machine.directory.read(web)).toBe(service("two"));
  });

  test("a replacement whose text cannot be read stops nothing", async () => {
    machine.session.seat(web, { text: service("one") });
    await machine.settle();
    const before = await machine.invocation(web);
    machine.session.isAway = true;
    machine.session.seat(web, { text: service("two") });
    await machine.clock.advance(120_000);
    expect(await machine.invocation(web)).toBe(before);
  });

  test("a publication that fails is repeated", async () => {
    machine.session.isAway = true;
    machine.session.texts.clear();
    await machine.directory.write(web, service());
    await machine.clock.advance(120_000);
    expect(stateOf()).toBeUndefined();
    machine.session.isAway = false;
    await machine.settle();
    expect(stateOf()).toMatchObject({ condition: "loaded", activeState: "inactive" });
  });
});

describe("a registry that is not believed", () => {
  test.each(["frozen", "displaced"] as const)("%s: nothing is started or stopped", async (condition) => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.session.become(condition);
    machine.session.seat(web, { target: "absent" });
    machine.session.seat(db, { text: service("db") });
    await machine.clock.advance(120_000);
    expect(await machine.local(web)).toBe("active/running");
    expect(await machine.directory.list()).toEqual([web]);
  });

  test("in a new history nothing idle is stopped once more", async () => {
    machine.session.seat(web, { text: service(), target: "loaded" });
    await machine.settle();
    machine.systemd.calls.length = 0;
    machine.session.history = "epoch-2";
    machine.session.become("frozen");
    machine.session.become("joined");
    await machine.settle();
    expect(machine.systemd.calls.map((call) => call.member)).not.toContain("stop");
    machine.session.seat(web, { target: "launched" });
    await machine.settle();
    expect(await machine.local(web)).toBe("active/running");
  });

  test("what was begun in another history and ends in this one makes no seat of this one an older one", async () => {
    const first = machine.session.seat(web, { text: service() });
    await machine.settle();
    const seat = machine.session.seats.get(web);
    if (seat === undefined) throw new Error("no seat");
    machine.systemd.holdsJobs = true;
    machine.session.seat(web, { target: "loaded" });
    await machine.settle();
    machine.session.history = "epoch-2";
    machine.session.become("frozen");
    machine.session.allSeats.set(web, { ...seat, target: "loaded", modRevision: first });
    machine.session.become("joined");
    await machine.settle();
    const { acted } = machine.session;
    acted.length = 0;
    machine.systemd.finishJobs();
    machine.systemd.holdsJobs = false;
    await machine.settle();
    expect(acted.map(({ modRevision }) => modRevision)).toEqual([first]);
    machine.session.allSeats.set(web, { ...seat, target: "absent", modRevision: first + 1 });
    machine.session.become("frozen");
    await machine.settle();
    machine.session.become("joined");
    await machine.settle();
    expect(stateOf()).toMatchObject({ condition: "unloaded", acked: first + 1 });
  });

  test("an older tombstone is no evidence; in a new history it is", async () => {
    const old = machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.session.seat(web, { startCount: 2 });
    await machine.settle();
    const seat = machine.session.seats.get(web);
    if (seat === undefined) throw new Error("no seat");
    await machine.end();
    machine.session.allSeats.set(web, { ...seat, target: "absent", modRevision: old });
    await machine.begin();
    await machine.clock.advance(120_000);
    expect(await machine.local(web)).toBe("active/running");
    expect(stateOf()).toMatchObject({ reason: expect.stringContaining("older than one acted on") });
    machine.session.history = "epoch-2";
    machine.session.become("frozen");
    machine.session.become("joined");
    await machine.settle();
    expect(stateOf()).toMatchObject({ condition: "unloaded", acked: old });
  });
});

test("a file that cannot be read is left alone", async () => {
  machine.session.seat(web, { text: service() });
  await machine.settle();
  await machine.end();
  const read = machine.directory.read.bind(machine.directory);
  machine.directory.read = async () => {
    throw new FleetError("internal", "cannot read it: EIO");
  };
  await machine.begin();
  machine.session.seat(web, { text: service("two") });
  await machine.clock.advance(120_000);
  expect(await machine.local(web)).toBe("active/running");
  expect(await read(web)).toBe(service());
});
