import { RegistryDistrustError } from "@fleet/core";
import { describe, expect, test } from "vitest";
import { makeMemoryHarness } from "./contract/memory-harness.js";
import { codeOf, never, put, write } from "./contract/store-words.js";
import { Trust } from "./trust.js";

describe("trust", () => {
  test("what watches say is known, and compared with the answers that come after", async () => {
    const { store, etcd, clock } = await makeMemoryHarness();
    const snapshot = etcd.snapshot();
    const trust = new Trust(etcd.connect());
    const stop = new AbortController();
    const watching = trust.store.watch({ key: "a" }, 1, stop.signal, () => undefined).catch(() => undefined);
    const revision = await write(store, put("a"));
    await clock.settle();
    expect(trust.highest).toBe(revision);
    etcd.restore(snapshot);
    await watching;
    expect(await codeOf(trust.store.range({ key: "a" }, never))).toBe("unavailable");
    expect(trust.problem).toMatch(/was at 2 before/);
    expect(() => trust.throwIfDistrusted()).toThrow(RegistryDistrustError);
    expect(() => trust.throwIfDistrusted()).toThrow(/wiped or restored/);
    expect(await codeOf(trust.probe.range({ key: "a" }, never))).toBe("resolved");
    stop.abort();
  });

  test("an answer that overtakes a later one is no sign of anything", async () => {
    const { etcd } = await makeMemoryHarness();
    const trust = new Trust(etcd.connect());
    const [early, late] = [trust.ask(), trust.ask()];
    late(10);
    early(9);
    expect([trust.problem, trust.highest]).toEqual([undefined, 10]);
    trust.ask()(9);
    expect(trust.problem).toBeDefined();
  });

  test("what was asked before a new beginning counts for nothing after it", async () => {
    const { etcd } = await makeMemoryHarness();
    const trust = new Trust(etcd.connect());
    trust.know(100);
    const asked = trust.ask();
    trust.believe(5);
    asked(7);
    expect([trust.problem, trust.highest]).toEqual([undefined, 5]);
  });

  test("until it was asked once nothing is acted upon, and that is no finding", async () => {
    const { etcd } = await makeMemoryHarness();
    const trust = new Trust(etcd.connect());
    trust.question("nobody asked yet");
    expect(await codeOf(trust.store.range({ key: "a" }, never))).toBe("unavailable");
    expect(await codeOf(trust.probe.range({ key: "a" }, never))).toBe("resolved");
    expect([trust.problem, trust.finding]).toEqual(["nobody asked yet", undefined]);
    trust.confirm();
    expect(await codeOf(trust.store.range({ key: "a" }, never))).toBe("resolved");
    expect(trust.highest).toBe(1);
  });

  test("the first reason stays; listeners hear of the loss and of the return, once each", async () => {
    const { etcd } = await makeMemoryHarness();
    const trust = new Trust(etcd.connect());
    const heard: (string | undefined)[] = [];
    const unsubscribe = trust.subscribe(() => heard.push(trust.problem));
    trust.distrust("one");
    trust.distrust("two");
    trust.believe(1);
    trust.believe(2);
    unsubscribe();
    trust.distrust("three");
    expect(heard).toEqual(["one", undefined]);
  });
});
