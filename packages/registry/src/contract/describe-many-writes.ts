import type { DesiredState, UnitName } from "@fleet/core";
import type { UnitChange, UnitWrite, UnitWriteResult } from "@fleet/core/ports";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { content, makeDaemon, makeLateDaemon, readJson, unitName } from "./daemon.js";
import type { MakeHarness, StoreHarness } from "./harness.js";
import { writesUnder } from "./late-store.js";
import { codeOf, never, put, write } from "./store-words.js";

const names = (count: number): readonly UnitName[] =>
  Array.from({ length: count }, (_, index) => unitName(`u${index}.service`));

const change = (name: UnitName, to: UnitChange): UnitWrite => ({ kind: "change", name, decide: () => to });
const create = (name: UnitName, desiredState: DesiredState = "inactive", text = "x"): UnitWrite =>
  change(name, { content: content(text), desiredState });
const destroy = (name: UnitName): UnitWrite => ({ kind: "destroy", name });

const revisionsOf = (results: readonly UnitWriteResult[]) =>
  new Set(results.map((result) => ("error" in result ? 0 : result.outcome.revision)));
const effectsOf = (results: readonly UnitWriteResult[]) =>
  Promise.all(
    results.map((result) =>
      "error" in result ? codeOf(Promise.reject(result.error)) : result.outcome.effect,
    ),
  );

/** The writes of many units at once (P2): each is what it would be alone. */
export function describeManyWrites(name: string, makeHarness: MakeHarness): void {
  describe(`many writes: ${name}`, () => {
    let harness: StoreHarness;
    beforeEach(async () => {
      harness = await makeHarness();
    });
    afterEach(() => harness.close());

    test("units share transactions as far as these go", async () => {
      const { units, options } = await makeDaemon(harness);
      const same = await units.writeUnits(
        names(300).map((unit) => create(unit)),
        never,
      );
      expect(await effectsOf(same)).toEqual(names(300).map(() => "created"));
      expect(revisionsOf(same).size).toBeLessThanOrEqual(5);
      const own = await units.writeUnits(
        names(300).map((unit) => change(unit, { content: content(unit), desiredState: "launched" })),
        never,
      );
      expect(await effectsOf(own)).toEqual(names(300).map(() => "changed"));
      expect(await readJson(harness.store, options.keys.unit(unitName("u299.service")))).toMatchObject({
        contentId: content("u299.service").contentId,
        startCount: 1,
      });
      const texts = await harness.store.range({ prefix: options.keys.unitFiles }, never);
      expect(texts.count).toBe(301);
      expect(revisionsOf(await units.writeUnits(names(300).map(destroy), never)).size).toBeLessThanOrEqual(7);
      expect((await harness.store.range({ prefix: options.keys.units }, never)).count).toBe(0);
      expect((await harness.store.range({ prefix: `${options.keys.prefix}destroyed/` }, never)).count).toBe(
        300,
      );
    });

    test("what is wrong with one is no other's trouble", async () => {
      const { units, options } = await makeDaemon(harness);
      const [a, b, c, d, e, f] = names(6) as [UnitName, UnitName, UnitName, UnitName, UnitName, UnitName];
      await units.writeUnits([create(a), create(b), create(f)], never);
      await write(harness.store, put(options.keys.unit(d), "{"));
      const refusal = new Error("no");
      const refuse: UnitWrite = {
        kind: "change",
        name: e,
        decide: () => {
          throw refusal;
        },
      };
      const results = await units.writeUnits(
        [create(a), change(b, { desiredState: "loaded" }), destroy(c), create(d), refuse, destroy(f)],
        never,
      );
      expect(results[4]).toEqual({ error: refusal });
      expect(await effectsOf(results.filter((_, index) => index !== 4))).toEqual([
        "unchanged",
        "changed",
        "not-found",
        "conflict",
        "changed",
      ]);
      expect(await effectsOf(await units.writeUnits([destroy(d)], never))).toEqual(["changed"]);
    });

    test("a unit that others have changed meanwhile is decided about again, and the rest goes through", async () => {
      const daemon = await makeLateDaemon(harness);
      const store = daemon.late;
      const other = await makeDaemon(harness, "m2");
      const [a, b] = names(2) as [UnitName, UnitName];
      await other.units.writeUnits([create(a), create(b)], never);
      const { keys } = daemon.options;
      let held = 0;
      store.fate = (transaction) => {
        if (held > 0 || !writesUnder(keys.units, transaction)) return "pass";
        held += 1;
        return "held";
      };
      const seen: unknown[] = [];
      const launch = (unit: UnitName): UnitWrite => ({
        kind: "change",
        name: unit,
        decide: (current) => {
          seen.push([unit, current?.contentId === content("new").contentId]);
          return { desiredState: "launched" };
        },
      });
      const writing = daemon.units.writeUnits([launch(a), launch(b)], never);
      await harness.until("the transaction is on its way", () => store.kept === 1);
      await other.units.changeUnit(b, () => ({ content: content("new"), desiredState: "inactive" }), never);
      await store.deliver();
      expect(await effectsOf(await writing)).toEqual(["changed", "changed"]);
      expect(seen).toContainEqual([b, true]);
      expect(await readJson(harness.store, keys.unit(b))).toMatchObject({
        contentId: content("new").contentId,
        desiredState: "launched",
        startCount: 1,
      });
    });

    test.each(["late", "lost"] as const)("an answer that is %s costs no unit its write", async (fate) => {
      const daemon = await makeLateDaemon(harness);
      const store = daemon.late;
      const { keys } = daemon.options;
      const all = names(40);
      let failures = 0;
      store.fate = (transaction) => {
        if (failures > 0 || !writesUnder(keys.units, transaction)) return "pass";
        failures += 1;
        return fate;
      };
      const created = await daemon.units.writeUnits(
        all.map((unit) => create(unit, "launched")),
        never,
      );
      expect(await effectsOf(created)).toEqual(all.map(() => "created"));
      await store.deliver();
      failures = 0;
      expect(await effectsOf(await daemon.units.writeUnits(all.map(destroy), never))).toEqual(
        all.map(() => "changed"),
      );
      await store.deliver();
      expect((await harness.store.range({ prefix: keys.units }, never)).count).toBe(0);
    });

    test("units whose end nobody heard of are gone, however quick the leader is", async () => {
      const daemon = await makeLateDaemon(harness);
      const { late: store, options, units } = daemon;
      const { keys } = options;
      const all = names(5);
      await units.writeUnits(
        all.map((unit) => create(unit)),
        never,
      );
      store.fate = (transaction) => {
        if (!writesUnder(keys.units, transaction)) return "pass";
        store.fate = () => "pass";
        return "unheard";
      };
      store.meanwhile = () =>
        write(harness.store, ...all.map((unit) => ({ kind: "delete", key: keys.mark(unit) }) as const));
      expect(await effectsOf(await units.writeUnits(all.map(destroy), never))).toEqual(
        all.map(() => "changed"),
      );
      expect(await effectsOf(await units.writeUnits(all.map(destroy), never))).toEqual(
        all.map(() => "not-found"),
      );
    });

    test("a unit that others have destroyed meanwhile is not found", async () => {
      const daemon = await makeLateDaemon(harness);
      const { late: store, options, units } = daemon;
      const { keys } = options;
      const [a] = names(1) as [UnitName];
      await units.writeUnits([create(a)], never);
      store.fate = () => {
        store.fate = () => "pass";
        return "held";
      };
      const destroying = codeOf(units.destroyUnit(a, never));
      await harness.until("the transaction is on its way", () => store.kept === 1);
      await write(harness.store, { kind: "delete", key: keys.unit(a) });
      await store.deliver();
      expect(await destroying).toBe("not-found");
    });

    test("what became of the others is known when etcd does not serve some", async () => {
      const daemon = await makeLateDaemon(harness);
      const { late: store, options, units } = daemon;
      const all = names(300);
      let reads = 0;
      store.fate = ({ success = [] }) => {
        if (success.every(({ kind }) => kind === "get")) reads += 1;
        return reads === 2 ? "lost" : "pass";
      };
      const created = await effectsOf(
        await units.writeUnits(
          all.map((unit) => create(unit)),
          never,
        ),
      );
      const { count } = await harness.store.range({ prefix: options.keys.units }, never);
      expect([count, reads]).toEqual([128, 2]);
      expect(created).toEqual(all.map((_, index) => (index < 128 ? "created" : "unavailable")));
    });

    test("one unit that etcd does not serve is no other's trouble; of many that it does not, few are tried", async () => {
      const daemon = await makeLateDaemon(harness);
      const { late: store, options, units } = daemon;
      const { keys } = options;
      const all = names(40);
      const createAll = () => {
        store.fate = (transaction) => {
          if (!writesUnder(keys.units, transaction)) return "pass";
          store.fate = () => "pass";
          return "lost";
        };
        return units.writeUnits(
          all.map((unit) => create(unit)),
          never,
        );
      };
      let asked = 0;
      store.isUnread = () => {
        asked += 1;
        return true;
      };
      expect(await effectsOf(await createAll())).toEqual(all.map(() => "unavailable"));
      expect(asked).toBeLessThan(20);
      const [first] = all as [UnitName];
      store.isUnread = (request) => "key" in request && request.key === keys.unit(first);
      expect(await effectsOf(await createAll())).toEqual(
        all.map((unit) => (unit === first ? "unavailable" : "created")),
      );
    });

    test("a unit that etcd refuses keeps no other back", async () => {
      const { late: store, options, units } = await makeLateDaemon(harness);
      const all = names(140);
      const [first] = all as [UnitName];
      store.fate = (transaction) => (writesUnder(options.keys.unit(first), transaction) ? "refused" : "pass");
      const results = await units.writeUnits(
        all.map((unit) => create(unit)),
        never,
      );
      expect(await effectsOf(results)).toEqual(
        all.map((unit) => (unit === first ? "invalid-argument" : "created")),
      );
    });

    test("what was done before the caller gave up is known; nothing is while etcd is not believed", async () => {
      const daemon = await makeLateDaemon(harness);
      const { late: store, options, units } = daemon;
      const all = names(200);
      const stop = new AbortController();
      let transactions = 0;
      store.fate = () => {
        transactions += 1;
        // One that reads and two that write, as many as one that reads is for.
        if (transactions < 4) return "pass";
        stop.abort(new Error("enough"));
        return "lost";
      };
      const creating = all.map((unit) => create(unit));
      const results = await units.writeUnits(creating, stop.signal);
      expect(results.filter((result) => "outcome" in result).length).toBe(128);
      store.fate = () => {
        options.trust.distrust("wiped");
        return "lost";
      };
      await expect(units.writeUnits(creating, never)).rejects.toThrow("wiped");
    });

    test("writes that happened though their answer was lost are recognised, not repeated", async () => {
      const { units, line, options } = await makeDaemon(harness);
      const all = names(5);
      await units.writeUnits(
        all.map((unit) => create(unit, "launched")),
        never,
      );
      const restart = all.map((unit) => change(unit, { desiredState: "launched", restart: true }));
      const restarted = await line.losingReply(() => units.writeUnits(restart, never));
      expect(await effectsOf(restarted)).toEqual(all.map(() => "changed"));
      for (const unit of all) {
        expect(await readJson(harness.store, options.keys.unit(unit))).toMatchObject({ startCount: 2 });
      }
    });
  });
}
