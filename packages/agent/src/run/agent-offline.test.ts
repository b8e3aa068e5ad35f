import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { service, TestMachine, unit } from "./testing/test-machine.js";

const web = unit("web.service");
const db = unit("db.service");
const offline = (word = "one", more = "") => service(word, `[X-Fleet]\nOfflineStart=true\n${more}`);
const waitMs = 30_000;

let machine: TestMachine;
beforeEach(async () => {
  machine = await new TestMachine().begin();
});
afterEach(() => machine.end());

const starts = () =>
  machine.systemd.calls.filter((call) => call.member === "start").flatMap((call) => call.units);

/** Lets the machine boot, with a registry that it cannot reach. */
async function bootOffline(): Promise<void> {
  await machine.kill();
  machine.boot();
  machine.session.goOffline();
  await machine.begin();
}

/** The registry is there again, and this is another registration in it. */
async function reconnect(): Promise<void> {
  machine.session.goOnline();
  await machine.settle();
}

describe("a machine boots and cannot reach the registry", () => {
  test("only what says so is started, and not before the registry was waited for", async () => {
    machine.session.seat(web, { text: offline() });
    machine.session.seat(db, { text: service() });
    await machine.settle();
    await bootOffline();
    await machine.clock.advance(waitMs - 1_000);
    expect(starts()).toEqual([]);
    await machine.clock.advance(2_000);
    expect(starts()).toEqual([web]);
    expect(await machine.local(web)).toBe("active/running");
    expect(await machine.local(db)).toBe("gone");
  });

  test("the same seat, when it is there again, starts nothing twice", async () => {
    machine.session.seat(web, { text: offline() });
    await machine.settle();
    await bootOffline();
    await machine.clock.advance(waitMs + 1_000);
    const invocation = await machine.invocation(web);
    await reconnect();
    expect(starts()).toEqual([web]);
    expect(await machine.invocation(web)).toBe(invocation);
    expect(machine.session.states.get(web)).toMatchObject({
      activeState: "active",
      started: { startCount: 1 },
    });
  });

  test("a oneshot that has ended meanwhile is not run again", async () => {
    const once = "[Service]\nType=oneshot\nExecStart=/bin/true\n[X-Fleet]\nOfflineStart=true\n";
    machine.session.seat(web, { text: once });
    await machine.settle();
    await bootOffline();
    await machine.clock.advance(waitMs + 1_000);
    await reconnect();
    expect(starts()).toEqual([web]);
  });

  test("what was moved meanwhile is stopped by its tombstone", async () => {
    machine.session.seat(web, { text: offline() });
    await machine.settle();
    await bootOffline();
    await machine.clock.advance(waitMs + 1_000);
    const tombstone = machine.session.seat(web, { target: "absent" });
    expect(await machine.local(web)).toBe("active/running");
    await reconnect();
    expect(await machine.local(web)).toBe("gone");
    expect(machine.session.states.get(web)).toMatchObject({ condition: "unloaded", acked: tombstone });
  });

  test("new content replaces the old one after the reconnection", async () => {
    machine.session.seat(web, { text: offline("old") });
    await machine.settle();
    await bootOffline();
    await machine.clock.advance(waitMs + 1_000);
    machine.session.seat(web, { text: offline("new") });
    await reconnect();
    expect(await machine.directory.read(web)).toBe(offline("new"));
    expect(await machine.local(web)).toBe("active/running");
    expect(starts()).toEqual([web, web]);
  });

  test("it is over when the registry was there at the start: later outages start nothing", async () => {
    machine.session.seat(web, { text: offline() });
    await machine.settle();
    await machine.kill();
    machine.boot();
    machine.session.become("disconnected");
    machine.session.problem = "etcd is away";
    await machine.begin();
    await machine.clock.advance(10 * waitMs);
    expect(starts()).toEqual([]);
  });

  test.each([
    ["loaded", "loaded"],
    ["a tombstone", "absent"],
  ] as const)("what was %s before is not started", async (_what, target) => {
    machine.session.seat(web, { text: offline() });
    await machine.settle();
    machine.session.seat(web, { target });
    await machine.clock.settle();
    await bootOffline();
    await machine.clock.advance(2 * waitMs);
    expect(starts()).toEqual([]);
  });

  test.each([
    [
      "another machine's",
      () => machine.edit("agent-offline", (schedule) => ({ ...schedule, machine: "m2" })),
    ],
    [
      "another registry's",
      () => {
        machine.registryName = "/other/";
      },
    ],
    [
      "another history's",
      () => machine.edit("agent-offline", (schedule) => ({ ...schedule, history: "epoch-0" })),
    ],
    ["damaged", () => machine.edit("agent-offline", () => ({ entries: 7 }))],
    [
      "of another text",
      () =>
        machine.edit("agent-offline", (schedule) =>
          JSON.parse(JSON.stringify(schedule).replaceAll("WORD=one", "WORD=two")),
        ),
    ],
    ["lost", () => machine.stateDocuments.documents.clear()],
    ["unreadable", () => machine.stateDocuments.unreadable.add("agent-offline")],
  ])("a schedule that is %s starts nothing", async (_what, spoil) => {
    machine.session.seat(web, { text: offline() });
    await machine.settle();
    expect(machine.stateDocuments.documents.has("agent-offline")).toBe(true);
    await machine.kill();
    spoil();
    await bootOffline();
    await machine.clock.advance(2 * waitMs);
    expect(starts()).toEqual([]);
  });

  test("an exclusive unit is never started, whatever the schedule says", async () => {
    machine.session.seat(web, { text: offline("one", "Exclusive=true\n") });
    machine.session.seat(db, { text: offline() });
    await machine.settle();
    await bootOffline();
    await machine.clock.advance(2 * waitMs);
    expect(starts()).toEqual([db]);
  });

  test("a machine that is frozen starts nothing", async () => {
    machine.session.seat(web, { text: offline() });
    await machine.settle();
    await machine.kill();
    machine.boot();
    machine.session.become("frozen");
    await machine.begin();
    await machine.clock.advance(2 * waitMs);
    expect(starts()).toEqual([]);
  });

  test("fleetd is killed and comes back, still without the registry: nothing is started twice", async () => {
    machine.session.seat(web, { text: offline() });
    await machine.settle();
    await bootOffline();
    await machine.clock.advance(waitMs + 1_000);
    await machine.kill();
    await machine.begin();
    await machine.clock.advance(2 * waitMs);
    expect(starts()).toEqual([web]);
  });

  test("one that cannot be started does not keep the others", async () => {
    machine.session.seat(web, { text: `${offline()}` });
    machine.session.seat(db, { text: offline("two") });
    await machine.settle();
    await machine.kill();
    machine.boot();
    machine.systemd.addHostUnit(web, service("host"));
    machine.session.goOffline();
    await machine.begin();
    await machine.clock.advance(waitMs + 1_000);
    expect(starts()).toEqual([db]);
  });
});

describe("the schedule on the disk", () => {
  test("is not written where no unit asks for it", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.session.seat(web, { target: "absent" });
    await machine.settle();
    expect(machine.stateDocuments.documents.has("agent-offline")).toBe(false);
  });

  test("has lost a unit before its tombstone is acknowledged", async () => {
    machine.session.seat(web, { text: offline() });
    await machine.settle();
    machine.stateDocuments.fails = true;
    machine.session.seat(web, { target: "absent" });
    await machine.settle();
    expect(machine.session.states.get(web)?.acked).toBeUndefined();
    machine.stateDocuments.fails = false;
    await machine.clock.advance(10_000);
    expect(machine.session.states.get(web)?.acked).toBeDefined();
    expect(JSON.stringify(machine.stateDocuments.documents.get("agent-offline"))).not.toContain(web);
  });

  test("drops what the registry does not have any more", async () => {
    machine.session.seat(web, { text: offline() });
    await machine.settle();
    machine.session.unseat(web);
    await machine.settle();
    await bootOffline();
    await machine.clock.advance(2 * waitMs);
    expect(starts()).toEqual([]);
  });

  test("is written anew for another history of the registry", async () => {
    machine.session.seat(web, { text: offline() });
    await machine.settle();
    machine.session.history = "epoch-2";
    machine.session.become("frozen");
    machine.session.become("joined");
    await machine.settle();
    expect(machine.stateDocuments.documents.get("agent-offline")).toContain('"history":"epoch-2"');
    await bootOffline();
    await machine.clock.advance(2 * waitMs);
    expect(starts()).toEqual([web]);
  });
});
