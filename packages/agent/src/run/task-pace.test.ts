import { describe, expect, test } from "vitest";
import type { AgentTaskKind } from "../plan/machine-view.js";
import { TaskPace } from "./task-pace.js";

/** Begins, as soon as it may, whatever is next in a circle of kinds. @returns how often within so many ms. */
function roundsIn(kinds: readonly AgentTaskKind[], ms: number): number {
  const pace = new TaskPace();
  let nowMs = 0;
  let rounds = 0;
  for (;;) {
    const kind = kinds[rounds % kinds.length] ?? "load";
    nowMs = Math.max(nowMs, pace.readyAtMs(kind, 7));
    if (nowMs > ms) return rounds;
    pace.done(kind, 7, nowMs);
    rounds += 1;
  }
}

describe("the pace of one unit's tasks", () => {
  test.each<readonly AgentTaskKind[]>([["unload"], ["stop", "unload"], ["load", "stop", "start"]])(
    "%s again and again is slowed down to once a minute",
    (...kinds) => {
      expect(roundsIn(kinds, 60_000)).toBeLessThan(12);
      expect(roundsIn(kinds, 3_600_000) - roundsIn(kinds, 3_000_000)).toBeLessThanOrEqual(11);
    },
  );

  test("what leads from a seat to its end is not slowed down", () => {
    const pace = new TaskPace();
    for (const kind of ["load", "stop", "start"] as const) {
      expect(pace.readyAtMs(kind, 7)).toBeLessThanOrEqual(100);
      pace.done(kind, 7, 100);
    }
  });

  test("the same for another seat is something new", () => {
    const pace = new TaskPace();
    for (let seat = 1; seat < 20; seat += 1) {
      expect(pace.readyAtMs("stop", seat)).toBeLessThanOrEqual(0);
      pace.done("stop", seat, 0);
    }
  });

  test("after a while of calm the same is done at once", () => {
    const pace = new TaskPace();
    for (let round = 0; round < 20; round += 1) {
      pace.done("start", 7, round * 100_000);
      expect(pace.readyAtMs("start", 7)).toBeLessThanOrEqual(round * 100_000 + 1_000);
    }
  });
});
