// Somebody deletes a unit's file and has systemd read its files again: the unit runs on, and systemd finds no file for it.
import { FleetError } from "@fleet/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ExclusiveCare } from "./exclusive-care.js";
import { service, TestMachine, unit } from "./testing/test-machine.js";

const web = unit("web.service");
const { signal } = new AbortController();

let machine: TestMachine;
beforeEach(async () => {
  machine = await new TestMachine().begin();
});
afterEach(() => machine.end());

const stateOf = () => machine.session.states.get(web);
const tasks = () => machine.log.filter((line) => line.includes("task begun")).length;

const loseFile = async () => {
  await machine.directory.remove(web);
  machine.systemd.readAgain();
};

const localFacts = async () => (await machine.systemd.describeLoaded([web], signal)).get(web);

describe("a unit runs, and its file is gone", () => {
  let before: string | undefined;
  beforeEach(async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    before = await machine.invocation(web);
  });

  test("its file is written again, and the unit is left alone", async () => {
    await loseFile();
    expect(await localFacts()).toMatchObject({
      loadState: "not-found",
      activeState: "active",
      fragmentPath: "",
    });
    await machine.clock.advance(120_000);
    expect(await machine.directory.read(web)).toBe(service());
    expect(await localFacts()).toMatchObject({
      loadState: "loaded",
      fragmentPath: machine.directory.pathOf(web),
    });
    expect(await machine.invocation(web)).toBe(before);
    expect(stateOf()).toMatchObject({ condition: "loaded", activeState: "active" });
  });

  test("the next fleetd writes it again too", async () => {
    await machine.end();
    await loseFile();
    await machine.begin();
    await machine.clock.advance(5_000);
    expect(await machine.directory.read(web)).toBe(service());
    expect(await machine.invocation(web)).toBe(before);
    expect(stateOf()).toMatchObject({ condition: "loaded", activeState: "active" });
  });

  test.each([false, true])(
    "told to go, it is stopped and then acknowledged (another fleetd: %s)",
    async (again) => {
      await loseFile();
      machine.session.seat(web, { target: "absent" });
      if (again) {
        await machine.kill();
        await machine.begin();
      }
      await machine.clock.advance(10_000);
      expect(await machine.local(web)).toBe("gone");
      expect(stateOf()).toMatchObject({ condition: "unloaded" });
      expect(tasks()).toBeLessThan(10);
    },
  );

  test("told to go while its stop takes long, it is not acknowledged before it has stopped", async () => {
    await loseFile();
    machine.systemd.holdsJobs = true;
    machine.session.seat(web, { target: "absent" });
    await machine.clock.advance(60_000);
    expect(stateOf()?.acked).toBeUndefined();
    expect(tasks()).toBeLessThan(10);
    machine.systemd.holdsJobs = false;
    machine.systemd.finishJobs();
    await machine.clock.advance(10_000);
    expect(stateOf()).toMatchObject({ condition: "unloaded" });
  });

  test("nothing says whose it is: it is neither stopped nor acknowledged, which is said, and nothing goes round", async () => {
    await machine.kill();
    machine.directory.clear();
    machine.runtimeDocuments.documents.clear();
    machine.session.seat(web, { target: "absent" });
    await loseFile();
    await machine.begin();
    await machine.clock.advance(60_000);
    expect(await machine.local(web)).toBe("active/running");
    expect(stateOf()?.acked).toBeUndefined();
    expect(stateOf()).toMatchObject({ condition: "loaded", activeState: "active" });
    expect(stateOf()?.reason).toContain("it runs without a file");
    expect(tasks()).toBeLessThan(10);
    await machine.systemd.stop(web, signal);
    await machine.clock.advance(70_000);
    expect(stateOf()).toMatchObject({ condition: "unloaded" });
  });
});

describe("a unit runs, its link is taken away, and systemd reads no files", () => {
  let before: string | undefined;
  beforeEach(async () => {
    machine.session.seat(web, { text: service() });
    await machine.settle();
    before = await machine.invocation(web);
    await machine.systemd.disable([web], signal);
    expect(await localFacts()).toMatchObject({ loadState: "loaded", isFileGone: true });
    await machine.kill();
  });

  test("the next fleetd links it again, without a reload, and leaves it alone", async () => {
    machine.takeCalls("reload");
    await machine.begin();
    await machine.clock.advance(10_000);
    expect(await localFacts()).toMatchObject({ fragmentPath: machine.directory.pathOf(web) });
    expect(await machine.invocation(web)).toBe(before);
    expect(machine.takeCalls("reload")).toEqual([]);
    expect(stateOf()).toMatchObject({ condition: "loaded", activeState: "active" });
  });

  test.each([
    ["replaced by new content", { text: service("two") }],
    ["stopped", { text: service(), target: "loaded" }],
    ["stopped and acknowledged", { target: "absent" }],
  ] as const)("by the next fleetd it is %s", async (_, seat) => {
    machine.session.seat(web, seat);
    await machine.begin();
    await machine.clock.advance(10_000);
    expect(await machine.invocation(web)).not.toBe(before);
    const isGone = "target" in seat && seat.target === "absent";
    expect(stateOf()).toMatchObject({ condition: isGone ? "unloaded" : "loaded" });
    expect(tasks()).toBeLessThan(10);
  });

  test("without its file, too, it is stopped and acknowledged", async () => {
    machine.directory.clear();
    machine.session.seat(web, { target: "absent" });
    await machine.begin();
    await machine.clock.advance(10_000);
    expect(await machine.local(web)).toBe("gone");
    expect(stateOf()).toMatchObject({ condition: "unloaded" });
  });
});

test("a unit that is started again and again while it is removed does not make fleetd go round", async () => {
  machine.session.seat(web, { text: service(), target: "loaded" });
  await machine.settle();
  const { describeLoaded } = machine.systemd;
  // Whenever it is looked at to be removed it runs, and otherwise it does not.
  let isIdle = true;
  machine.systemd.describeLoaded = async (names, until) => {
    isIdle = !isIdle;
    const facts = await machine.systemd.describe(web, until);
    return new Map(isIdle || !names.includes(web) ? [] : [[web, { ...facts, activeState: "active" }]]);
  };
  const begun = tasks();
  machine.session.seat(web, { target: "absent" });
  await machine.clock.advance(60_000);
  expect(tasks() - begun).toBeLessThan(20);
  machine.systemd.describeLoaded = describeLoaded;
  await machine.clock.advance(120_000);
  expect(stateOf()).toMatchObject({ condition: "unloaded" });
});

test("an exclusive unit without a file is acknowledged only when none of its processes is left", async () => {
  await machine.end();
  let left = 1;
  const events: string[] = [];
  machine.exclusive = {
    run: (_agent, until) => new Promise((resolve) => until.addEventListener("abort", () => resolve())),
    prepare: async () => {},
    withdraw: async () => {
      events.push("withdraw");
    },
    obstacle: () => undefined,
    admit: async () => {},
    observe: () => {},
    ensureGone: async () => {
      if (left > 0) throw new FleetError("conflict", "something is left");
      events.push("gone");
    },
  } satisfies ExclusiveCare;
  await machine.begin();
  machine.session.seat(web, { text: service("one", "[X-Fleet]\nExclusive=true\n") });
  machine.session.seat(web, { target: "absent" });
  await machine.clock.advance(10_000);
  expect(stateOf()?.acked).toBeUndefined();
  left = 0;
  await machine.clock.advance(60_000);
  expect(stateOf()).toMatchObject({ condition: "unloaded" });
  expect(events).toEqual(["gone", "withdraw"]);
});
