import type { ClusterReplica, ReplicaChange } from "@fleet/core/ports";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createReplica } from "../replica.js";
import { content, machineId, makeDaemon, type TestDaemon, unitName } from "./daemon.js";
import type { MakeHarness, StoreHarness } from "./harness.js";
import { codeOf, never, put, write } from "./store-words.js";

const web = unitName("web@1.service");
const m1 = machineId("m1");

/** The replica (P10, P6.1). */
export function describeReplica(name: string, makeHarness: MakeHarness): void {
  describe(`replica: ${name}`, () => {
    let harness: StoreHarness;
    let daemon: TestDaemon;
    const stops: (() => Promise<void>)[] = [];
    beforeEach(async () => {
      harness = await makeHarness();
      daemon = await makeDaemon(harness);
    });
    afterEach(async () => {
      await Promise.all(stops.splice(0).map((stop) => stop()));
      await harness.close();
    });

    const start = (idleMs?: number) => {
      const stop = new AbortController();
      const replica = createReplica({ ...daemon.options, ...(idleMs === undefined ? {} : { idleMs }) });
      const changes: ReplicaChange[] = [];
      replica.subscribe((change) => changes.push(change));
      const running = replica.run(stop.signal);
      stops.push(async () => {
        stop.abort();
        await running;
      });
      return { replica, changes };
    };
    const current = (replica: ClusterReplica) =>
      harness.until("the replica to be current", () => replica.condition === "current");
    const waitFor = (replica: ClusterReplica, revision: number) =>
      harness.finish(replica.waitFor(revision, never));
    const submit = (text: string, desiredState: "inactive" | "launched" = "inactive") =>
      daemon.units.changeUnit(web, () => ({ content: content(text), desiredState }), never);
    /** Writes past the daemon, so that its own knowledge of revisions stays what its line brings. */
    const other = () => makeDaemon(harness, "m2");

    test("reads everything when held, follows, and lets go after a while", async () => {
      await submit("one");
      const { replica, changes } = start(5_000);
      expect(replica.condition).toBe("idle");
      expect(() => replica.view()).toThrow(/nothing was read/);
      const release = replica.hold();
      await current(replica);
      expect(changes.map(({ resynced }) => resynced)).toEqual([true]);
      expect(replica.view().units.get(web)).toMatchObject({
        desiredState: "inactive",
        content: { text: content("one").text },
        requirements: { global: false },
      });
      const { revision } = await submit("two", "launched");
      await waitFor(replica, revision);
      expect(replica.revision).toBe(revision);
      expect(replica.view().units.get(web)).toMatchObject({
        desiredState: "launched",
        content: { text: content("two").text },
      });
      expect(changes[1]).toMatchObject({ revision, resynced: false, units: new Set([web]) });
      release();
      release();
      await harness.until("the replica to be idle", () => replica.condition === "idle");
    });

    test("whoever waits for a revision sees it and everything before", async () => {
      const { replica } = start();
      replica.hold();
      for (let round = 0; round < 20; round += 1) {
        const { revision } = await submit(`text ${round}`);
        await waitFor(replica, revision);
        expect(replica.view().units.get(web)?.content?.text).toBe(content(`text ${round}`).text);
      }
      await replica.refresh(never);
    });

    test("machines are put together from presence, record, metadata and policy", async () => {
      const { keys } = daemon.options;
      const { replica, changes } = start();
      replica.hold();
      await current(replica);
      const leaseId = await harness.store.grantLease(60, never);
      const revision = await write(
        harness.store,
        { kind: "put", key: keys.presence(m1), value: presence({ disk: "hdd", region: "eu" }), leaseId },
        put(keys.machineRecord(m1), "{}"),
        put(keys.metadataValue(m1, "disk"), "ssd"),
        put(keys.metadataValue(m1, "region"), ""),
        put(keys.policy(m1), JSON.stringify({ cordoned: true, drained: false })),
      );
      await waitFor(replica, revision);
      expect(replica.view().machines.get(m1)).toMatchObject({
        known: true,
        metadata: { disk: "ssd" },
        policy: { cordoned: true },
        presence: { leaseId, primaryIp: "127.0.0.1" },
      });
      expect(changes.at(-1)?.machines).toEqual(new Set([m1]));
      await harness.store.revokeLease(leaseId, never);
      await waitFor(replica, revision + 1);
      expect(replica.view().machines.get(m1)).toMatchObject({ known: true, presence: undefined });
    });

    test("a bad record harms only itself, and is never taken for absent", async () => {
      const { keys } = daemon.options;
      const { replica } = start();
      replica.hold();
      await submit("good");
      const leaseId = await harness.store.grantLease(60, never);
      const bad = unitName("bad.service");
      await write(
        harness.store,
        { kind: "put", key: keys.presence(m1), value: presence({}), leaseId },
        put(keys.unit(bad), JSON.stringify({ contentId: "x" })),
        put(`${keys.prefix}what/is/this`, ""),
        put(keys.unitFile(content("a").contentId), "not the text"),
      );
      const revision = await write(harness.store, {
        kind: "put",
        key: keys.presence(m1),
        value: "garbage",
        leaseId,
      });
      await waitFor(replica, revision);
      const view = replica.view();
      expect(view.units.get(web)?.content).toBeDefined();
      expect([view.units.has(bad), view.unreadableUnits.has(bad)]).toEqual([false, true]);
      expect(view.machines.get(m1)?.presence).toMatchObject({ state: "up" });
      expect(view.unreadable.map(({ key }) => key).sort()).toEqual(
        [
          keys.unit(bad),
          `${keys.prefix}what/is/this`,
          keys.unitFile(content("a").contentId),
          keys.presence(m1),
        ].sort(),
      );
      const healed = await write(harness.store, { kind: "delete", key: keys.unit(bad) });
      await waitFor(replica, healed);
      expect(replica.view().unreadableUnits.size).toBe(0);
    });

    test("a text that comes after its record, or goes, changes the unit", async () => {
      const { keys } = daemon.options;
      const { replica, changes } = start();
      replica.hold();
      const { revision } = await submit("one");
      await waitFor(replica, revision);
      const key = keys.unitFile(content("one").contentId);
      await waitFor(replica, await write(harness.store, { kind: "delete", key }));
      expect(replica.view().units.get(web)).toMatchObject({ content: undefined, requirements: undefined });
      await waitFor(replica, await write(harness.store, put(key, content("one").text)));
      expect(replica.view().units.get(web)?.content?.text).toBe(content("one").text);
      expect(changes.at(-1)?.units).toEqual(new Set([web]));
    });

    test("a broken line is made up for, and nothing is missed", async () => {
      const { replica, changes } = start();
      replica.hold();
      await waitFor(replica, (await submit("one")).revision);
      daemon.line.cut();
      await harness.until("the replica to notice", () => replica.condition === "disconnected");
      expect(replica.view().units.size).toBe(1);
      const writer = await other();
      await writer.units.changeUnit(web, () => ({ desiredState: "launched" }), never);
      const { revision } = await writer.units.changeUnit(
        unitName("late.service"),
        () => ({ content: content("late"), desiredState: "inactive" }),
        never,
      );
      daemon.line.heal();
      await waitFor(replica, revision);
      expect(replica.view().units.get(web)?.desiredState).toBe("launched");
      expect(changes.filter(({ resynced }) => resynced).length).toBe(1);
    });

    test("history that was compacted meanwhile is made up for by reading again", async () => {
      const { replica, changes } = start();
      replica.hold();
      await waitFor(replica, (await submit("one")).revision);
      daemon.line.cut();
      await harness.until("the replica to notice", () => replica.condition === "disconnected");
      const writer = await other();
      await writer.units.destroyUnit(web, never);
      const late = unitName("late.service");
      const { revision } = await writer.units.changeUnit(
        late,
        () => ({ content: content("late"), desiredState: "inactive" }),
        never,
      );
      await harness.compact(revision);
      daemon.line.heal();
      await waitFor(replica, revision);
      expect([...replica.view().units.keys()]).toEqual([late]);
      expect(changes.at(-1)).toMatchObject({ resynced: true, units: new Set([web, late]) });
    });

    test("a revision in which others wrote elsewhere does not keep anybody waiting", async () => {
      const { replica } = start();
      replica.hold();
      await submit("one");
      await current(replica);
      await write(harness.store, put("/other/application", "1"));
      const { revision } = await daemon.units.changeUnit(web, () => undefined, never);
      let isThere = false;
      void replica.waitFor(revision, never).then(() => {
        isThere = true;
      });
      await harness.until("the revision", () => isThere);
      expect(replica.revision).toBeGreaterThanOrEqual(revision);
    });

    test("an etcd that went back in time is not believed until somebody says so", async () => {
      const { replica } = start();
      replica.hold();
      await submit("one");
      const snapshot = await harness.snapshot();
      await harness.until("the replica to follow again", async () => {
        await replica.refresh(never).catch(() => undefined);
        return replica.condition === "current";
      });
      for (let round = 0; round < 5; round += 1) await submit(`later ${round}`);
      await replica.refresh(never);
      await snapshot.restore();
      await harness.until("the replica to notice", () => replica.condition === "younger");
      expect(replica.problem).toMatch(/wiped or restored/);
      expect(await codeOf(replica.waitFor(1, never))).toBe("unavailable");
      expect(replica.view().units.get(web)?.content?.text).toBe(content("later 4").text);
      daemon.options.trust.believe(1);
      await current(replica);
      expect(replica.view().units.get(web)?.content?.text).toBe(content("one").text);
    });

    test("an etcd that was restored and has overtaken the view is not believed either", async () => {
      const { replica } = start();
      replica.hold();
      await submit("one");
      const snapshot = await harness.snapshot();
      await waitFor(replica, (await submit("two")).revision);
      daemon.line.cut();
      await harness.until("the replica to notice the line", () => replica.condition === "disconnected");
      await snapshot.restore();
      const writer = await other();
      const late = unitName("late.service");
      for (const text of ["three", "four", "five"]) {
        const change = { content: content(text), desiredState: "inactive" } as const;
        await harness.until("the write", async () => {
          return (await codeOf(writer.units.changeUnit(late, () => change, never))) === "resolved";
        });
      }
      daemon.line.heal();
      await harness.until("the replica to notice", () => replica.condition === "younger");
      expect(replica.problem).toMatch(/restored and went on/);
      daemon.options.trust.believe(1);
      await current(replica);
      expect(replica.view().units.get(web)?.content?.text).toBe(content("one").text);
      expect(replica.view().units.get(late)?.content?.text).toBe(content("five").text);
    });

    test("but that is no doubt any more for one that could not reach it while it was accepted", async () => {
      const { replica } = start();
      replica.hold();
      await submit("one");
      const snapshot = await harness.snapshot();
      await waitFor(replica, (await submit("two")).revision);
      daemon.line.cut();
      await harness.until("the replica to notice the line", () => replica.condition === "disconnected");
      await snapshot.restore();
      const key = daemon.options.keys.metadataValue(m1, "zone");
      for (let writes = 0; writes < 5; writes += 1) {
        await harness.until("the write", async () => {
          return (await codeOf(write(harness.store, put(key, `${writes}`)))) === "resolved";
        });
      }
      const { trust } = daemon.options;
      trust.distrust("it is older");
      trust.believe(1);
      daemon.line.heal();
      await current(replica);
      expect(trust.problem).toBeUndefined();
      expect(replica.view().units.get(web)?.content?.text).toBe(content("one").text);
    });

    test("nor one that wrote other values to the same keys at the same revisions", async () => {
      const { replica } = start();
      replica.hold();
      const key = daemon.options.keys.metadataValue(m1, "zone");
      const snapshot = await harness.snapshot();
      await waitFor(replica, await write(harness.store, put(key, "a")));
      daemon.line.cut();
      await harness.until("the replica to notice the line", () => replica.condition === "disconnected");
      const { revision } = replica;
      await snapshot.restore();
      await harness.until("etcd to answer", async () => {
        return (await codeOf(harness.store.range({ key }, never))) === "resolved";
      });
      await write(harness.store, put(key, "b"));
      const { items } = await harness.store.range({ key }, never);
      expect(items[0]?.modRevision).toBe(revision);
      daemon.line.heal();
      await harness.until("the replica to notice", () => replica.condition === "younger");
      expect(replica.problem).toMatch(/restored and went on/);
    });
  });
}

function presence(metadata: Record<string, string>): string {
  return JSON.stringify({
    primaryIp: "127.0.0.1",
    apiAddresses: [],
    metadata,
    version: "1",
    bootId: "boot",
    instance: "process",
    state: "up",
  });
}
