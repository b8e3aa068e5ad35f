import type { UnitName } from "@fleet/core";
import type { GuardedChange, LeaderWrite } from "@fleet/core/ports";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Office } from "../office.js";
import { content, elect, machineId, makeDaemon, type TestDaemon, type TestTerm, unitName } from "./daemon.js";
import type { MakeHarness, StoreHarness } from "./harness.js";
import { codeOf, never, put, write } from "./store-words.js";

const m1 = machineId("m1");
const m2 = machineId("m2");
const web = unitName("web.service");

/** The writes of the leader (P3). */
export function describeLeaderRegistry(name: string, makeHarness: MakeHarness): void {
  describe(`leader registry: ${name}`, () => {
    let harness: StoreHarness;
    let daemon: TestDaemon;
    let term: TestTerm;
    beforeEach(async () => {
      harness = await makeHarness();
      daemon = await makeDaemon(harness);
      term = await elect(harness, daemon);
    });
    afterEach(async () => {
      await term.stop();
      await harness.close();
    });

    const commit = (changes: readonly GuardedChange[]) =>
      daemon.leaderWrites.commit(term.leadership, changes, never);
    const seatRevision = async (unit: UnitName, machine = m1) =>
      (await harness.store.range({ key: daemon.options.keys.seat(machine, unit) }, never)).items[0]
        ?.modRevision;

    test("seats carry the term, and all of a batch have one revision", async () => {
      const units = ["a.service", "b.service", "c.service"].map(unitName);
      const { outcomes, revision } = await commit(units.map((unit) => seatChange(unit)));
      expect(outcomes).toEqual(["committed", "committed", "committed"]);
      expect(await Promise.all(units.map((unit) => seatRevision(unit)))).toEqual([
        revision,
        revision,
        revision,
      ]);
      const { items } = await harness.store.range({ key: daemon.options.keys.seat(m1, web) }, never);
      expect(items).toEqual([]);
      expect(term.leadership.term.n).toBe(1);
    });

    test("only the changes whose guards failed are dropped", async () => {
      const [a, b, c] = ["a.service", "b.service", "c.service"].map(unitName) as [
        UnitName,
        UnitName,
        UnitName,
      ];
      await write(harness.store, put(daemon.options.keys.seat(m1, b), "{}"));
      const { outcomes, revision } = await commit([seatChange(a), seatChange(b), seatChange(c)]);
      expect(outcomes).toEqual(["committed", "stale", "committed"]);
      expect([await seatRevision(a), await seatRevision(c)]).toEqual([revision, revision]);
    });

    test("every kind of guard is compared, for presence and for absence", async () => {
      const { keys } = daemon.options;
      const there = await write(
        harness.store,
        put(keys.unit(web), "{}"),
        put(keys.mark(web), "{}"),
        put(keys.presence(m1), "{}"),
        put(keys.seat(m2, web), "{}"),
      );
      const wrong = there + 7;
      const cases = [
        [{ kind: "unit", unit: web, revision: there }, "committed"],
        [{ kind: "unit", unit: web, revision: wrong }, "stale"],
        [{ kind: "unit", unit: unitName("none.service"), revision: 0 }, "committed"],
        [{ kind: "mark", unit: web, revision: there }, "committed"],
        [{ kind: "mark", unit: web, revision: 0 }, "stale"],
        [{ kind: "presence", machine: m1, revision: there }, "committed"],
        [{ kind: "presence", machine: m1, revision: 0 }, "stale"],
        [{ kind: "presence", machine: m2, revision: 0 }, "committed"],
        [{ kind: "seat", machine: m2, unit: web, revision: "held" }, "committed"],
        [{ kind: "seat", machine: m2, unit: unitName("none.service"), revision: "held" }, "stale"],
      ] as const;
      for (const [index, [guard, outcome]] of cases.entries()) {
        const change = seatChange(unitName(`case-${index}.service`));
        const { outcomes } = await commit([{ ...change, guards: [...change.guards, guard] }]);
        expect([guard, outcomes[0]]).toEqual([guard, outcome]);
      }
    });

    test("more changes than fit into one transaction are cut between changes", async () => {
      const units = Array.from({ length: 300 }, (_, index) => unitName(`u${index}.service`));
      await write(harness.store, put(daemon.options.keys.seat(m1, units[150] as UnitName), "{}"));
      const { outcomes } = await commit(units.map((unit) => seatChange(unit)));
      expect(outcomes.filter((outcome) => outcome === "committed").length).toBe(299);
      expect(outcomes[150]).toBe("stale");
      const { count } = await harness.store.range({ prefix: daemon.options.keys.schedule, limit: 1 }, never);
      expect(count).toBe(300);
    });

    test("a move happens whole or not at all", async () => {
      const { keys } = daemon.options;
      await commit([seatChange(web)]);
      const from = (await seatRevision(web)) ?? 0;
      const move: GuardedChange = {
        unit: web,
        guards: [
          { kind: "seat", machine: m1, unit: web, revision: from },
          { kind: "seat", machine: m2, unit: web, revision: 0 },
          { kind: "presence", machine: m1, revision: 0 },
        ],
        writes: [seatWrite(web, m1, "absent"), seatWrite(web, m2)],
      };
      await write(harness.store, put(keys.presence(m1), "{}"));
      expect((await commit([move])).outcomes).toEqual(["stale"]);
      expect([await seatRevision(web), await seatRevision(web, m2)]).toEqual([from, undefined]);
      await write(harness.store, { kind: "delete", key: keys.presence(m1) });
      const { outcomes, revision } = await commit([move]);
      expect(outcomes).toEqual(["committed"]);
      expect([await seatRevision(web), await seatRevision(web, m2)]).toEqual([revision, revision]);
    });

    test("tombstones, marks and files are deleted by what was seen of them", async () => {
      const { keys } = daemon.options;
      const file = content();
      const revision = await write(
        harness.store,
        put(keys.seat(m1, web), "{}"),
        put(keys.mark(web), "{}"),
        put(keys.unitFile(file.contentId), file.text),
      );
      const changes = (seen: number): GuardedChange[] => [
        {
          unit: web,
          guards: [{ kind: "seat", machine: m1, unit: web, revision: seen }],
          writes: [{ kind: "delete-seat", machine: m1, unit: web }],
        },
        {
          unit: web,
          guards: [{ kind: "mark", unit: web, revision: seen }],
          writes: [{ kind: "delete-mark", unit: web }],
        },
        {
          unit: undefined,
          guards: [],
          writes: [{ kind: "delete-unit-file", contentId: file.contentId, modRevision: seen }],
        },
      ];
      expect((await commit(changes(revision - 1))).outcomes).toEqual(["stale", "stale", "stale"]);
      expect((await commit(changes(revision))).outcomes).toEqual(["committed", "committed", "committed"]);
    });

    test("a write without a guard of its own key is a bug", async () => {
      const unguarded = { unit: web, guards: [], writes: [seatWrite(web, m1)] };
      await expect(commit([unguarded])).rejects.toThrow(/assertion failed/);
    });

    test("a batch whose answer is lost is recognised, not repeated", async () => {
      const units = ["a.service", "b.service"].map(unitName);
      const lose = (changes: readonly GuardedChange[]) =>
        harness.finish(daemon.line.losingReply(() => commit(changes)));
      const { outcomes } = await lose(units.map((unit) => seatChange(unit)));
      expect(outcomes).toEqual(["committed", "committed"]);
      const { items } = await harness.store.range({ prefix: daemon.options.keys.schedule }, never);
      expect(items.map(({ version }) => version)).toEqual([1, 1]);
      const seen = (await seatRevision(unitName("a.service"))) ?? 0;
      const removal: GuardedChange = {
        unit: unitName("a.service"),
        guards: [{ kind: "seat", machine: m1, unit: unitName("a.service"), revision: seen }],
        writes: [{ kind: "delete-seat", machine: m1, unit: unitName("a.service") }],
      };
      expect((await lose([removal])).outcomes).toEqual(["committed"]);
    });

    test("answers that stay away leave the outcome unknown", async () => {
      daemon.line.cut();
      const outcome = await harness.finish(
        commit([seatChange(web)]).then(
          ({ outcomes }) => outcomes[0],
          (error: { code: string }) => error.code,
        ),
      );
      // Unknown, unless the office was lost before.
      expect(["unknown", "conflict"]).toContain(outcome);
      daemon.line.heal();
    });

    test("whoever is not the leader any more writes nothing", async () => {
      const { keys } = daemon.options;
      await write(harness.store, { kind: "delete", key: keys.leader });
      expect(await codeOf(commit([seatChange(web)]))).toBe("conflict");
      expect(await seatRevision(web)).toBeUndefined();
    });

    test("a leader that does not know of its fall writes nothing, whoever leads instead", async () => {
      const { keys, clock } = daemon.options;
      const { items } = await harness.store.range({ key: keys.leader }, never);
      const { value = "", leaseId = "" } = items[0] ?? {};
      // Nothing tells this one: no signal, no clock.
      const ghost = new Office({
        ...{ term: term.leadership.term, revision: term.leadership.revision, leaseId },
        ...{ machine: daemon.machine, instance: `${daemon.machine}-process` },
        ...{ leaderKey: keys.leader, clock, signal: never },
        validUntilMs: () => Number.POSITIVE_INFINITY,
        resign: async () => undefined,
      });
      const ghostCommit = () => daemon.leaderWrites.commit(ghost, [seatChange(web)], never);
      await term.stop();
      expect(await codeOf(ghostCommit())).toBe("conflict");
      // Not even if a key of exactly the same value is there again.
      await write(harness.store, put(keys.leader, value));
      expect(await codeOf(ghostCommit())).toBe("conflict");
      await write(harness.store, { kind: "delete", key: keys.leader });
      const other = await elect(harness, await makeDaemon(harness, "m2"));
      expect(await codeOf(ghostCommit())).toBe("conflict");
      await other.stop();
      expect(await seatRevision(web)).toBeUndefined();
    });

    test("the status goes with the office", async () => {
      const { keys } = daemon.options;
      const status = { machines: [], refusals: [{ unit: web, reason: "no machine" }] };
      await daemon.leaderWrites.publishStatus(term.leadership, status, never);
      const { items } = await harness.store.range({ key: keys.status }, never);
      expect(items[0]?.version).toBe(1);
      await daemon.leaderWrites.publishStatus(term.leadership, status, never);
      expect((await harness.store.range({ key: keys.status }, never)).items[0]?.version).toBe(1);
      await term.leadership.resign();
      await harness.until("the status to go", async () => {
        return (await harness.store.range({ key: keys.status }, never)).count === 0;
      });
    });

    test("files that nothing refers to are found; one unreadable record keeps all", async () => {
      const { keys } = daemon.options;
      const [used, seated, unused] = [content("used"), content("seated"), content("unused")];
      await daemon.units.changeUnit(web, () => ({ content: used, desiredState: "inactive" }), never);
      const change = seatChange(unitName("seated.service"));
      const seat = seatWrite(unitName("seated.service"), m1);
      await commit([
        { ...change, writes: [{ ...seat, seat: { ...seat.seat, contentId: seated.contentId } }] },
      ]);
      const revision = await write(
        harness.store,
        put(keys.unitFile(seated.contentId), seated.text),
        put(keys.unitFile(unused.contentId), unused.text),
      );
      expect(await daemon.leaderWrites.unreferencedUnitFiles(never)).toEqual([
        { contentId: unused.contentId, modRevision: revision },
      ]);
      await write(harness.store, put(keys.unit(unitName("broken.service")), "{"));
      expect(await daemon.leaderWrites.unreferencedUnitFiles(never)).toEqual([]);
    });
  });
}

type SeatWrite = Extract<LeaderWrite, { kind: "put-seat" }>;

function seatWrite(unit: UnitName, machine = m1, target: "launched" | "absent" = "launched"): SeatWrite {
  const { contentId, hash } = content();
  return {
    kind: "put-seat",
    seat: { machine, unit, contentId, hash, target, startCount: 1, reason: "test" },
  };
}

function seatChange(unit: UnitName): GuardedChange {
  return {
    unit,
    guards: [{ kind: "seat", machine: m1, unit, revision: 0 }],
    writes: [seatWrite(unit)],
  };
}
