import { describe, expect, test } from "vitest";
import { planMachine } from "./plan-machine.js";
import {
  active,
  ended,
  here,
  launched,
  loaded,
  machine,
  plan,
  type Sketch,
  tombstone,
  unitOf,
} from "./testing/unit-sketch.js";

describe("a unit is not started beside one that it conflicts with", () => {
  const conflicts = { file: { conflicts: ["b.service"] } };
  const rivals: readonly {
    readonly name: string;
    readonly b: Sketch;
    readonly tasks: readonly string[];
    readonly waits?: boolean;
  }[] = [
    {
      name: "being stopped",
      b: { ...tombstone, ...here, local: active },
      tasks: ["stop b.service"],
      waits: true,
    },
    {
      name: "its stop job under way",
      b: { ...tombstone, ...here, local: { activeState: "deactivating" }, rest: { work: "stop" } },
      tasks: [],
      waits: true,
    },
    { name: "running without a seat", b: { ...here, local: active }, tasks: [], waits: true },
    {
      name: "stopped",
      b: { ...tombstone, ...here, local: ended },
      tasks: ["start a.service", "unload b.service"],
    },
    { name: "loaded only", b: { ...loaded, ...here, rest: { watermark: 20 } }, tasks: ["start a.service"] },
    {
      name: "ended by itself",
      b: { ...launched, ...here, record: {}, rest: { watermark: 20 }, local: ended },
      tasks: ["start a.service"],
    },
    {
      name: "being unloaded",
      b: { ...tombstone, ...here, rest: { work: "unload" } },
      tasks: ["start a.service"],
    },
  ];
  test.each(rivals)("$name", ({ b, tasks, waits }) => {
    const result = plan({ "a.service": { ...launched, ...conflicts }, "b.service": b });
    expect(result.tasks).toEqual(tasks);
    expect("a.service" in result.waits).toBe(waits ?? false);
  });

  test("whichever of the two declares it", () => {
    const { tasks } = plan({
      "a.service": { ...launched, ...here },
      "b.service": { file: { conflicts: ["a.*"] }, local: active },
    });
    expect(tasks).toEqual([]);
  });

  test("of two that are to be started, the older seat is", () => {
    const { tasks, waits } = plan({
      "a.service": { seat: { createRevision: 12 }, ...conflicts },
      "b.service": { seat: { createRevision: 11 }, ...here },
    });
    expect(tasks).toEqual(["start b.service"]);
    expect(waits).toEqual({ "a.service": 'waits until "b.service" has stopped, which it conflicts with' });
  });
});

test("older seats come first, then names", () => {
  const { tasks } = plan({
    "c.service": { seat: { createRevision: 5 }, ...here },
    "b.service": { seat: { createRevision: 9 }, ...here },
    "a.service": { seat: { createRevision: 9 }, ...here },
  });
  expect(tasks).toEqual(["start c.service", "start a.service", "start b.service"]);
});

test("plans are made for the units asked for alone, looking at all", () => {
  const a = unitOf("a.service", { ...launched, file: { conflicts: ["b.service"] } });
  const b = unitOf("b.service", { ...tombstone, ...here, local: active });
  const view = {
    machine,
    condition: "joined",
    isConnected: true,
    bootId: "boot",
    reconcilesDrift: false,
    units: new Map([a, b].map((unit) => [unit.name, unit])),
  } as const;
  const { tasks, waits } = planMachine(view, new Set([a.name]));
  expect(tasks).toEqual([]);
  expect([...waits.keys()]).toEqual([a.name]);
});
