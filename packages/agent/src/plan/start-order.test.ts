import { parseUnitName, type Seat, type UnitName } from "@fleet/core";
import { describe, expect, test } from "vitest";
import type { AgentTask, AgentTaskKind, MachineView, UnitView } from "./machine-view.js";
import { startsToWait } from "./start-order.js";

interface Sketch {
  readonly after?: readonly string[];
  readonly before?: readonly string[];
  readonly work?: AgentTaskKind;
  readonly task?: "start" | "load" | "replace" | "stop";
  readonly target?: "launched" | "loaded";
}

const name = (letter: string): UnitName => parseUnitName(`${letter}.service`);

/** For each unit that is to wait: for which other one. Units are named by letters. */
function waitsOf(sketches: Readonly<Record<string, Sketch>>): Readonly<Record<string, string>> {
  const units = new Map<UnitName, UnitView>();
  const tasks: AgentTask[] = [];
  for (const [letter, { after = [], before = [], target = "launched", task, work }] of Object.entries(
    sketches,
  )) {
    const unit = name(letter);
    const seat = { unit, target } as Seat;
    const file = { after: after.map(name), before: before.map(name) };
    units.set(unit, { name: unit, seat, file, work } as unknown as UnitView);
    if (task !== undefined) tasks.push({ kind: task, unit, seat, reason: "" } as AgentTask);
  }
  const waits = startsToWait({ units } as unknown as MachineView, tasks);
  const letterOf = (unit: UnitName) => unit.slice(0, 1);
  return Object.fromEntries([...waits].map(([unit, first]) => [letterOf(unit), letterOf(first)]));
}

describe("a start waits", () => {
  test.each<[string, Readonly<Record<string, Sketch>>, Readonly<Record<string, string>>]>([
    ["for one it comes after", { a: { task: "start" }, b: { task: "start", after: ["a"] } }, { b: "a" }],
    [
      "for one that says it comes before",
      { a: { task: "start", before: ["b"] }, b: { task: "start" } },
      { b: "a" },
    ],
    ["for one being loaded", { a: { work: "load" }, b: { task: "start", after: ["a"] } }, { b: "a" }],
    [
      "for one whose content is being replaced",
      { a: { work: "replace" }, b: { task: "start", after: ["a"] } },
      { b: "a" },
    ],
    ["for one being started", { a: { work: "start" }, b: { task: "start", after: ["a"] } }, { b: "a" }],
    [
      "in a chain",
      { a: { task: "load" }, b: { task: "start", after: ["a"] }, c: { task: "start", after: ["b"] } },
      { b: "a", c: "b" },
    ],
    ["for nobody whose start has been issued", { a: {}, b: { task: "start", after: ["a"] } }, {}],
    ["for nobody who is not here", { b: { task: "start", after: ["z"] } }, {}],
    [
      "for nobody who is only loaded",
      { a: { task: "load", target: "loaded" }, b: { task: "start", after: ["a"] } },
      {},
    ],
    ["for nobody who stops", { a: { work: "stop" }, b: { task: "start", after: ["a"] } }, {}],
    [
      "for nobody in a ring",
      { a: { task: "start", after: ["b"] }, b: { task: "start", after: ["a"] }, c: { task: "start" } },
      {},
    ],
    ["for oneself never", { a: { task: "start", after: ["a"] } }, {}],
  ])("%s", (_what, sketches, waits) => {
    expect(waitsOf(sketches)).toEqual(waits);
  });
});
