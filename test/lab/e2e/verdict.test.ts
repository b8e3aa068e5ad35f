import { describe, expect, it } from "vitest";
import type { RunningUnit } from "../truth.js";
import { Timeline } from "./timeline.js";
import { onMachines, plain, type UnitSpec } from "./unit-spec.js";
import {
  type Absence,
  brokenRules,
  type Evidence,
  endsWithoutReason,
  needlessMoves,
  pileUps,
} from "./verdict.js";

const ttlMs = 10_000;
const graceMs = 1_000;
const [web] = plain(1, "web") as readonly [UnitSpec];

/** What ran when: `"m1 a"` is the run `a` of the unit on m1. */
function evidence(
  looks: Readonly<Record<number, readonly string[]>>,
  more: Partial<Evidence> & { readonly specs?: ReadonlyMap<string, UnitSpec> } = {},
): Evidence {
  let running: readonly RunningUnit[] = [];
  let nowMs = 0;
  const timeline = new Timeline({ look: () => running }, () => nowMs);
  for (const [atMs, runs] of Object.entries(looks)) {
    nowMs = Number(atMs);
    running = runs.map((run) => {
      const [machine = "", invocation = "", unit = web.name] = run.split(" ");
      return { machine, unit, pid: 1, invocation };
    });
    timeline.look();
  }
  const specs = new Map([[web.name, web]]);
  return { timeline, specs, absences: [], asked: new Map(), ttlMs, graceMs, ...more };
}

const away = (machine: string, fromMs: number, toMs: number, off = false): Absence => ({
  machine,
  fromMs,
  toMs,
  off,
});

describe("an end needs a reason (I2)", () => {
  it.each<[string, Evidence, number]>([
    ["none was given", evidence({ 0: ["m1 a"], 5000: [] }), 1],
    ["it was restarted in place", evidence({ 0: ["m1 a"], 5000: ["m1 b"] }), 1],
    [
      "it had no process for a moment, between two of its commands",
      evidence({ 0: ["m1 a"], 5000: [], 5040: ["m1 a"] }),
      0,
    ],
    [
      "somebody asked for it",
      evidence({ 0: ["m1 a"], 5000: [] }, { asked: new Map([[web.name, [4_500]]]) }),
      0,
    ],
    [
      "somebody asked long ago",
      evidence({ 0: ["m1 a"], 5000: [] }, { asked: new Map([[web.name, [1_000]]]) }),
      1,
    ],
    [
      "its machine was off",
      evidence({ 0: ["m1 a"], 5000: [] }, { absences: [away("m1", 4_990, 9_000, true)] }),
      0,
    ],
    [
      "another machine was off",
      evidence({ 0: ["m1 a"], 5000: [] }, { absences: [away("m2", 4_990, 9_000, true)] }),
      1,
    ],
    [
      "it ran elsewhere by then, and its machine had been silent for long",
      evidence(
        { 0: ["m1 a"], 15000: ["m1 a", "m2 b"], 26000: ["m2 b"] },
        { absences: [away("m1", 1, 25_000)] },
      ),
      0,
    ],
    [
      "it ran elsewhere by then, but its machine was silent for a moment only",
      evidence({ 0: ["m1 a"], 2000: ["m1 a", "m2 b"], 3000: ["m2 b"] }, { absences: [away("m1", 1, 1_000)] }),
      1,
    ],
    [
      "its machine had been silent for long, but it ran nowhere else",
      evidence({ 0: ["m1 a"], 26000: [] }, { absences: [away("m1", 1, 25_000)] }),
      1,
    ],
  ])("%s", (_, given, count) => {
    expect(endsWithoutReason(given)).toHaveLength(count);
  });
});

describe("a move needs a reason (I4)", () => {
  it.each<[string, Evidence, number]>([
    [
      "it began beside a run on a machine that was there",
      evidence({ 0: ["m1 a"], 9000: ["m1 a", "m2 b"] }),
      1,
    ],
    [
      "it began when the other machine had been silent for long",
      evidence({ 0: ["m1 a"], 9000: ["m1 a", "m2 b"] }, { absences: [away("m1", 1, 20_000)] }),
      0,
    ],
    [
      "it began when the other machine had just fallen silent",
      evidence({ 0: ["m1 a"], 3000: ["m1 a", "m2 b"] }, { absences: [away("m1", 1, 20_000)] }),
      1,
    ],
    ["it ran nowhere else any more", evidence({ 0: ["m1 a"], 5000: [], 6000: ["m2 b"] }), 0],
  ])("%s", (_, given, count) => {
    expect(needlessMoves(given)).toHaveLength(count);
  });
});

describe("rules (I3)", () => {
  it("a machine that the unit's rules exclude", () => {
    const picky = onMachines("picky", ["m1"]);
    const specs = new Map([[picky.name, picky]]);
    expect(brokenRules(evidence({ 0: [`m1 a ${picky.name}`] }, { specs }))).toEqual([]);
    expect(brokenRules(evidence({ 0: [`m2 a ${picky.name}`] }, { specs }))).toHaveLength(1);
  });

  it("two that exclude each other on one machine, at one time", () => {
    const specs = new Map(plain(2, "x").map((unit) => [unit.name, { ...unit, apart: "x" }]));
    const together = evidence({ 0: ["m1 a x-1.service", "m1 b x-2.service"] }, { specs });
    const inTurn = evidence({ 0: ["m1 a x-1.service"], 1000: ["m1 b x-2.service"] }, { specs });
    expect(brokenRules(together)).toHaveLength(1);
    expect(brokenRules(inTurn)).toEqual([]);
  });
});

it("counts what a machine has run at once (I5)", () => {
  const given = evidence({ 0: ["m1 a u-1.service", "m1 b u-2.service"], 1000: ["m1 a u-1.service"] });
  expect(pileUps(given, 2)).toEqual([]);
  expect(pileUps(given, 1)).toMatchObject([{ promise: "I5", what: expect.stringContaining("m1 ran 2") }]);
});
