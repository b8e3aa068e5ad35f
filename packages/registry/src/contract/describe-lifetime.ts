import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { unitName } from "./daemon.js";
import type { MakeHarness, StoreHarness } from "./harness.js";
import { MachineCrew } from "./machine-crew.js";
import { never, watchAll, write } from "./store-words.js";
import { loadedState, presenceOf, TestMachine } from "./test-machine.js";

const web = unitName("web.service");

/** What a restart with another lifetime does to a machine's lease (P7). */
export function describeLifetime(name: string, makeHarness: MakeHarness): void {
  describe(`the lifetime of a machine's lease: ${name}`, () => {
    let harness: StoreHarness;
    let machine: TestMachine;
    let crew: MachineCrew;
    beforeEach(async () => {
      harness = await makeHarness();
      machine = new TestMachine(harness, "m1");
      crew = new MachineCrew(harness);
    });
    afterEach(async () => {
      await crew.stop();
      await harness.close();
    });

    test.each([
      ["longer", 3, 8],
      ["shorter", 8, 3],
    ])("is %s from a restart on, and nothing flickers", async (_case, before, after) => {
      const first = await crew.join(machine, { ttlSeconds: before });
      await first.session.publish([loadedState(web, first.daemon)], [], never);
      const old = await presenceOf(harness, first.daemon);
      const { keys } = first.daemon.options;
      const { revision } = await harness.store.range({ key: keys.cluster }, never);
      const watched = watchAll(harness.store, { prefix: keys.prefix }, revision + 1);
      await first.stop();
      const second = await crew.join(machine, { ttlSeconds: after });
      const now = await presenceOf(harness, second.daemon);
      expect(now).toMatchObject({ createRevision: old?.createRevision, instance: "m1-process-2" });
      expect(second.session.registration).toBe(0);
      expect((await harness.store.leaseTimeToLive(now?.leaseId ?? "", never))?.grantedSeconds).toBe(after);
      expect(await harness.store.leaseTimeToLive(old?.leaseId ?? "", never)).toBeUndefined();
      const states = await harness.store.range({ prefix: keys.states(second.daemon.machine) }, never);
      expect(states.items.map(({ leaseId }) => leaseId)).toEqual([now?.leaseId]);
      await harness.pass(before * 1_500);
      await watched.stop();
      expect(watched.seen().filter((event) => event.includes("delete"))).toEqual([]);
      // The next one has nothing to change.
      await second.stop();
      const third = await crew.join(machine, { ttlSeconds: after });
      expect((await presenceOf(harness, third.daemon))?.leaseId).toBe(now?.leaseId);
    });

    test("is left alone if etcd has granted more than it was asked for", async () => {
      const first = await crew.join(machine, { ttlSeconds: 3 });
      await first.stop();
      const { keys } = first.daemon.options;
      const key = keys.presence(first.daemon.machine);
      const value = (await harness.store.range({ key }, never)).items[0]?.value ?? "";
      const leaseId = await harness.store.grantLease(8, never);
      await write(harness.store, { kind: "put", key, value, leaseId });
      await machine.runtime.write("machine-lease", { leaseId, ttlSeconds: 3 });
      const second = await crew.join(machine, { ttlSeconds: 3 });
      expect((await presenceOf(harness, second.daemon))?.leaseId).toBe(leaseId);
    });

    test("is longer from a restart on also if the presence went with the lease of before", async () => {
      const first = await crew.join(machine, { ttlSeconds: 8 });
      await first.session.publish([loadedState(web, first.daemon)], [], never);
      const old = await presenceOf(harness, first.daemon);
      await first.stop();
      const { keys } = first.daemon.options;
      await write(harness.store, { kind: "delete", key: keys.presence(first.daemon.machine) });
      const second = await crew.join(machine, { ttlSeconds: 9 });
      expect(second.session.registration).toBe(1);
      expect((await presenceOf(harness, second.daemon))?.leaseId).not.toBe(old?.leaseId);
      // What was published on it must be published again, not relied on until it is gone.
      expect(await second.session.readOwnStates(never)).toEqual([]);
    });
  });
}
