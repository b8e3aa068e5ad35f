import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { service, TestMachine, unit } from "./testing/test-machine.js";

const web = unit("web.service");
const tick = unit("tick.service");

let machine: TestMachine;
beforeEach(async () => {
  machine = await new TestMachine().begin();
});
afterEach(() => machine.end());

const { signal } = new AbortController();
const state = (name = web) => machine.session.states.get(name);
const starts = () => machine.systemd.calls.filter((call) => call.member === "start").length;

/** Somebody logs in and does it. */
const byHand = async (what: "start" | "stop", name = web) => {
  await machine.systemd[what](name, signal);
  machine.systemd.calls.length = 0;
  await machine.settle();
};

describe("a unit is stopped by hand", () => {
  test("it is reported and left", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    await byHand("stop");
    expect(state()).toMatchObject({
      activeState: "inactive",
      drift: "stopped",
      reason: expect.stringContaining("not by fleet"),
    });
    await machine.clock.advance(600_000);
    expect(starts()).toBe(0);
  });

  test("starting it by hand, or by fleet, ends it", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    await byHand("stop");
    await byHand("start");
    expect(state()?.drift).toBeUndefined();
    expect(state()?.reason).toBeUndefined();
    await byHand("stop");
    machine.session.seat(web, { startCount: 2 });
    await machine.settle();
    expect(state()).toMatchObject({ activeState: "active" });
    expect(state()?.drift).toBeUndefined();
  });

  test("a restart of fleetd does not forget it", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    await byHand("stop");
    await machine.end();
    await machine.begin();
    await machine.settle();
    expect(state()).toMatchObject({ activeState: "inactive", drift: "stopped" });
  });

  test("one that ends by itself has not drifted, and neither has one that fleet stops", async () => {
    machine.session.seat(web, { text: service() });
    machine.session.seat(tick, { text: service("two") });
    await machine.settle();
    machine.systemd.play(web, "inactive", "dead");
    machine.session.seat(tick, { target: "loaded" });
    await machine.settle();
    expect(state()).toMatchObject({ activeState: "inactive" });
    expect(state()?.drift).toBeUndefined();
    expect(state(tick)?.drift).toBeUndefined();
  });

  test("one that systemd itself restarts, and that ends again before anybody looks, is none", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.systemd.play(web, "activating", "auto-restart");
    const { result } = await machine.systemd.start(web, signal);
    expect(await result).toBe("done");
    machine.systemd.play(web, "failed", "failed");
    await machine.settle();
    expect(state()).toMatchObject({ activeState: "failed" });
    expect(state()?.drift).toBeUndefined();
  });

  test("one that systemd's own restart skips, because a condition does not hold, is none", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.systemd.play(web, "activating", "auto-restart");
    machine.systemd.unmet.add(web);
    expect(await (await machine.systemd.start(web, signal)).result).toBe("done");
    await machine.settle();
    expect(state()).toMatchObject({ activeState: "inactive" });
    expect(state()?.drift).toBeUndefined();
  });

  test("one that waits for its restart is told of like others", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.systemd.play(web, "activating", "auto-restart");
    await byHand("stop");
    expect(state()).toMatchObject({ activeState: "inactive", drift: "stopped" });
  });

  test("a restart by hand is none", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    await machine.systemd.stop(web, signal);
    await machine.systemd.start(web, signal);
    await machine.settle();
    machine.systemd.play(web, "inactive", "dead");
    await machine.settle();
    expect(state()?.drift).toBeUndefined();
  });
});

describe("with drift = reconcile", () => {
  beforeEach(async () => {
    await machine.end();
    machine.reconcilesDrift = true;
    await machine.begin();
  });

  test("it is started again after a second, and later each time", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    const pauses = [];
    for (let round = 0; round < 8; round += 1) {
      const stoppedMs = machine.clock.monotonic();
      await machine.systemd.stop(web, signal);
      await machine.clock.settle();
      machine.systemd.calls.length = 0;
      while (starts() === 0) await machine.clock.advance(500);
      pauses.push(machine.clock.monotonic() - stoppedMs);
      await machine.settle();
      expect(state()).toMatchObject({ activeState: "active" });
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1000));
  });

  test("what fleet was asked to stop meanwhile stays stopped", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    await machine.systemd.stop(web, signal);
    await machine.clock.settle();
    machine.systemd.calls.length = 0;
    machine.session.seat(web, { target: "loaded" });
    await machine.clock.advance(120_000);
    expect(starts()).toBe(0);
    expect(state()).toMatchObject({ activeState: "inactive" });
  });

  test("nothing is started again while systemd itself is stopping", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.systemd.state = "stopping";
    await byHand("stop");
    await machine.clock.advance(120_000);
    expect(starts()).toBe(0);
  });

  test("without the registry nothing is started again", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.session.become("disconnected");
    await byHand("stop");
    await machine.clock.advance(120_000);
    expect(starts()).toBe(0);
    machine.session.become("joined");
    await machine.settle();
    expect(starts()).toBe(1);
  });

  test("what was only to be loaded is never stopped, whoever started it", async () => {
    machine.session.seat(web, { text: service(), target: "loaded" });
    await machine.settle();
    await byHand("start");
    await machine.clock.advance(120_000);
    expect(state()).toMatchObject({ activeState: "active", drift: "started" });
  });
});

describe("a unit that was only to be loaded is started by hand", () => {
  test("it is reported, and stopped by a new seat only", async () => {
    machine.session.seat(web, { text: service(), target: "loaded" });
    await machine.settle();
    await byHand("start");
    expect(state()).toMatchObject({ activeState: "active", drift: "started" });
    machine.session.seat(web, { target: "loaded" });
    await machine.settle();
    expect(state()).toMatchObject({ activeState: "inactive" });
    expect(state()?.drift).toBeUndefined();
  });

  test("one that its timer starts has not drifted", async () => {
    machine.session.seat(unit("tick.timer"), { text: "[Timer]\nOnActiveSec=1\n" });
    machine.session.seat(tick, { text: service(), target: "loaded" });
    await machine.settle();
    await byHand("start", tick);
    expect(state(tick)).toMatchObject({ activeState: "active" });
    expect(state(tick)?.drift).toBeUndefined();
  });
});

describe("a unit is masked while it runs", () => {
  test("it runs on, is not refused, and is stopped before it is let go", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.systemd.mask(web);
    await machine.settle();
    expect(state()).toMatchObject({
      condition: "loaded",
      loadState: "masked",
      activeState: "active",
      drift: "masked",
    });
    const tombstone = machine.session.seat(web, { target: "absent" });
    await machine.settle();
    expect(machine.systemd.calls.map((call) => call.member)).toContain("stop");
    expect(await machine.local(web)).toBe("gone");
    expect(state()).toMatchObject({ condition: "unloaded", acked: tombstone });
  });
});

test("a unit that was masked before it came is refused, and why is said", async () => {
  machine.systemd.mask(web);
  machine.session.seat(web, { text: service() });
  await machine.settle();
  expect(state()).toMatchObject({
    condition: "refused",
    reason: '"web.service" is masked on this machine',
  });
  expect(await machine.directory.list()).toEqual([]);
});

test("a unit whose link somebody took away is linked again when it is to start", async () => {
  machine.session.seat(web, { text: service() });
  await machine.settle();
  await machine.systemd.disable([web], signal);
  await byHand("stop");
  machine.session.seat(web, { startCount: 2 });
  await machine.clock.advance(10_000);
  expect(state()).toMatchObject({ activeState: "active" });
});
