import type { Guard, GuardedChange } from "@fleet/core/ports";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { content, elect, machineId, makeLateDaemon, readJson, type TestTerm, unitName } from "./daemon.js";
import type { MakeHarness, StoreHarness } from "./harness.js";
import { type Fate, type LateStore, writesUnder } from "./late-store.js";
import { never, put, write } from "./store-words.js";

const m1 = machineId("m1");
const m2 = machineId("m2");
const web = unitName("web.service");

/** The leader's writes that reach etcd after it was given up to wait for them. */
export function describeLateWrites(name: string, makeHarness: MakeHarness): void {
  describe(`late writes: ${name}`, () => {
    let harness: StoreHarness;
    let daemon: Awaited<ReturnType<typeof makeLateDaemon>>;
    let late: LateStore;
    let term: TestTerm;
    beforeEach(async () => {
      harness = await makeHarness();
      daemon = await makeLateDaemon(harness);
      late = daemon.late;
      term = await elect(harness, daemon);
    });
    afterEach(async () => {
      await term.stop();
      await harness.close();
    });

    const commit = (...changes: readonly GuardedChange[]) =>
      harness.finish(daemon.leaderWrites.commit(term.leadership, changes, never));
    const settle = () => harness.finish(daemon.leaderWrites.settle(term.leadership, never));
    /** Decides about the next transactions that write seats; those that come after them get through. */
    const fates = (...next: Fate[]) => {
      late.fate = (transaction) =>
        writesUnder(daemon.options.keys.schedule, transaction) ? (next.shift() ?? "pass") : "pass";
    };
    const publish = (reason: string) => {
      const status = { machines: [], refusals: [{ unit: web, reason }] };
      return daemon.leaderWrites.publishStatus(term.leadership, status, never);
    };
    const seats = async () => {
      const { items } = await harness.store.range({ prefix: daemon.options.keys.schedule }, never);
      return items.map(({ key }) => key.slice(daemon.options.keys.schedule.length));
    };

    test("a seat whose write was given up is not written once that is settled, however late it arrives", async () => {
      fates("late", "lost", "lost", "lost", "lost");
      expect((await commit(seatChange(m1))).outcomes).toEqual(["unknown"]);
      await settle();
      expect(await seats()).toEqual([]);
      expect((await commit(seatChange(m2))).outcomes).toEqual(["committed"]);
      expect((await late.deliver()).map(({ succeeded }) => succeeded)).toEqual([false]);
      expect(await seats()).toEqual([`${m2}/${web}`]);
    });

    test("what arrives before it is settled is there when it is", async () => {
      fates("late");
      const ofSeats = late.fate;
      // Nor does anything get through that would settle it.
      late.fate = (transaction) =>
        writesUnder(daemon.options.keys.leader, transaction) ? "lost" : ofSeats(transaction);
      expect((await commit(seatChange(m1))).outcomes).toEqual(["unknown"]);
      await late.deliver();
      late.fate = () => "pass";
      await settle();
      expect(await seats()).toEqual([`${m1}/${web}`]);
    });

    test("a change that is called stale stays so, though its guards hold again", async () => {
      const presence = daemon.options.keys.presence(m2);
      const absent: Guard = { kind: "presence", machine: m2, revision: 0 };
      const change = seatChange(m1);
      await write(harness.store, put(presence, "{}"));
      fates("late");
      const { outcomes } = await commit({ ...change, guards: [...change.guards, absent] });
      expect(outcomes).toEqual(["stale"]);
      await write(harness.store, { kind: "delete", key: presence });
      expect((await late.deliver()).map(({ succeeded }) => succeeded)).toEqual([false]);
      expect(await seats()).toEqual([]);
    });

    test("a change that was sent again does not happen a second time when all is as it was before", async () => {
      fates("late");
      expect((await commit(seatChange(m1))).outcomes).toEqual(["committed"]);
      await write(harness.store, { kind: "delete", key: daemon.options.keys.seat(m1, web) });
      await late.deliver();
      expect(await seats()).toEqual([]);
    });

    test("batches that were under way meanwhile are sent again, and the office goes on", async () => {
      fates("held", "late", "held");
      const [a, b, c] = ["a.service", "b.service", "c.service"].map((unit) =>
        daemon.leaderWrites.commit(term.leadership, [seatChange(m1, unit)], never),
      );
      await harness.until("the second to be written", async () => (await seats()).length === 1);
      await harness.finish(late.deliver());
      const results = await harness.finish(Promise.all([a, b, c]));
      expect(results.map((result) => result?.outcomes)).toEqual([
        ["committed"],
        ["committed"],
        ["committed"],
      ]);
      const { items } = await harness.store.range({ prefix: daemon.options.keys.schedule }, never);
      expect(items.map(({ version }) => version)).toEqual([1, 1, 1]);
      expect(term.leadership.signal.aborted).toBe(false);
    });

    test("what voids late writes may itself get no answer, and be late", async () => {
      const { keys } = daemon.options;
      const voiding: Fate[] = ["late", "late", "lost"];
      fates("late");
      const ofSeats = late.fate;
      late.fate = (transaction) =>
        writesUnder(keys.leader, transaction) ? (voiding.shift() ?? "pass") : ofSeats(transaction);
      expect((await commit(seatChange(m1))).outcomes).toEqual(["committed"]);
      expect((await late.deliver()).map(({ succeeded }) => succeeded)).toEqual([false, false, false]);
      expect((await commit(seatChange(m2))).outcomes).toEqual(["committed"]);
      expect(await readJson(harness.store, keys.leader)).toMatchObject({ machine: m1, voided: 1 });
    });

    test("a status that arrives late does not replace a newer one", async () => {
      const { keys } = daemon.options;
      late.fate = (transaction) => (writesUnder(keys.status, transaction) ? "late" : "pass");
      await expect(publish("old")).rejects.toMatchObject({ code: "unavailable" });
      late.fate = () => "pass";
      await harness.finish(publish("new"));
      await late.deliver();
      expect(await readJson(harness.store, keys.status)).toMatchObject({ refusals: [{ reason: "new" }] });
    });

    test("a status whose answer was lost is not left there when all is as it was before", async () => {
      const { keys } = daemon.options;
      await publish("old");
      late.fate = (transaction) => (writesUnder(keys.status, transaction) ? "late" : "pass");
      await expect(publish("new")).rejects.toMatchObject({ code: "unavailable" });
      await late.deliver();
      late.fate = () => "pass";
      await harness.finish(publish("old"));
      expect(await readJson(harness.store, keys.status)).toMatchObject({ refusals: [{ reason: "old" }] });
    });

    test("the leader's key hangs on its lease as before, and goes with the office", async () => {
      const { keys } = daemon.options;
      const key = { key: keys.leader };
      const before = (await harness.store.range(key, never)).items[0];
      fates("late");
      await commit(seatChange(m1));
      const after = (await harness.store.range(key, never)).items[0];
      expect(after).toMatchObject({ leaseId: before?.leaseId, createRevision: before?.createRevision });
      expect(after?.value).not.toBe(before?.value);
      await harness.pass(1_000);
      expect(term.leadership.signal.aborted).toBe(false);
      await term.stop();
      await harness.until("the key to go", async () => (await harness.store.range(key, never)).count === 0);
    });

    test("nothing is voided while all writes are answered", async () => {
      await commit(seatChange(m1));
      await settle();
      expect((await harness.store.range({ key: daemon.options.keys.leader }, never)).items[0]?.version).toBe(
        1,
      );
    });

    test("what is sent after the proof was renewed finds nothing to prove it in an older etcd", async () => {
      const { keys } = daemon.options;
      const older = (await harness.store.range({ key: keys.leader }, never)).items[0];
      await harness.finish(daemon.leaderWrites.renewProof(term.leadership, never));
      fates("late", "lost", "lost", "lost", "lost");
      await commit(seatChange(m1));
      // What a backup of before has at this key, as if it had been restored.
      const { leaseId } = older!;
      await write(harness.store, { kind: "put", key: keys.leader, value: older!.value, leaseId: leaseId! });
      expect((await late.deliver()).map(({ succeeded }) => succeeded)).toEqual([false]);
      expect(await seats()).toEqual([]);
    });

    test("whoever lost the office voids nothing", async () => {
      const { keys } = daemon.options;
      fates("late", "lost", "lost", "lost", "lost");
      await commit(seatChange(m1));
      await write(harness.store, { kind: "delete", key: keys.leader });
      await expect(settle()).rejects.toMatchObject({ code: "conflict" });
      expect((await late.deliver()).map(({ succeeded }) => succeeded)).toEqual([false]);
      expect(await seats()).toEqual([]);
    });
  });
}

function seatChange(machine: typeof m1, unit = "web.service"): GuardedChange {
  const { contentId, hash } = content();
  const seat = { machine, unit: unitName(unit), contentId, hash, target: "launched" } as const;
  return {
    unit: unitName(unit),
    guards: [{ kind: "seat", machine, unit: unitName(unit), revision: 0 }],
    writes: [{ kind: "put-seat", seat: { ...seat, startCount: 1, reason: "test" } }],
  };
}
