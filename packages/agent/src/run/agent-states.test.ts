import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { service, TestMachine, unit } from "./testing/test-machine.js";

const web = unit("web.service");
const db = unit("db.service");

let machine: TestMachine;
beforeEach(async () => {
  machine = await new TestMachine().begin();
});
afterEach(() => machine.end());

describe("states", () => {
  test("a start costs one write, at once", async () => {
    machine.session.seat(web, { text: service() });
    await machine.clock.settle();
    expect(machine.session.published).toMatchObject([{ unit: web, activeState: "active" }]);
    await machine.clock.advance(300_000);
    expect(machine.session.published).toHaveLength(1);
  });

  test("the first change of a quiet unit is written at once, then one a second, the last value wins", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    const before = machine.session.published.length;
    machine.systemd.play(web, "activating", "auto-restart");
    await machine.clock.settle();
    expect(machine.session.published.slice(before)).toMatchObject([{ subState: "auto-restart" }]);
    for (let round = 0; round < 100; round += 1) {
      machine.systemd.play(web, round % 2 === 0 ? "active" : "activating", `round-${round}`, true);
      await machine.clock.advance(100);
    }
    await machine.settle();
    const writes = machine.session.published.length - before;
    expect(writes).toBeGreaterThan(8);
    expect(writes).toBeLessThanOrEqual(13);
    expect(machine.session.states.get(web)).toMatchObject({ subState: "round-99" });
  });

  test("what a seat asks for is answered at once, however short after another write", async () => {
    machine.session.seat(web, { text: service() });
    await machine.clock.settle();
    machine.session.seat(web, { target: "loaded" });
    await machine.clock.settle();
    expect(machine.session.states.get(web)).toMatchObject({ condition: "loaded", activeState: "inactive" });
    const tombstone = machine.session.seat(web, { target: "absent" });
    await machine.clock.settle();
    expect(machine.session.states.get(web)).toMatchObject({ condition: "unloaded", acked: tombstone });
  });

  test("since is when the unit entered its state, whatever else is said of it", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    const since = machine.session.states.get(web)?.sinceMs;
    await machine.clock.advance(10_000);
    machine.session.seat(web, { startCount: 2 });
    await machine.settle();
    expect(machine.session.states.get(web)).toMatchObject({ sinceMs: since, started: { startCount: 2 } });
  });

  test("a slow start is reported while it lasts", async () => {
    machine.systemd.holdsJobs = true;
    machine.session.seat(web, { text: service() });
    await machine.clock.settle();
    expect(machine.session.published).toEqual([]);
    await machine.settle();
    expect(machine.session.published).toHaveLength(1);
    machine.systemd.finishJobs();
    await machine.settle();
    expect(machine.session.states.get(web)).toMatchObject({ activeState: "active", jobResult: "done" });
  });

  test("an acknowledgement that the disk has no room for holds no other state back", async () => {
    machine.session.seat(web, { text: service() });
    machine.session.seat(db, { text: service() });
    await machine.settle();
    machine.session.isDiskFull = true;
    const tombstone = machine.session.seat(web, { target: "absent" });
    await machine.clock.advance(10_000);
    machine.systemd.play(db, "failed", "failed");
    await machine.clock.advance(10_000);
    expect(machine.session.states.get(db)).toMatchObject({ activeState: "failed" });
    expect(machine.session.states.get(web)?.acked).toBeUndefined();
    machine.session.isDiskFull = false;
    await machine.settle();
    expect(machine.session.states.get(web)).toMatchObject({ condition: "unloaded", acked: tombstone });
  });

  test("all are published again, acknowledgements too, when the machine registers anew", async () => {
    machine.session.seat(web, { text: service() });
    const tombstone = machine.session.seat(db, { text: service(), target: "absent" });
    await machine.settle();
    const before = new Map(machine.session.states);
    machine.session.registerAnew();
    await machine.settle();
    expect([...machine.session.states.keys()].sort()).toEqual([...before.keys()].sort());
    expect(machine.session.states.get(db)).toMatchObject({ acked: tombstone });
  });

  test("all are published again when a restored registry was accepted, though the registration goes on", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    const said = machine.session.states.get(web);
    machine.session.states.clear();
    machine.session.history = "epoch-2";
    machine.session.become("joined");
    await machine.settle();
    expect(machine.session.states.get(web)).toMatchObject({
      activeState: said?.activeState,
      condition: "loaded",
    });
  });

  test("what was withdrawn, and is back in a restored registry, is withdrawn again", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    const backup = new Map(machine.session.states);
    machine.session.seat(web, { target: "absent" });
    await machine.settle();
    machine.session.unseat(web);
    await machine.settle();
    expect(machine.session.states.has(web)).toBe(false);
    for (const [unit, state] of backup) machine.session.states.set(unit, state);
    machine.session.history = "epoch-2";
    machine.session.become("joined");
    await machine.settle();
    expect(machine.session.states.has(web)).toBe(false);
  });

  test("an acknowledgement that nobody may have seen is given again by the next agent", async () => {
    const tombstone = machine.session.seat(web, { text: service(), target: "absent" });
    await machine.settle();
    await machine.end();
    machine.session.states.clear();
    await machine.begin();
    await machine.settle();
    expect(machine.session.states.get(web)).toMatchObject({ condition: "unloaded", acked: tombstone });
  });

  test("an acknowledgement whose answer was lost is withdrawn like any other", async () => {
    const tombstone = machine.session.seat(web, { text: service(), target: "absent" });
    machine.session.losesAnswers = true;
    await machine.clock.settle();
    expect(machine.session.states.get(web)).toMatchObject({ condition: "unloaded", acked: tombstone });
    machine.session.unseat(web);
    await machine.clock.settle();
    machine.session.losesAnswers = false;
    await machine.settle();
    expect(machine.session.states.has(web)).toBe(false);
  });

  test("what was written between a new registration and its notice is withdrawn, too", async () => {
    machine.session.seat(web, { text: service(), target: "absent" });
    await machine.clock.settle();
    const states = new Map(machine.session.states);
    machine.session.registerAnew();
    for (const [name, state] of states) machine.session.states.set(name, state);
    machine.session.unseat(web);
    await machine.settle();
    expect(machine.session.states.has(web)).toBe(false);
  });

  test("what an earlier agent said of a unit that is gone is withdrawn", async () => {
    machine.session.seat(web, { text: service(), target: "absent" });
    await machine.settle();
    await machine.end();
    machine.session.unseat(web);
    await machine.begin();
    await machine.settle();
    expect(machine.session.states.size).toBe(0);
  });

  test("a unit that somebody puts into the directory is reported, and left alone", async () => {
    await machine.directory.write(web, service());
    await machine.clock.advance(70_000);
    expect(machine.session.states.get(web)).toMatchObject({ condition: "loaded", activeState: "inactive" });
    expect(machine.systemd.calls.filter((call) => call.member === "start")).toEqual([]);
  });
});

describe("machine facts", () => {
  test("are written before anything starts, and again when the metadata changes", async () => {
    expect(machine.environment).toEqual(['FLEET_MACHINE_ID="m1"\nFLEET_PUBLIC_IP="192.0.2.1"\n']);
    machine.session.setMetadata({ rack: "r7" });
    await machine.clock.settle();
    expect(machine.environment[1]).toContain('FLEET_METADATA_RACK="r7"');
    machine.session.setMetadata({ rack: "r7" });
    await machine.settle();
    expect(machine.environment).toHaveLength(2);
  });
});

describe("the end of fleetd", () => {
  const { signal } = new AbortController();

  test("while systemd is stopping: the machine is leaving", async () => {
    machine.systemd.state = "stopping";
    expect(await machine.agent?.announceLeaving(signal)).toBe(true);
    expect(machine.session.presence).toEqual(["leaving"]);
  });

  test("otherwise: nothing is said", async () => {
    expect(await machine.agent?.announceLeaving(signal)).toBe(false);
    expect(machine.session.presence).toEqual([]);
  });
});
