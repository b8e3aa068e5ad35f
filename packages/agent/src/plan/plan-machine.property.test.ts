import { fc, test } from "@fast-check/vitest";
import { conflictBetween, parseMachineId, parseUnitName, type Seat, type UnitName } from "@fleet/core";
import { expect } from "vitest";
import type { AgentTask, MachineView, StartMemory, UnitView } from "./machine-view.js";
import { planMachine } from "./plan-machine.js";
import { canBeStopped, generationOf, isThere, readableFile } from "./unit-facts.js";

const machine = parseMachineId("m1");
const names = ["a.service", "b.service", "c.service"].map((name) => parseUnitName(name));
const contents = ["one", "two"];
const invocation = fc.constantFrom("", "i1", "i2");

const seats = (unit: UnitName): fc.Arbitrary<Seat | undefined> =>
  fc.option(
    fc.record({
      machine: fc.constant(machine),
      unit: fc.constant(unit),
      contentId: fc.constantFrom(...contents),
      hash: fc.constant("hash"),
      target: fc.constantFrom("launched", "loaded", "absent"),
      startCount: fc.integer({ min: 1, max: 2 }),
      term: fc.constant({ n: 1, uuid: "term" }),
      reason: fc.constant("because"),
      createRevision: fc.integer({ min: 1, max: 4 }),
      modRevision: fc.integer({ min: 4, max: 8 }),
    }),
    { nil: undefined },
  );

const starts: fc.Arbitrary<StartMemory> = fc.oneof(
  fc.constant({ kind: "never" as const }),
  fc.record({
    kind: fc.constant("record" as const),
    record: fc.record({
      generation: fc.record({
        bootId: fc.constantFrom("boot", "before"),
        seatRevision: fc.integer({ min: 1, max: 4 }),
        contentId: fc.constantFrom(...contents),
        startCount: fc.integer({ min: 1, max: 2 }),
      }),
      phase: fc.constantFrom("intent", "issued"),
      invocationBefore: invocation,
    }),
  }),
  fc.record({
    kind: fc.constant("lost" as const),
    saidStarted: fc.constantFrom(undefined, "not started" as const),
  }),
);

const units = (name: UnitName): fc.Arbitrary<UnitView> =>
  fc.record({
    name: fc.constant(name),
    path: fc.constant(`/units/${name}`),
    seat: seats(name),
    file: fc.option(
      fc.oneof(
        fc.constant("unreadable" as const),
        fc.record({
          contentId: fc.constantFrom(...contents),
          hash: fc.constant("hash"),
          conflicts: fc.subarray([...names] as string[], { maxLength: 1 }),
          hasInstall: fc.boolean(),
          isOfflineStart: fc.boolean(),
        }),
      ),
      { nil: undefined },
    ),
    local: fc.option(
      fc.record({
        loadState: fc.constantFrom("loaded", "not-found"),
        activeState: fc.constantFrom("active", "inactive", "failed", "activating", "deactivating"),
        subState: fc.constant(""),
        fragmentPath: fc.constantFrom("", "/lib/x", `/units/${name}`),
        invocationId: invocation,
        needDaemonReload: fc.boolean(),
        hasJob: fc.boolean(),
      }),
      { nil: undefined },
    ),
    watermark: fc.integer({ min: 0, max: 9 }),
    starts,
    acked: fc.option(fc.integer({ min: 4, max: 8 }), { nil: undefined }),
    hasState: fc.boolean(),
    work: fc.constant(undefined),
    isReplacing: fc.boolean(),
    wasStopped: fc.boolean(),
    hasTrigger: fc.boolean(),
  });

const views: fc.Arbitrary<MachineView> = fc.record({
  machine: fc.constant(machine),
  condition: fc.constantFrom("joined", "joined", "joined", "disconnected", "frozen", "offline"),
  isConnected: fc.constantFrom(true, true, true, false),
  bootId: fc.constant("boot"),
  reconcilesDrift: fc.constant(false),
  units: fc.tuple(...names.map(units)).map((list) => new Map(list.map((unit) => [unit.name, unit]))),
});

/** What a task leaves behind when all goes well. */
function applied(unit: UnitView, task: AgentTask): UnitView {
  const known = { loadState: "loaded", subState: "", fragmentPath: unit.path, needDaemonReload: false };
  const stopped = { ...known, activeState: "inactive", invocationId: "", hasJob: false };
  switch (task.kind) {
    case "load":
    case "replace": {
      const file = {
        contentId: task.seat.contentId,
        hash: "",
        conflicts: [],
        hasInstall: false,
        isOfflineStart: false,
      };
      const isRunning =
        task.kind === "load" && unit.local?.fragmentPath === unit.path && canBeStopped(unit.local);
      return {
        ...unit,
        file,
        local: isRunning && unit.local !== undefined ? { ...unit.local, ...known } : stopped,
        starts: task.kind === "replace" ? { kind: "never" } : unit.starts,
      };
    }
    case "stop":
      return {
        ...unit,
        local: { ...(unit.local ?? known), ...stopped },
        starts: { kind: "never" },
        watermark: task.seat.target === "loaded" ? task.seat.modRevision : unit.watermark,
      };
    case "unload":
    case "acknowledge":
      return {
        ...unit,
        file: undefined,
        acked: task.seat.modRevision,
        watermark: Math.max(unit.watermark, task.seat.modRevision),
        starts: { kind: "never" },
      };
    case "start":
    case "note-start":
      return {
        ...unit,
        local:
          task.kind === "start" && unit.local !== undefined
            ? { ...unit.local, activeState: "active" }
            : unit.local,
        starts: {
          kind: "record",
          record: { generation: task.generation, phase: "issued", invocationBefore: "" },
        },
        watermark: Math.max(unit.watermark, task.seat.modRevision),
        isReplacing: false,
      };
    case "forget":
      return { ...unit, acked: undefined, hasState: false, watermark: 0 };
  }
}

function step(view: MachineView): { readonly view: MachineView; readonly tasks: readonly AgentTask[] } {
  const { tasks } = planMachine(view);
  const next = new Map(view.units);
  for (const task of tasks) {
    const unit = view.units.get(task.unit);
    if (unit !== undefined) next.set(task.unit, applied(unit, task));
  }
  return { view: { ...view, units: next }, tasks };
}

test.prop([views])("nothing is stopped but by a present seat that is newer than any acted on", (view) => {
  for (const task of planMachine(view).tasks) {
    if (task.kind !== "stop" && task.kind !== "replace" && task.kind !== "unload") continue;
    const unit = view.units.get(task.unit);
    expect(unit?.seat).toBe(task.seat);
    expect(task.seat.modRevision).toBeGreaterThan(unit?.watermark ?? 0);
    const { target, contentId } = task.seat;
    const file = unit === undefined ? undefined : readableFile(unit);
    if (task.kind === "replace") expect(file?.contentId).not.toBe(contentId);
    else expect(task.kind === "unload" ? ["absent"] : ["absent", "loaded"]).toContain(target);
  }
});

test.prop([views])(
  "a machine that never reached the registry only starts, and only what is seated",
  (view) => {
    for (const { kind, unit } of planMachine({ ...view, condition: "offline" }).tasks) {
      expect(["load", "start", "note-start"]).toContain(kind);
      expect(view.units.get(unit)?.seat?.target).toBe("launched");
    }
  },
);

test.prop([views])("only a machine that has joined begins anything", (view) => {
  const { tasks } = planMachine(view);
  if (!view.isConnected || view.condition === "frozen") expect(tasks).toEqual([]);
  if (view.condition === "disconnected") {
    for (const task of tasks) expect(view.units.get(task.unit)?.isReplacing).toBe(true);
  }
});

test.prop([views])("a unit is started at most once for each generation", (view) => {
  const issued = new Set<string>();
  let current = view;
  for (let round = 0; round < 12; round += 1) {
    const { view: next, tasks } = step(current);
    for (const task of tasks) {
      if (task.kind !== "start") continue;
      const key = JSON.stringify([task.unit, task.generation]);
      expect(issued.has(key)).toBe(false);
      issued.add(key);
      const unit = current.units.get(task.unit);
      expect(task.generation).toEqual(unit?.seat && generationOf(unit.seat, current.bootId));
    }
    current = next;
  }
});

test.prop([views])("what is started has no conflict with what runs", (view) => {
  for (const task of planMachine(view).tasks) {
    if (task.kind !== "start") continue;
    const unit = view.units.get(task.unit);
    for (const other of view.units.values()) {
      if (unit === undefined || !isThere(other) || !canBeStopped(other.local)) continue;
      const files = [readableFile(unit), readableFile(other)];
      const [a, b] = files.map((file, index) => ({
        name: [unit.name, other.name][index] ?? "",
        conflicts: file?.conflicts ?? [],
      }));
      if (files[1] !== undefined && a !== undefined && b !== undefined) {
        expect(conflictBetween(a, b)).toBeUndefined();
      }
    }
  }
});

test.prop([views])("carrying plans out leads to an empty plan, and planning is repeatable", (view) => {
  let current = view;
  for (let round = 0; round < 12; round += 1) {
    expect(planMachine(current)).toEqual(planMachine(current));
    current = step(current).view;
  }
  // Whoever still waits for systemd to be asked is not waiting for the planner.
  expect(planMachine(current).tasks).toEqual([]);
});
