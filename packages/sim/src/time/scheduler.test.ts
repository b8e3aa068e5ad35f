import { describe, expect, test } from "vitest";
import { Scheduler } from "./scheduler.js";

describe("virtual time", () => {
  test("what is due first happens first, and of the same moment what was scheduled first", async () => {
    const scheduler = new Scheduler();
    const seen: string[] = [];
    const note = (what: string) => () => seen.push(`${what}@${scheduler.nowMs}`);
    scheduler.after(20, note("c"));
    scheduler.after(10, note("a"));
    scheduler.after(10, note("b"));
    scheduler.cancel(scheduler.after(5, note("never")));
    await scheduler.run(15);
    expect([seen, scheduler.nowMs]).toEqual([["a@10", "b@10"], 15]);
    await scheduler.run(100);
    expect([seen.at(-1), scheduler.nowMs]).toEqual(["c@20", 100]);
  });

  test("stands still until everything that follows has happened, however long the chain", async () => {
    const scheduler = new Scheduler();
    let reached = 0;
    scheduler.after(1, () => {
      void (async () => {
        for (let step = 0; step < 10_000; step += 1) await Promise.resolve();
        reached = scheduler.nowMs;
      })();
    });
    scheduler.after(2, () => {});
    await scheduler.run(10);
    expect(reached).toBe(1);
  });

  test("a wait is never so short that no time passes; who never waits is found out", async () => {
    const scheduler = new Scheduler();
    await scheduler.run(1_000_000);
    scheduler.after(1e-12, () => {});
    await scheduler.run(1_000_001);
    const spin = (): void => void scheduler.after(0, spin);
    spin();
    await expect(scheduler.run(1_000_002)).rejects.toThrow(/spins/);
  });
});
