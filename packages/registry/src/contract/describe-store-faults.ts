import { expect, test } from "vitest";
import type { StoreHarness } from "./harness.js";
import { codeOf, never, put, read, write } from "./store-words.js";

/** What a store does when its connection or its data are hurt. */
export function describeFaults(getHarness: () => StoreHarness): void {
  test("a broken connection fails calls and watches as unavailable, and new ones work", async () => {
    const harness = getHarness();
    const line = await harness.line();
    const revision = await write(line.store, put("a", "1"));
    const watching = codeOf(line.store.watch({ key: "a" }, revision + 1, never, () => undefined));
    line.cut();
    expect(await codeOf(line.store.range({ key: "a" }, never))).toBe("unavailable");
    expect(await watching).toBe("unavailable");
    line.heal();
    await harness.until("the line to work", async () => (await codeOf(read(line.store, "a"))) === "resolved");
  });

  test("a write whose answer is lost fails as unavailable, happened, and happened once", async () => {
    const harness = getHarness();
    const line = await harness.line();
    await write(line.store, put("warm-up"));
    const outcome = await codeOf(line.losingReply(() => write(line.store, put("a", "1"))));
    expect(outcome).toBe("unavailable");
    expect((await harness.store.range({ key: "a" }, never)).items[0]).toMatchObject({
      value: "1",
      version: 1,
    });
  });

  test("a call on a stalled line ends by itself; what was held back arrives afterwards", async () => {
    const harness = getHarness();
    const line = await harness.line();
    await write(line.store, put("warm-up"));
    line.stall("to-server");
    let outcome = "";
    void codeOf(line.store.range({ key: "a" }, never)).then((code) => {
      outcome = code;
    });
    await harness.until("the call to end", () => outcome !== "");
    expect(outcome).toBe("unavailable");
    line.heal();
    await harness.until("the line to work", async () => (await codeOf(read(line.store, "a"))) === "resolved");
  });

  test("20,000 events through a line that breaks three times: none lost, none doubled", async () => {
    const harness = getHarness();
    const line = await harness.line();
    const total = 20_000;
    // Four keys to a revision, because etcd delivers a thousand revisions at a time.
    const writes = Array.from({ length: total / 4 }, (_, group) =>
      Array.from({ length: 4 }, (_, index) => put(`e/${group * 4 + index}`, "x".repeat(100))),
    );
    let next = (await write(harness.store, put("before"))) + 1;
    for (let done = 0; done < writes.length; done += 50) {
      await Promise.all(writes.slice(done, done + 50).map((group) => write(harness.store, ...group)));
    }
    const seen: string[] = [];
    let breaks = 0;
    const stop = new AbortController();
    const follow = async (): Promise<void> => {
      while (seen.length < total) {
        const ending = line.store.watch({ prefix: "e/" }, next, stop.signal, (batch) => {
          for (const event of batch.events) if (event.kind === "put") seen.push(event.item.key);
          next = batch.revision + 1;
          if (breaks < 3 && seen.length > (breaks + 1) * 2_000) {
            breaks += 1;
            line.breakOnce();
          }
          if (seen.length >= total) stop.abort();
        });
        const code = await codeOf(ending);
        if (code !== "resolved" && code !== "unavailable") throw new Error(code);
        if (code === "unavailable") {
          await harness.until("the line", async () => (await codeOf(read(line.store, "e/0"))) === "resolved");
        }
      }
    };
    await follow();
    expect(breaks).toBe(3);
    expect(seen.length).toBe(total);
    expect(new Set(seen).size).toBe(total);
  });

  test("a wiped store begins anew; a watch on it does not pretend to go on", async () => {
    const harness = getHarness();
    const line = await harness.line();
    await write(line.store, put("a"));
    const revision = await write(line.store, put("a"));
    const watching = codeOf(line.store.watch({ key: "a" }, revision + 1, never, () => undefined));
    await harness.wipe();
    expect(await watching).toBe("unavailable");
    let now = revision;
    await harness.until("the store to answer", async () => {
      now = await harness.store.range({ key: "a" }, never).then(
        (answer) => answer.revision,
        () => revision,
      );
      return now < revision;
    });
    expect(now).toBe(1);
  });

  test("a restored store is at the old revision, with the old leases", async () => {
    const harness = getHarness();
    const leaseId = await harness.store.grantLease(60, never);
    const then = await write(harness.store, { kind: "put", key: "a", value: "old", leaseId });
    const snapshot = await harness.snapshot();
    await harness.until("etcd", async () => (await codeOf(read(harness.store, "a"))) === "resolved");
    await write(harness.store, put("a", "new"));
    await snapshot.restore();
    await harness.until("etcd", async () => (await codeOf(read(harness.store, "a"))) === "resolved");
    const { items, revision } = await harness.store.range({ key: "a" }, never);
    expect([items[0]?.value, items[0]?.leaseId, revision]).toEqual(["old", leaseId, then]);
    expect(await harness.store.keepAliveOnce(leaseId, never)).toBe(60);
  });
}
