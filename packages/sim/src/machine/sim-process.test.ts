import { describe, expect, test } from "vitest";
import { SimProcess } from "./sim-process.js";

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => {
      settled = true;
    },
    () => {
      settled = true;
    },
  );
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  return settled;
}

describe("a simulated process", () => {
  test("hears of what it asked for", async () => {
    const process = new SimProcess("m1#1");
    await expect(process.ask("disk.read", () => 42)).resolves.toBe(42);
    await expect(process.ask("disk.read", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  });

  test("frozen, says and hears nothing until it thaws", async () => {
    const process = new SimProcess("m1#1");
    let asked = false;
    process.freeze();
    const answer = process.ask("disk.write", () => {
      asked = true;
    });
    expect([await isSettled(answer), asked]).toEqual([false, false]);
    process.thaw();
    expect([await isSettled(answer), asked]).toEqual([true, true]);
  });

  test("killed before a write, has not written; killed after it, never hears of it", async () => {
    for (const [side, written] of [
      ["before", false],
      ["after", true],
    ] as const) {
      const process = new SimProcess("m1#1");
      let isWritten = false;
      process.trap({ matches: (point) => point.side === side, spring: () => process.kill() });
      const answer = process.ask("disk.write", () => {
        isWritten = true;
      });
      expect([await isSettled(answer), isWritten]).toEqual([false, written]);
    }
  });
});
