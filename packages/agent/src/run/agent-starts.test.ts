import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { service, TestMachine, unit } from "./testing/test-machine.js";

const web = unit("web.service");
const db = unit("db.service");
const once = "[Service]\nType=oneshot\nExecStart=/bin/true\n";

let machine: TestMachine;
beforeEach(async () => {
  machine = await new TestMachine().begin();
});
afterEach(() => machine.end());

const starts = () => machine.systemd.calls.filter((call) => call.member === "start").length;

describe("the agent ends", () => {
  test("before systemd gets the start: the next one issues it", async () => {
    const start = machine.systemd.start.bind(machine.systemd);
    machine.systemd.start = () => new Promise(() => {});
    machine.session.seat(web, { text: service() });
    await machine.clock.settle();
    machine.systemd.start = start;
    await machine.kill();
    await machine.begin();
    await machine.settle();
    expect(starts()).toBe(1);
    expect(await machine.local(web)).toBe("active/running");
  });

  test("before it gets the reply: the next one does not issue it again", async () => {
    const start = machine.systemd.start.bind(machine.systemd);
    machine.systemd.start = async (name, signal) => {
      await start(name, signal);
      return new Promise(() => {});
    };
    machine.session.seat(web, { text: service() });
    await machine.clock.settle();
    machine.systemd.start = start;
    await machine.kill();
    await machine.begin();
    await machine.settle();
    expect(starts()).toBe(1);
    expect(machine.session.states.get(web)).toMatchObject({
      activeState: "active",
      started: { startCount: 1 },
    });
  });

  test("before it gets the reply, and the unit has failed since: it is not run again", async () => {
    const start = machine.systemd.start.bind(machine.systemd);
    machine.systemd.start = async (name, signal) => {
      await start(name, signal);
      return new Promise(() => {});
    };
    machine.session.seat(web, { text: "[Service]\nType=oneshot\nExecStart=/bin/false\n" });
    await machine.clock.settle();
    machine.systemd.start = start;
    await machine.kill();
    await machine.begin();
    await machine.settle();
    expect(starts()).toBe(1);
    expect(machine.session.states.get(web)).toMatchObject({
      activeState: "failed",
      started: { startCount: 1 },
    });
  });

  test("after a oneshot has ended: the next one does not run it again", async () => {
    machine.session.seat(web, { text: once });
    await machine.settle();
    await machine.end();
    await machine.begin();
    await machine.settle();
    expect(starts()).toBe(1);
  });

  test("and the runtime directory is lost: the registry remembers", async () => {
    machine.session.seat(web, { text: once });
    await machine.settle();
    await machine.end();
    machine.runtimeDocuments.documents.clear();
    await machine.begin();
    await machine.settle();
    expect(starts()).toBe(1);
    expect(machine.session.states.get(web)?.started).toBeDefined();
  });

  test("and both are lost: what is here is adopted, until a new generation", async () => {
    machine.session.seat(web, { text: once });
    machine.session.seat(db, { text: service() });
    await machine.settle();
    await machine.end();
    machine.runtimeDocuments.documents.clear();
    machine.session.states.clear();
    machine.session.registration += 1;
    await machine.begin();
    await machine.settle();
    expect(starts()).toBe(2);
    machine.session.seat(web, { startCount: 2 });
    await machine.settle();
    expect(starts()).toBe(3);
  });

  test("a document of records is unreadable: only the units in it are adopted", async () => {
    machine.session.seat(web, { text: once });
    await machine.settle();
    await machine.end();
    for (const [name, text] of machine.runtimeDocuments.documents) {
      if (text.includes(web)) machine.runtimeDocuments.unreadable.add(name);
    }
    machine.session.states.clear();
    machine.session.registration += 1;
    machine.session.seat(db, { text: service() });
    await machine.begin();
    await machine.settle();
    expect(machine.systemd.calls.filter((call) => call.member === "start").map((call) => call.units)).toEqual(
      [[web], [db]],
    );
  });

  test("in the middle of a stop: the next one goes on", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.systemd.holdsJobs = true;
    machine.session.seat(web, { target: "absent" });
    await machine.clock.settle();
    await machine.kill();
    machine.systemd.holdsJobs = false;
    machine.systemd.finishJobs();
    expect(await machine.directory.list()).toEqual([web]);
    await machine.begin();
    await machine.settle();
    expect(machine.session.states.get(web)).toMatchObject({ condition: "unloaded" });
  });

  test("and the machine boots: everything starts again", async () => {
    machine.session.seat(web, { text: service() });
    machine.session.seat(db, { text: once });
    await machine.settle();
    await machine.end();
    machine.runtimeDocuments.documents.clear();
    machine.directory.clear();
    machine.systemd.reboot();
    machine.session.states.clear();
    await machine.begin();
    await machine.settle();
    expect(starts()).toBe(4);
  });

  test("and the machine boots with the files still there: everything starts again", async () => {
    machine.session.seat(web, { text: once });
    await machine.settle();
    await machine.end();
    machine.runtimeDocuments.documents.clear();
    machine.session.states.clear();
    machine.systemd.reboot();
    await machine.begin();
    await machine.settle();
    expect(starts()).toBe(2);
  });
});

test("a unit that runs here without the agent's doing is adopted by its seat", async () => {
  await machine.directory.write(web, service());
  await machine.systemd.link([machine.directory.pathOf(web)], new AbortController().signal);
  machine.systemd.play(web, "active", "running", true);
  const before = await machine.invocation(web);
  await machine.clock.advance(70_000);
  expect(machine.session.states.get(web)).toMatchObject({ activeState: "active" });
  machine.session.seat(web, { text: service() });
  await machine.settle();
  expect(starts()).toBe(0);
  expect(await machine.invocation(web)).toBe(before);
  expect(machine.session.states.get(web)?.started).toBeDefined();
});

describe("jobs", () => {
  test("a start waits for the stop of a unit that it conflicts with", async () => {
    machine.session.seat(db, { text: service() });
    await machine.settle();
    machine.systemd.holdsJobs = true;
    machine.session.seat(db, { target: "absent" });
    machine.session.seat(web, { text: `${service()}[X-Fleet]\nConflicts=db.service\n` });
    await machine.clock.advance(30_000);
    expect(starts()).toBe(1);
    expect(machine.session.states.get(web)).toMatchObject({
      reason: 'waits until "db.service" has stopped, which it conflicts with',
    });
    machine.systemd.finishJobs();
    await machine.clock.settle();
    machine.systemd.finishJobs();
    await machine.settle();
    expect(starts()).toBe(2);
    expect(machine.session.states.get(web)?.reason).toBeUndefined();
  });

  test("no more than 16 at a time, but for those that take longer than 5 s", async () => {
    machine.systemd.holdsJobs = true;
    for (let index = 0; index < 40; index += 1) {
      machine.session.seat(unit(`many-${index}.service`), { text: service(`${index}`) });
    }
    await machine.clock.settle();
    expect(starts()).toBe(16);
    await machine.clock.advance(4_900);
    expect(starts()).toBe(16);
    await machine.clock.advance(200);
    expect(starts()).toBe(32);
    await machine.clock.advance(5_000);
    expect(starts()).toBe(40);
  });

  test("a slow unit does not hold up another's removal", async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    machine.systemd.holdsJobs = true;
    machine.session.seat(web, { target: "absent" });
    await machine.clock.settle();
    machine.systemd.holdsJobs = false;
    machine.session.seat(db, { text: service() });
    await machine.settle();
    expect(machine.session.states.get(db)).toMatchObject({ activeState: "active" });
    expect(machine.session.states.get(web)).toMatchObject({ activeState: "deactivating" });
  });
});

describe("loading", () => {
  test("many units at once cost one link and no reload", async () => {
    for (let index = 0; index < 50; index += 1) {
      machine.session.seat(unit(`many-${index}.service`), { text: service(`${index}`) });
    }
    await machine.settle();
    expect(machine.systemd.calls.filter((call) => call.member === "link")).toHaveLength(1);
    expect(machine.agent?.status()).toMatchObject({ running: 50, reloads: 0 });
  });

  test("texts that systemd still has in memory cost one reload for all", async () => {
    const failing = (word: string) =>
      `[Service]\nType=oneshot\nExecStart=/bin/false\nEnvironment=WORD=${word}\n`;
    const units = Array.from({ length: 10 }, (_, index) => unit(`failing-${index}.service`));
    for (const name of units) machine.session.seat(name, { text: failing("one") });
    await machine.settle();
    for (const name of units) machine.session.seat(name, { text: failing("two") });
    await machine.settle();
    expect(machine.agent?.status()).toMatchObject({ failed: 10, reloads: 1 });
    expect(await machine.directory.read(web)).toBeUndefined();
  });

  test("units are enabled by their [Install] section, and disabled when it goes", async () => {
    machine.session.seat(web, { text: service("one", "[Install]\nWantedBy=a.target\n"), target: "loaded" });
    await machine.settle();
    expect([...machine.systemd.enabled]).toEqual([web]);
    machine.session.seat(web, { text: service("two") });
    await machine.settle();
    expect([...machine.systemd.enabled]).toEqual([]);
    expect(machine.agent?.status().units).toBe(1);
  });
});
