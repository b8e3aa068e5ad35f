import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Store, StoreEvent } from "../store.js";
import { describeFaults } from "./describe-store-faults.js";
import type { MakeHarness, StoreHarness } from "./harness.js";
import { codeOf, never, put, read, watchAll, write } from "./store-words.js";

/** What any `Store` must do; the twin is trusted because it passes the same cases as etcd. */
export function describeStore(name: string, makeHarness: MakeHarness): void {
  describe(`store: ${name}`, () => {
    let harness: StoreHarness;
    let store: Store;
    beforeEach(async () => {
      harness = await makeHarness();
      store = harness.store;
    });
    afterEach(() => harness.close());

    describeReads(() => store);
    describeTransactions(() => store);
    describeLeases(() => harness);
    describeWatches(() => harness);
    describeFaults(() => harness);
  });
}

function describeReads(getStore: () => Store): void {
  test("a key has a value, revisions and a version", async () => {
    const store = getStore();
    const first = await write(store, put("a", "1"));
    const second = await write(store, put("a", "2"));
    const { items, revision, count } = await store.range({ key: "a" }, never);
    expect(items).toEqual([
      { key: "a", value: "2", createRevision: first, modRevision: second, version: 2, leaseId: undefined },
    ]);
    expect([revision, count]).toEqual([second, 1]);
  });

  test("values keep every character", async () => {
    const store = getStore();
    const value = "tab\t, nul\0, ümlaut, 漢字, 🚀, line\nend\r\n";
    await write(store, put("a", value), put("empty"));
    expect(await read(store, "a")).toBe(value);
    expect(await read(store, "empty")).toBe("");
    expect(await read(store, "absent")).toBeUndefined();
  });

  test("a prefix reads what begins with it, in order, and nothing else", async () => {
    const store = getStore();
    await write(store, put("p/b"), put("p/a"), put("p"), put("p0"), put("p/a/x"), put("o/z"));
    const { items } = await store.range({ prefix: "p/" }, never);
    expect(items.map(({ key }) => key)).toEqual(["p/a", "p/a/x", "p/b"]);
  });

  test("pages at one revision see nothing of later writes", async () => {
    const store = getStore();
    for (const key of ["p/1", "p/2", "p/3", "p/4", "p/5"]) await write(store, put(key, "old"));
    const first = await store.range({ prefix: "p/", limit: 2 }, never);
    expect([first.more, first.count, first.items.length]).toEqual([true, 5, 2]);
    await write(store, put("p/4", "new"), { kind: "delete", key: "p/5" }, put("p/6", "new"));
    const rest = await store.range({ prefix: "p/", from: "p/2\0", revision: first.revision }, never);
    expect(rest.items.map(({ key, value }) => [key, value])).toEqual([
      ["p/3", "old"],
      ["p/4", "old"],
      ["p/5", "old"],
    ]);
    expect(rest.more).toBe(false);
    expect(rest.revision).toBe(first.revision + 1);
  });

  test("keys alone, and only what was modified since", async () => {
    const store = getStore();
    await write(store, put("p/1", "x"));
    const since = await write(store, put("p/2", "y"));
    const found = await store.range({ prefix: "p/", modifiedSince: since, keysOnly: true }, never);
    expect(found.items.map(({ key, value }) => [key, value])).toEqual([["p/2", ""]]);
    expect(found.count).toBe(2);
  });

  test("a revision that is not in the history is refused", async () => {
    const store = getStore();
    const revision = await write(store, put("a", "1"));
    expect(await codeOf(store.range({ key: "a", revision: revision + 1 }, never))).toBe("compacted");
  });

  test("an aborted signal ends a call with its reason", async () => {
    const reason = new Error("enough");
    await expect(getStore().range({ key: "a" }, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
}

function describeTransactions(getStore: () => Store): void {
  test("all writes of a transaction share its revision; reads in it see them", async () => {
    const store = getStore();
    const before = await write(store, put("a", "1"), put("c", "3"));
    const { succeeded, revision, results } = await store.transact(
      {
        success: [
          put("b", "2"),
          { kind: "get", prefix: "b" },
          { kind: "delete", key: "c" },
          { kind: "get", key: "c" },
        ],
      },
      never,
    );
    expect([succeeded, revision]).toEqual([true, before + 1]);
    expect(results.map((found) => found.map(({ key }) => key))).toEqual([[], ["b"], [], []]);
    expect(results[1]?.[0]?.modRevision).toBe(revision);
  });

  test("a transaction that changes nothing has no revision of its own", async () => {
    const store = getStore();
    const before = await write(store, put("a"));
    const { revision } = await store.transact({ success: [{ kind: "delete", key: "absent" }] }, never);
    expect(revision).toBe(before);
  });

  test("a failed compare changes nothing and takes the other branch", async () => {
    const store = getStore();
    const before = await write(store, put("a", "1"));
    const result = await store.transact(
      {
        compare: [{ key: "a", target: "mod", is: "=", operand: before + 5 }],
        success: [put("a", "2")],
        failure: [{ kind: "get", key: "a" }],
      },
      never,
    );
    expect([result.succeeded, result.revision]).toEqual([false, before]);
    expect(result.results[0]?.[0]?.value).toBe("1");
  });

  test("compares hold for what is there and for what is not", async () => {
    const store = getStore();
    const leaseId = await store.grantLease(60, never);
    const created = await write(store, { kind: "put", key: "a", value: "1", leaseId });
    const modified = await write(store, { kind: "put", key: "a", value: "2", leaseId });
    const cases = [
      [{ key: "a", target: "create", is: "=", operand: created }, true],
      [{ key: "a", target: "create", is: "!=", operand: 0 }, true],
      [{ key: "a", target: "mod", is: "=", operand: modified }, true],
      [{ key: "a", target: "mod", is: "=", operand: created }, false],
      [{ key: "a", target: "mod", is: "<", operand: modified + 1 }, true],
      [{ key: "a", target: "mod", is: ">", operand: modified }, false],
      [{ key: "a", target: "version", is: "=", operand: 2 }, true],
      [{ key: "a", target: "value", is: "=", operand: "2" }, true],
      [{ key: "a", target: "value", is: "!=", operand: "2" }, false],
      [{ key: "a", target: "lease", is: "=", operand: leaseId }, true],
      [{ key: "a", target: "lease", is: "=", operand: undefined }, false],
      [{ key: "none", target: "create", is: "=", operand: 0 }, true],
      [{ key: "none", target: "mod", is: "=", operand: 0 }, true],
      [{ key: "none", target: "version", is: ">", operand: 0 }, false],
      [{ key: "none", target: "value", is: "=", operand: "" }, false],
      [{ key: "none", target: "value", is: "!=", operand: "2" }, false],
      [{ key: "none", target: "lease", is: "=", operand: undefined }, true],
    ] as const;
    for (const [compare, holds] of cases) {
      const { succeeded } = await store.transact({ compare: [compare] }, never);
      expect([compare, succeeded]).toEqual([compare, holds]);
    }
    const both = { compare: [cases[0][0], cases[3][0]] };
    expect((await store.transact(both, never)).succeeded).toBe(false);
  });

  test("a prefix is deleted whole", async () => {
    const store = getStore();
    await write(store, put("p/1"), put("p/2"), put("q"));
    await write(store, { kind: "delete", prefix: "p/" });
    const left = await store.range({ prefix: "p" }, never);
    expect([left.items, await read(store, "q")]).toEqual([[], ""]);
  });

  test("limits: too many operations, a key written twice, an unknown lease", async () => {
    const store = getStore();
    const many = (count: number) => Array.from({ length: count }, (_, index) => put(`k${index}`));
    expect(await codeOf(write(store, ...many(128)))).toBe("resolved");
    expect(await codeOf(write(store, ...many(129)))).toBe("invalid-argument");
    expect(await codeOf(write(store, put("a"), put("a")))).toBe("invalid-argument");
    expect(await codeOf(write(store, put("big", "x".repeat(2 * 1024 * 1024))))).toBe("invalid-argument");
    const ghost = store.transact(
      { success: [{ kind: "put", key: "x", value: "", leaseId: "12345" }] },
      never,
    );
    expect(await codeOf(ghost)).toBe("not-found");
    expect(await read(store, "x")).toBeUndefined();
  });
}

function describeLeases(getHarness: () => StoreHarness): void {
  test("keys go when their lease ends, together and at one revision", async () => {
    const harness = getHarness();
    const { store } = harness;
    const leaseId = await store.grantLease(2, never);
    const revision = await write(
      store,
      { kind: "put", key: "l/1", value: "", leaseId },
      { kind: "put", key: "l/2", value: "", leaseId },
      put("other"),
    );
    const stop = new AbortController();
    const events: StoreEvent[] = [];
    const watching = store.watch({ prefix: "l/" }, revision + 1, stop.signal, (batch) => {
      events.push(...batch.events);
    });
    await harness.until("the keys to go", () => events.length === 2);
    stop.abort();
    await watching;
    expect(events).toEqual([
      { kind: "delete", key: "l/1", modRevision: revision + 1 },
      { kind: "delete", key: "l/2", modRevision: revision + 1 },
    ]);
    expect(await store.keepAliveOnce(leaseId, never)).toBe(0);
    expect(await store.leaseTimeToLive(leaseId, never)).toBeUndefined();
  });

  test("a renewed lease lives on and says how long", async () => {
    const harness = getHarness();
    const { store } = harness;
    const leaseId = await store.grantLease(3, never);
    await write(store, { kind: "put", key: "l", value: "", leaseId });
    for (let round = 0; round < 4; round += 1) {
      await harness.pass(1_000);
      expect(await store.keepAliveOnce(leaseId, never)).toBe(3);
    }
    const status = await store.leaseTimeToLive(leaseId, never);
    expect(status?.grantedSeconds).toBe(3);
    expect(status?.remainingSeconds).toBeGreaterThanOrEqual(2);
    expect(status?.raftTerm).toBeGreaterThanOrEqual(1);
    expect(await read(store, "l")).toBe("");
  });

  test("a revoked lease takes its keys along; revoking again is no error", async () => {
    const { store } = getHarness();
    const leaseId = await store.grantLease(60, never);
    await write(store, { kind: "put", key: "l", value: "", leaseId });
    await store.revokeLease(leaseId, never);
    expect(await read(store, "l")).toBeUndefined();
    await store.revokeLease(leaseId, never);
  });

  test("a key belongs to the lease of its newest write", async () => {
    const { store } = getHarness();
    const [first, second] = [await store.grantLease(60, never), await store.grantLease(60, never)];
    await write(store, { kind: "put", key: "l", value: "", leaseId: first });
    await write(store, { kind: "put", key: "l", value: "", leaseId: second });
    await store.revokeLease(first, never);
    expect((await store.range({ key: "l" }, never)).items[0]?.leaseId).toBe(second);
  });

  test("short leases are raised to the minimum", async () => {
    const { store } = getHarness();
    const leaseId = await store.grantLease(1, never);
    expect((await store.leaseTimeToLive(leaseId, never))?.grantedSeconds).toBe(2);
  });
}

function describeWatches(getHarness: () => StoreHarness): void {
  test("changes arrive in order, past ones first, whole revisions at a time", async () => {
    const harness = getHarness();
    const { store } = harness;
    const first = await write(store, put("p/1", "a"), put("q"), put("p/2"));
    await write(store, put("q", "x"));
    const watcher = watchAll(store, { prefix: "p/" }, first);
    await harness.until("the past", () => watcher.events.length === 2);
    const last = await write(store, { kind: "delete", key: "p/1" }, put("p/3"));
    await harness.until("the present", () => watcher.events.length === 4);
    await watcher.stop();
    expect(watcher.seen()).toEqual([
      `${first} put p/1`,
      `${first} put p/2`,
      `${last} delete p/1`,
      `${last} put p/3`,
    ]);
    expect(watcher.splitRevisions).toBe(0);
  });

  test("one key can be watched, and a revision that is yet to come", async () => {
    const harness = getHarness();
    const { store } = harness;
    const now = await write(store, put("a", "0"));
    const watcher = watchAll(store, { key: "a" }, now + 2);
    await write(store, put("a", "1"));
    await write(store, put("ab", "1"), put("a", "2"));
    await harness.until("the event", () => watcher.events.length === 1);
    await watcher.stop();
    expect(watcher.seen()).toEqual([`${now + 2} put a`]);
  });

  test("a watch from a compacted revision fails as such; one that is ahead lives on", async () => {
    const harness = getHarness();
    const { store } = harness;
    const first = await write(store, put("a", "1"));
    const last = await write(store, put("a", "2"));
    await write(store, put("a", "3"));
    const ahead = watchAll(store, { key: "a" }, last + 1);
    await harness.until("the watch", () => ahead.events.length === 1);
    await harness.compact(last + 1);
    expect(await codeOf(store.watch({ key: "a" }, first, never, () => undefined))).toBe("compacted");
    expect(await codeOf(store.range({ key: "a", revision: first }, never))).toBe("compacted");
    await write(store, put("a", "4"));
    await harness.until("the watch", () => ahead.events.length === 2);
    await ahead.stop();
  });

  test("an exception of the listener ends the watch and comes out unchanged", async () => {
    const { store } = getHarness();
    const revision = await write(store, put("a"));
    const bug = new Error("bug");
    const watching = store.watch({ key: "a" }, revision, never, () => {
      throw bug;
    });
    await expect(watching).rejects.toBe(bug);
  });

  test("an aborted watch resolves, before and after it has begun", async () => {
    const harness = getHarness();
    await harness.store.watch({ key: "a" }, 1, AbortSignal.abort(), () => undefined);
    const watcher = watchAll(harness.store, { key: "a" }, 1);
    await write(harness.store, put("a"));
    await harness.until("the event", () => watcher.events.length === 1);
    await watcher.stop();
    await write(harness.store, put("a"));
    expect(watcher.events.length).toBe(1);
  });

  test("values of more than 4 MB in one batch arrive", async () => {
    const harness = getHarness();
    const big = "x".repeat(1024 * 1024);
    const first = await write(harness.store, put("big/0", big));
    for (let index = 1; index < 6; index += 1) await write(harness.store, put(`big/${index}`, big));
    const watcher = watchAll(harness.store, { prefix: "big/" }, first);
    await harness.until("all values", () => watcher.events.length === 6);
    await watcher.stop();
  });
}
