// Somebody puts a file of the machine's own where systemd looks first, by the name of a unit that fleet has started.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { service, TestMachine, unit } from "./testing/test-machine.js";

const web = unit("web.service");
const { signal } = new AbortController();

let machine: TestMachine;
let before: string | undefined;
beforeEach(async () => {
  machine = await new TestMachine().begin();
  machine.session.seat(web, { text: service() });
  await machine.settle();
  before = await machine.invocation(web);
  machine.systemd.shadow(web, service("host"));
});
afterEach(() => machine.end());

const stateOf = () => machine.session.states.get(web);
const tasks = () => machine.log.filter((line) => line.includes("task begun")).length;
const anotherFleetd = async () => {
  await machine.kill();
  await machine.begin();
};

describe.each([false, true])(
  "a unit runs, and its file is no longer the first (another fleetd: %s)",
  (again) => {
    beforeEach(async () => {
      if (again) await anotherFleetd();
    });

    test("it is left alone, and nobody else gets its place", async () => {
      await machine.clock.advance(120_000);
      expect(await machine.invocation(web)).toBe(before);
      expect(stateOf()).toMatchObject({ condition: "loaded", activeState: "active" });
      expect(stateOf()?.reason).toContain("/etc/systemd/system/web.service has taken the place of its file");
    });

    test("it is not replaced, because the new text could not be had", async () => {
      machine.session.seat(web, { text: service("two") });
      await machine.clock.advance(120_000);
      expect(await machine.invocation(web)).toBe(before);
      machine.systemd.shadow(web, undefined);
      await machine.clock.advance(120_000);
      expect(await machine.directory.read(web)).toBe(service("two"));
      expect(await machine.local(web)).toBe("active/running");
      expect(await machine.invocation(web)).not.toBe(before);
    });
  },
);

test("told to go, the run that fleet has seen under its own file is stopped, and then acknowledged", async () => {
  machine.systemd.holdsJobs = true;
  machine.session.seat(web, { target: "absent" });
  await machine.clock.advance(10_000);
  expect(stateOf()?.acked).toBeUndefined();
  machine.systemd.holdsJobs = false;
  machine.systemd.finishJobs();
  await machine.clock.advance(10_000);
  expect(machine.takeCalls("stop")).toEqual([web]);
  expect(stateOf()).toMatchObject({ condition: "unloaded" });
});

test("told to be loaded only, it is stopped", async () => {
  machine.session.seat(web, { text: service(), target: "loaded" });
  await machine.clock.advance(10_000);
  expect(machine.takeCalls("stop")).toEqual([web]);
});

test.each([
  ["the next fleetd does not know whose run it is", anotherFleetd],
  ["it was started anew since", async () => machine.systemd.play(web, "active", "running", true)],
])("told to go, when %s: neither stopped nor acknowledged, and said so", async (_, happens) => {
  await happens();
  machine.takeCalls("stop");
  machine.session.seat(web, { target: "absent" });
  await machine.clock.advance(120_000);
  expect(machine.takeCalls("stop")).toEqual([]);
  expect(stateOf()?.acked).toBeUndefined();
  expect(stateOf()).toMatchObject({ condition: "loaded", activeState: "active" });
  expect(stateOf()?.reason).toContain("may be what fleet has started: stop it on the machine");
  expect(tasks()).toBeLessThan(10);
  await machine.systemd.stop(web, signal);
  await machine.clock.advance(70_000);
  expect(stateOf()).toMatchObject({ condition: "unloaded" });
});

test("what fleet never started is the machine's own: acknowledged at once, and left alone", async () => {
  const own = unit("own.service");
  machine.systemd.addHostUnit(own, service("host"), true);
  machine.session.seat(own, { target: "absent" });
  await machine.clock.advance(10_000);
  expect(machine.session.states.get(own)).toMatchObject({ condition: "unloaded" });
  expect(await machine.local(own)).toBe("active/running");
});
