// SIGKILL at any instruction that leaves a trace: every call of a port is a place to die, before and after its effect.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Fuse } from "./testing/fuse.js";
import { service, TestMachine, unit } from "./testing/test-machine.js";

const keep = unit("keep.service");
const changed = unit("changed.service");
const leaving = unit("leaving.service");
const paused = unit("paused.service");
const web = unit("web.service");
const enabled = unit("enabled.service");
const once = unit("once.service");
const install = "[Install]\nWantedBy=default.target\n[X-Fleet]\nOfflineStart=true\n";

/** A machine at work, and then everything at once that can be asked of it. */
async function prepare(): Promise<TestMachine> {
  const machine = await new TestMachine().begin();
  for (const name of [keep, changed, leaving, paused]) machine.session.seat(name, { text: service() });
  await machine.settle();
  await machine.end();
  machine.systemd.calls.length = 0;
  machine.session.seat(changed, { text: service("two") });
  machine.session.seat(leaving, { target: "absent" });
  machine.session.seat(paused, { target: "loaded" });
  machine.session.seat(web, { text: service("three") });
  machine.session.seat(enabled, { text: service("four", install) });
  machine.session.seat(once, { text: "[Service]\nType=oneshot\nExecStart=/bin/true\n" });
  return machine;
}

/** Lets fleetd live for so many steps. @returns whether it was killed before it had nothing left to do. */
async function live(machine: TestMachine, steps: number): Promise<boolean> {
  const fuse = new Fuse(steps);
  machine.through = (port) => fuse.guard(port);
  await machine.begin();
  await machine.settle();
  await machine.kill();
  return fuse.hasBlown;
}

const count = (machine: TestMachine, member: string, name: string) =>
  machine.systemd.calls.filter((call) => call.member === member && call.units.includes(name)).length;

/** Everything is as asked for, and nothing happened that nobody asked for. */
async function expectRight(machine: TestMachine, keepBefore: string | undefined): Promise<void> {
  machine.through = (port) => port;
  await machine.begin();
  await machine.clock.advance(5_000);
  for (const name of [keep, changed, web, enabled]) expect(await machine.local(name)).toBe("active/running");
  expect(await machine.invocation(keep)).toBe(keepBefore);
  expect(await machine.local(leaving)).toBe("gone");
  expect(await machine.local(paused)).toBe("gone");
  expect(await machine.directory.read(changed)).toBe(service("two"));
  expect(machine.systemd.enabled).toEqual(new Set([enabled]));
  expect(machine.session.states.get(leaving)).toMatchObject({ condition: "unloaded" });
  expect(machine.session.states.get(once)?.started).toBeDefined();
  for (const name of [keep, web, enabled, once]) expect(count(machine, "stop", name)).toBe(0);
  expect(count(machine, "start", keep)).toBe(0);
  for (const name of [changed, web, enabled]) expect(count(machine, "start", name)).toBe(1);
  for (const name of [leaving, paused]) expect(count(machine, "start", name)).toBe(0);
  await machine.end();
}

describe("fleetd is killed", { timeout: 120_000 }, () => {
  test("at any step: the next one goes on where it was", async () => {
    let steps = 1;
    for (let isKilled = true; isKilled; steps += 1) {
      const machine = await prepare();
      const keepBefore = await keptInvocation(machine);
      isKilled = await live(machine, steps);
      await expectRight(machine, keepBefore);
      // A oneshot that ended between the reply and its record may run twice; its first run leaves no trace.
      expect(count(machine, "start", once)).toBeLessThanOrEqual(2);
    }
    expect(steps).toBeGreaterThan(60);
  });

  test("again and again", async () => {
    const lives = fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 2, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(lives, async (all) => {
        const machine = await prepare();
        const keepBefore = await keptInvocation(machine);
        for (const steps of all) await live(machine, steps);
        await expectRight(machine, keepBefore);
      }),
      { numRuns: 60 },
    );
  });
});

/** The invocation of the unit that is to be left alone; systemd is asked while no agent is there. */
async function keptInvocation(machine: TestMachine): Promise<string | undefined> {
  return machine.systemd.loaded.get(keep)?.invocationId;
}
