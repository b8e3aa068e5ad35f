import { isFleetError } from "@fleet/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  content,
  machineId,
  makeDaemon,
  makeLateDaemon,
  readJson,
  type TestDaemon,
  unitName,
} from "./daemon.js";
import type { MakeHarness, StoreHarness } from "./harness.js";
import { writesUnder } from "./late-store.js";
import { codeOf, never, put, read, write } from "./store-words.js";

const web = unitName("web.service");

/** The writes of API servers (P2). */
export function describeUnitRegistry(name: string, makeHarness: MakeHarness): void {
  describe(`unit registry: ${name}`, () => {
    let harness: StoreHarness;
    let daemon: TestDaemon;
    beforeEach(async () => {
      harness = await makeHarness();
      daemon = await makeDaemon(harness);
    });
    afterEach(() => harness.close());

    const record = () => readJson(harness.store, daemon.options.keys.unit(web));

    test("a unit is created together with its text, and changed by what it was", async () => {
      const { units, options } = daemon;
      const created = await units.changeUnit(
        web,
        () => ({ content: content(), desiredState: "loaded" }),
        never,
      );
      expect(created.effect).toBe("created");
      const text = await harness.store.range({ key: options.keys.unitFile(content().contentId) }, never);
      expect(text.items[0]).toMatchObject({ value: content().text, modRevision: created.revision });
      const changed = await units.changeUnit(
        web,
        (current) => {
          expect(current).toMatchObject({ desiredState: "loaded", startCount: 0, hash: content().hash });
          return { desiredState: "launched" };
        },
        never,
      );
      expect([changed.effect, changed.revision]).toEqual(["changed", created.revision + 1]);
      expect(await record()).toMatchObject({ desiredState: "launched", startCount: 1 });
    });

    test("the start count rises with each launch and restart, and with nothing else", async () => {
      const { units } = daemon;
      const set = (change: object) =>
        units.changeUnit(web, () => ({ desiredState: "launched", ...change }), never);
      await set({ content: content("1") });
      expect(await record()).toMatchObject({ startCount: 1 });
      expect((await set({})).effect).toBe("unchanged");
      expect((await set({ content: content("1") })).effect).toBe("unchanged");
      await set({ content: content("2") });
      expect(await record()).toMatchObject({ startCount: 1 });
      await set({ restart: true });
      expect(await record()).toMatchObject({ startCount: 2 });
      await set({ desiredState: "inactive" });
      expect(await record()).toMatchObject({ startCount: 2 });
      await set({});
      expect(await record()).toMatchObject({ startCount: 3 });
    });

    test("something else is wanted on one machine, until something is wanted of the whole", async () => {
      const { units } = daemon;
      const machine = machineId("m1");
      const set = async (change: object) =>
        (await units.changeUnit(web, () => ({ desiredState: "launched", ...change }), never)).effect;
      await set({ content: content() });
      expect(await set({ machine, desiredState: "loaded" })).toBe("changed");
      expect(await set({ machine, desiredState: "loaded" })).toBe("unchanged");
      expect(await record()).toMatchObject({
        desiredState: "launched",
        startCount: 1,
        instances: [{ machine, stopped: true, starts: 0 }],
      });
      expect(await set({ keepsInstances: true })).toBe("unchanged");
      expect(await set({})).toBe("changed");
      expect(await record()).toMatchObject({
        startCount: 1,
        instances: [{ machine, stopped: false, starts: 1 }],
      });
      await set({ desiredState: "loaded" });
      expect(await record()).toEqual(expect.not.objectContaining({ instances: expect.anything() }));
      expect(await record()).toMatchObject({ desiredState: "loaded", startCount: 2 });
    });

    test("nothing is written when nothing changes, except a text that has been lost", async () => {
      const { units, options } = daemon;
      const submit = () =>
        units.changeUnit(web, () => ({ content: content(), desiredState: "inactive" }), never);
      const { revision } = await submit();
      expect(await submit()).toEqual({ effect: "unchanged", revision });
      expect(await units.changeUnit(web, () => undefined, never)).toEqual({ effect: "unchanged", revision });
      const key = options.keys.unitFile(content().contentId);
      await write(harness.store, { kind: "delete", key });
      expect((await submit()).effect).toBe("changed");
      expect((await harness.store.range({ key }, never)).count).toBe(1);
    });

    test("of two servers that change a unit at once, each decides by what the other left", async () => {
      const other = await makeDaemon(harness, "m2");
      await daemon.units.changeUnit(
        web,
        () => ({ content: content("old"), desiredState: "inactive" }),
        never,
      );
      await Promise.all([
        daemon.units.changeUnit(web, () => ({ desiredState: "launched" }), never),
        other.units.changeUnit(
          web,
          (current) => ({ content: content("new"), desiredState: current?.desiredState ?? "inactive" }),
          never,
        ),
      ]);
      expect(await record()).toMatchObject({
        desiredState: "launched",
        startCount: 1,
        contentId: content("new").contentId,
      });
    });

    test("a refusal of the caller comes out unchanged", async () => {
      const refusal = new Error("no");
      const attempt = daemon.units.changeUnit(
        web,
        () => {
          throw refusal;
        },
        never,
      );
      await expect(attempt).rejects.toBe(refusal);
    });

    test("destroying leaves the mark; creating again keeps it", async () => {
      const { units, options } = daemon;
      const create = () =>
        units.changeUnit(web, () => ({ content: content(), desiredState: "launched" }), never);
      const { revision } = await create();
      expect(await units.destroyUnit(web, never)).toEqual({ effect: "changed", revision: revision + 1 });
      expect(await record()).toBeUndefined();
      expect(await readJson(harness.store, options.keys.mark(web))).toEqual({ recordRevision: revision });
      expect(await codeOf(units.destroyUnit(web, never))).toBe("not-found");
      expect((await create()).effect).toBe("created");
      expect(await readJson(harness.store, options.keys.mark(web))).toEqual({ recordRevision: revision });
    });

    test("an unreadable record is refused, not overwritten; it can be destroyed", async () => {
      const { units, options } = daemon;
      await write(harness.store, put(options.keys.unit(web), "{"));
      const attempt = units.changeUnit(web, () => ({ content: content(), desiredState: "inactive" }), never);
      expect(await codeOf(attempt)).toBe("conflict");
      expect((await units.destroyUnit(web, never)).effect).toBe("changed");
    });

    test("a write whose answer is lost is recognised, not repeated", async () => {
      const { units, line } = daemon;
      const created = await line.losingReply(() =>
        units.changeUnit(web, () => ({ content: content(), desiredState: "launched" }), never),
      );
      expect(created.effect).toBe("created");
      const restarted = await line.losingReply(() =>
        units.changeUnit(web, () => ({ desiredState: "launched", restart: true }), never),
      );
      expect(restarted.effect).toBe("changed");
      expect(await record()).toMatchObject({ startCount: 2 });
      expect((await line.losingReply(() => units.destroyUnit(web, never))).effect).toBe("changed");
      expect(await record()).toBeUndefined();
    });

    test("metadata: all changes at one revision; an absent value removes the key", async () => {
      const { units, options } = daemon;
      const [m1, m2] = [machineId("m1"), machineId("m2")];
      const done = await units.changeMetadata(
        [
          { machine: m1, key: "region", value: "eu" },
          { machine: m2, key: "disk", value: "" },
        ],
        never,
      );
      const { items } = await harness.store.range(
        { prefix: `${options.keys.prefix}machine-metadata/` },
        never,
      );
      expect(items.map(({ key, value, modRevision }) => [key, value, modRevision])).toEqual([
        [options.keys.metadataValue(m1, "region"), "eu", done.revision],
        [options.keys.metadataValue(m2, "disk"), "", done.revision],
      ]);
      await units.changeMetadata([{ machine: m1, key: "region", value: undefined }], never);
      expect((await harness.store.range({ prefix: options.keys.machineMetadata(m1) }, never)).count).toBe(0);
    });

    test("policy: written once, and again only when it differs", async () => {
      const { units, options, machine } = daemon;
      const { keys } = options;
      const cordon = () =>
        units.changeMachinePolicy(machine, () => ({ cordoned: true, drained: false }), never);
      expect(await codeOf(cordon())).toBe("not-found");
      await write(harness.store, put(keys.machineRecord(machine), "{}"));
      expect((await cordon()).effect).toBe("changed");
      expect((await cordon()).effect).toBe("unchanged");
      expect(await readJson(harness.store, keys.policy(machine))).toEqual({ cordoned: true, drained: false });
    });

    test("policy: decided from what is there, and again if that has changed; a lifted freeze stays lifted", async () => {
      const { units, options, machine } = daemon;
      const { keys } = options;
      const policy = keys.policy(machine);
      await write(harness.store, put(keys.machineRecord(machine), "{}"));
      await write(
        harness.store,
        put(policy, JSON.stringify({ cordoned: true, drained: false, accept: "nonce", note: "a" })),
      );
      const seen: unknown[] = [];
      const drain = await units.changeMachinePolicy(
        machine,
        (current, standing) => {
          seen.push(current.note, standing.isPresent);
          return { ...current, drained: true, handOversMax: 3 };
        },
        never,
      );
      expect([drain.effect, seen]).toEqual(["changed", ["a", false]]);
      expect(await readJson(harness.store, policy)).toEqual({
        cordoned: true,
        drained: true,
        handOversMax: 3,
        note: "a",
        accept: "nonce",
      });
      await write(harness.store, put(keys.presence(machine), "{}"), put(policy, "rubbish"));
      const { revision } = await units.changeMachinePolicy(
        machine,
        (current, { isPresent, recordRevision }) => {
          expect([current, isPresent, recordRevision > 0]).toEqual([
            { cordoned: false, drained: false },
            true,
            true,
          ]);
          return current;
        },
        never,
      );
      expect(revision).toBeGreaterThan(drain.revision);
      expect(await readJson(harness.store, policy)).toEqual({ cordoned: false, drained: false });
    });

    test("only an absent machine can be forgotten, with all that is its own", async () => {
      const { units, options, machine } = daemon;
      const { keys } = options;
      expect(await codeOf(units.forgetMachine(machine, never))).toBe("not-found");
      await write(
        harness.store,
        put(keys.machineRecord(machine), "{}"),
        put(keys.presence(machine), "{}"),
        put(keys.seat(machine, web), "{}"),
        put(keys.policy(machine), "{}"),
        put(keys.metadataValue(machine, "a"), "b"),
        put(keys.seat(machineId("m2"), web), "{}"),
      );
      expect(await codeOf(units.forgetMachine(machine, never))).toBe("conflict");
      await write(harness.store, { kind: "delete", key: keys.presence(machine) });
      expect((await units.forgetMachine(machine, never)).effect).toBe("changed");
      const { items } = await harness.store.range({ prefix: keys.prefix }, never);
      expect(items.map(({ key }) => key)).toEqual([keys.seat(machineId("m2"), web)]);
    });

    test("forgetting a machine that arrives late does not hit a later absence of it", async () => {
      const { units, options, machine, late } = await makeLateDaemon(harness);
      const { keys } = options;
      const own = [keys.machineRecord(machine), keys.seat(machine, web)];
      await write(harness.store, ...own.map((key) => put(key, "{}")));
      late.fate = (transaction) => (writesUnder(keys.machineRecord(machine), transaction) ? "late" : "pass");
      expect(await codeOf(units.forgetMachine(machine, never))).toBe("unavailable");
      // It was back, and is away again.
      await write(harness.store, put(keys.machineRecord(machine), "{}"));
      await late.deliver();
      const { items } = await harness.store.range({ prefix: keys.prefix }, never);
      expect(items.map(({ key }) => key)).toEqual(own.sort());
    });

    test("metadata that arrive late do not replace newer ones", async () => {
      const { units, options, machine, late } = await makeLateDaemon(harness);
      const change = (value: string) => units.changeMetadata([{ machine, key: "disk", value }], never);
      late.fate = (transaction) => (writesUnder(options.keys.prefix, transaction) ? "late" : "pass");
      expect(await codeOf(change("old"))).toBe("unavailable");
      late.fate = () => "pass";
      await change("new");
      await late.deliver();
      expect(await read(harness.store, options.keys.metadataValue(machine, "disk"))).toBe("new");
    });

    test("accepting one machine tells which others are frozen, and not those that were accepted before", async () => {
      const { units, options } = daemon;
      const { keys } = options;
      const leaseId = await harness.store.grantLease(60, never);
      const presence = (name: string, freeze: object) => ({
        ...put(
          keys.presence(machineId(name)),
          JSON.stringify({
            primaryIp: "",
            apiAddresses: [],
            metadata: {},
            version: "",
            bootId: "",
            instance: "",
            state: "up",
            ...freeze,
          }),
        ),
        leaseId,
      });
      const frozen = (nonce: string) => ({ state: "frozen", freeze: { nonce } });
      await write(
        harness.store,
        presence("m1", frozen("one")),
        presence("m2", frozen("two")),
        presence("m3", frozen("three")),
        presence("m4", {}),
      );
      const accept = async (name: string) => (await units.accept(machineId(name), never)).stillFrozen;
      expect(await accept("m2")).toEqual(["m1", "m3"].map(machineId));
      expect(await accept("m1")).toEqual(["m3"].map(machineId));
    });

    test("while etcd is not believed every write is refused, and says why", async () => {
      const { units, options } = daemon;
      await units.changeUnit(web, () => ({ content: content(), desiredState: "inactive" }), never);
      await harness.wipe();
      const attempt = () => units.changeUnit(web, () => ({ desiredState: "launched" }), never);
      await harness.until("etcd", async () => {
        await attempt().catch(() => undefined);
        return options.trust.problem !== undefined;
      });
      const error = await attempt().catch((caught: unknown) => caught);
      expect(isFleetError(error, "unavailable") && error.message).toMatch(/not believed.*wiped or restored/);
      const { count } = await harness.store.range({ prefix: options.keys.prefix }, never);
      expect(count).toBe(0);
      expect((await units.accept(undefined, never)).effect).toBe("changed");
    });
  });
}
