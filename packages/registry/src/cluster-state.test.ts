import { fc, test } from "@fast-check/vitest";
import {
  type ClusterView,
  type EngineStatus,
  parseMachineId,
  parseUnitName,
  unitContentFromText,
} from "@fleet/core";
import { describe, expect } from "vitest";
import { ClusterState } from "./cluster-state.js";
import { encodePresence, encodeSeat, encodeState, encodeUnit } from "./codec.js";
import { content } from "./contract/daemon.js";
import { Keys } from "./keys.js";
import { Mvcc } from "./memory/mvcc.js";
import { encodeStatus } from "./status-codec.js";
import type { Operation } from "./store.js";

const keys = new Keys();
const machines = ["m1", "m2"].map(parseMachineId);
const units = ["a.service", "b@1.service"].map(parseUnitName);
const texts = ["one", "two"].map(content);

/** Writes that a cluster sees, some of them garbage. */
const operations: fc.Arbitrary<Operation> = fc
  .tuple(
    fc.constantFrom(...machines),
    fc.constantFrom(...units),
    fc.constantFrom(...texts),
    fc.constantFrom("put", "put", "put", "garbage", "delete"),
    fc.nat({ max: 8 }),
  )
  .map(([machine, unit, text, action, which]): Operation => {
    const { contentId, hash } = text;
    const pairs: readonly (readonly [string, string])[] = [
      [
        keys.unit(unit),
        encodeUnit({ contentId, hash, desiredState: "launched", startCount: 1, changedAtMs: 1, write: "w" }),
      ],
      [keys.unitFile(contentId), text.text],
      [keys.mark(unit), '{"recordRevision":1}'],
      [
        keys.presence(machine),
        encodePresence({
          id: machine,
          primaryIp: "",
          apiAddresses: [],
          metadata: { from: "presence" },
          version: "",
          bootId: "",
          instance: "",
          state: "up",
        }),
      ],
      [keys.machineRecord(machine), "{}"],
      [keys.metadataValue(machine, "from"), "operator"],
      [keys.policy(machine), '{"cordoned":true,"drained":false}'],
      [
        keys.seat(machine, unit),
        encodeSeat({
          machine,
          unit,
          contentId,
          hash,
          target: "launched",
          startCount: 1,
          term: { n: 1, uuid: "t" },
          reason: "",
        }),
      ],
      [
        keys.state(machine, unit),
        encodeState({
          machine,
          unit,
          condition: "loaded",
          loadState: "",
          activeState: "",
          subState: "",
          contentId,
          hash,
          sinceMs: 1,
        }),
      ],
    ];
    const [key, value] = pairs[which] as readonly [string, string];
    if (action === "delete") return { kind: "delete", key };
    return { kind: "put", key, value: action === "garbage" ? "garbage" : value, leaseId: "1" };
  });

/** A view without what legitimately depends on the way: what was last readable under a key that is not now. */
function comparable(view: ClusterView): unknown {
  const unreadable = new Set(view.unreadable.map(({ key }) => key));
  const isReadable = (key: string) => !unreadable.has(key);
  return {
    ...view,
    unreadable: [...unreadable].sort(),
    destroyed: new Map([...view.destroyed].filter(([unit]) => isReadable(keys.mark(unit)))),
    machines: unreadable.size === 0 ? view.machines : undefined,
  };
}

describe("the records of the replica", () => {
  test.prop([
    fc.array(
      fc.uniqueArray(operations, {
        selector: ({ kind, ...rest }) => JSON.stringify((rest as { key?: string }).key),
        maxLength: 4,
      }),
      { maxLength: 30 },
    ),
    fc.nat({ max: 30 }),
  ])("followed step by step, or read anew in between, are the same as read at the end", (steps, reading) => {
    const mvcc = new Mvcc();
    const followed = new ClusterState(keys);
    const reread = new ClusterState(keys);
    const everything = () => mvcc.range({ prefix: keys.prefix }).items;
    for (const [index, success] of steps.entries()) {
      const before = mvcc.revision;
      mvcc.transact({ success }, () => true);
      const events = mvcc.eventsSince({ prefix: keys.prefix }, before + 1).flatMap((step) => step.events);
      followed.apply(events, mvcc.revision);
      if (index === reading) reread.load(everything(), mvcc.revision);
    }
    reread.load(everything(), mvcc.revision);
    followed.advance(mvcc.revision);
    const scratch = new ClusterState(keys);
    scratch.load(everything(), mvcc.revision);
    expect(comparable(followed.view())).toEqual(comparable(scratch.view()));
    expect(comparable(reread.view())).toEqual(comparable(scratch.view()));
    expect([followed.keyCount, reread.keyCount]).toEqual([scratch.keyCount, scratch.keyCount]);
  });

  test("a machine whose presence cannot be read is not away, and one whose policy cannot be read gets nothing new", () => {
    const mvcc = new Mvcc();
    const [machine] = machines as [(typeof machines)[number]];
    const put = (key: string): Operation => ({ kind: "put", key, value: "garbage", leaseId: "1" });
    mvcc.transact({ success: [put(keys.presence(machine)), put(keys.policy(machine))] }, () => true);
    const state = new ClusterState(keys);
    state.load(mvcc.range({ prefix: keys.prefix }).items, mvcc.revision);
    expect(state.view().machines.get(machine)).toEqual({
      id: machine,
      presence: undefined,
      unreadable: mvcc.revision,
      known: false,
      recordRevision: 0,
      metadata: {},
      policy: { cordoned: true, drained: false },
    });
    mvcc.transact({ success: [{ kind: "delete", key: keys.presence(machine) }] }, () => true);
    state.load(mvcc.range({ prefix: keys.prefix }).items, mvcc.revision);
    expect(state.view().machines.get(machine)?.unreadable).toBeUndefined();
  });

  test("a unit with a seat that cannot be read is not to be touched, also by who never could read it", () => {
    const mvcc = new Mvcc();
    const [machine] = machines as [(typeof machines)[number]];
    const [unit] = units as [(typeof units)[number]];
    const [{ contentId, hash }] = texts as [(typeof texts)[number]];
    const wish = { desiredState: "launched", startCount: 1, changedAtMs: 1, write: "w" } as const;
    const record = encodeUnit({ contentId, hash, ...wish });
    const key = keys.seat(machine, unit);
    const put = (of: string, value: string): Operation => ({ kind: "put", key: of, value });
    mvcc.transact({ success: [put(keys.unit(unit), record), put(key, "garbage")] }, () => true);
    const state = new ClusterState(keys);
    state.load(mvcc.range({ prefix: keys.prefix }).items, mvcc.revision);
    expect([...state.view().unreadableUnits]).toEqual([unit]);
    expect(state.view().units.has(unit)).toBe(true);
    mvcc.transact({ success: [{ kind: "delete", key }] }, () => true);
    state.load(mvcc.range({ prefix: keys.prefix }).items, mvcc.revision);
    expect([...state.view().unreadableUnits]).toEqual([]);
  });

  test("nothing is kept of a seat that became unreadable, however long it was followed", () => {
    const mvcc = new Mvcc();
    const [machine] = machines as [(typeof machines)[number]];
    const [unit] = units as [(typeof units)[number]];
    const [{ contentId, hash }] = texts as [(typeof texts)[number]];
    const term = { n: 1, uuid: "term" };
    const seat = encodeSeat({
      machine,
      unit,
      contentId,
      hash,
      target: "launched",
      startCount: 1,
      term,
      reason: "test",
    });
    const key = keys.seat(machine, unit);
    const write = (value: string) => mvcc.transact({ success: [{ kind: "put", key, value }] }, () => true);
    const follow = (state: ClusterState, revision: number) =>
      state.apply(
        mvcc.eventsSince({ prefix: keys.prefix }, revision).flatMap(({ events }) => events),
        mvcc.revision,
      );
    write(seat);
    const [watching, away] = [new ClusterState(keys), new ClusterState(keys)];
    for (const state of [watching, away])
      state.load(mvcc.range({ prefix: keys.prefix }).items, mvcc.revision);
    write("garbage");
    follow(watching, mvcc.revision);
    away.load(mvcc.range({ prefix: keys.prefix }).items, mvcc.revision);
    for (const state of [watching, away]) {
      expect(state.view().seats.get(machine)?.has(unit) ?? false).toBe(false);
      expect(state.view().unreadableSeats?.has(unit)).toBe(true);
    }
  });

  test("a unit whose record is gone is presumed to be what its seat says, unless it was destroyed", () => {
    const [machine] = machines as [(typeof machines)[number]];
    const [unit] = units as [(typeof units)[number]];
    const text = unitContentFromText("[Service]\nExecStart=/bin/a\n[X-Fleet]\nConflicts=x.service\n");
    const { contentId, hash } = text;
    const seat = encodeSeat({
      ...{ machine, unit, contentId, hash, target: "launched", startCount: 1, reason: "" },
      term: { n: 1, uuid: "t" },
    });
    const mvcc = new Mvcc();
    const state = new ClusterState(keys);
    const write = (...success: Operation[]) => {
      const before = mvcc.revision;
      mvcc.transact({ success }, () => true);
      const events = mvcc.eventsSince({ prefix: keys.prefix }, before + 1).flatMap((step) => step.events);
      return state.apply(events, mvcc.revision);
    };
    const excludes = () => state.view().presumed?.get(unit)?.requirements?.conflicts;
    write(
      { kind: "put", key: keys.unitFile(contentId), value: text.text },
      { kind: "put", key: keys.seat(machine, unit), value: seat },
      { kind: "put", key: keys.mark(unit), value: '{"recordRevision":1}' },
    );
    expect(excludes()).toBeUndefined();
    write({ kind: "delete", key: keys.mark(unit) });
    expect(excludes()).toEqual(["x.service"]);
    write({ kind: "put", key: keys.mark(unit), value: '{"recordRevision":1}' });
    expect(excludes()).toBeUndefined();
    write({ kind: "delete", key: keys.mark(unit) });
    write({ kind: "delete", key: keys.seat(machine, unit) });
    expect(excludes()).toBeUndefined();
  });

  test("a unit whose record cannot be read is presumed to be what its newest seat says, whenever the text comes", () => {
    const mvcc = new Mvcc();
    const [first, second] = machines as [(typeof machines)[number], (typeof machines)[number]];
    const [unit] = units as [(typeof units)[number]];
    const old = unitContentFromText("[Service]\nExecStart=/bin/a\n[X-Fleet]\nConflicts=x.service\n");
    const text = unitContentFromText("[Service]\nExecStart=/bin/b\n[X-Fleet]\nConflicts=y.service\n");
    const seat = (machine: typeof first, { contentId, hash }: typeof text, target: "launched" | "absent") =>
      encodeSeat({
        ...{ machine, unit, contentId, hash, target, startCount: 1, reason: "" },
        term: { n: 1, uuid: "t" },
      });
    const state = new ClusterState(keys);
    const write = (key: string, value?: string) => {
      const before = mvcc.revision;
      const success: Operation[] = [
        value === undefined ? { kind: "delete", key } : { kind: "put", key, value },
      ];
      mvcc.transact({ success }, () => true);
      const events = mvcc.eventsSince({ prefix: keys.prefix }, before + 1).flatMap((step) => step.events);
      return state.apply(events, mvcc.revision);
    };
    const presumed = () => state.view().presumed?.get(unit);
    write(keys.unitFile(old.contentId), old.text);
    write(keys.seat(first, unit), seat(first, old, "launched"));
    expect(presumed()?.requirements?.conflicts).toEqual(["x.service"]);
    write(keys.unit(unit), "garbage");
    expect(presumed()?.requirements?.conflicts).toEqual(["x.service"]);
    expect(state.view().units.has(unit)).toBe(false);
    const before = presumed();
    write(keys.mark(unit), '{"recordRevision":1}');
    expect(presumed()).toBe(before);
    write(keys.seat(second, unit), seat(second, text, "launched"));
    expect(presumed()).toMatchObject({ contentId: text.contentId, requirements: undefined });
    expect([...write(keys.unitFile(text.contentId), text.text).units]).toEqual([unit]);
    expect(presumed()?.requirements?.conflicts).toEqual(["y.service"]);
    write(keys.seat(second, unit), seat(second, text, "absent"));
    expect(presumed()?.requirements?.conflicts).toEqual(["x.service"]);
    write(keys.seat(first, unit));
    expect(presumed()).toBeUndefined();
    write(keys.seat(first, unit), seat(first, old, "launched"));
    write(keys.unit(unit));
    expect(presumed()).toBeUndefined();
  });

  test("a new reading names what it changed", () => {
    const mvcc = new Mvcc();
    const [a, b] = units as [(typeof units)[number], (typeof units)[number]];
    const put = (key: string): Operation => ({ kind: "put", key, value: '{"recordRevision":1}' });
    mvcc.transact({ success: [put(keys.mark(a)), put(keys.mark(b))] }, () => true);
    const state = new ClusterState(keys);
    const load = () => state.load(mvcc.range({ prefix: keys.prefix }).items, mvcc.revision);
    expect(load().units).toEqual(new Set([a, b]));
    mvcc.transact({ success: [{ kind: "delete", key: keys.mark(b) }] }, () => true);
    expect(load().units).toEqual(new Set([b]));
    expect(load().units).toEqual(new Set());
  });

  test("a step names the machines where a seat changed, and nobody because of a text that is put again", () => {
    const mvcc = new Mvcc();
    const [a, b] = units as [(typeof units)[number], (typeof units)[number]];
    const [m] = machines as [(typeof machines)[number]];
    const { contentId, hash, text } = texts[0] as (typeof texts)[number];
    const state = new ClusterState(keys);
    const step = (...success: readonly Operation[]) => {
      const before = mvcc.revision;
      mvcc.transact({ success }, () => true);
      const events = mvcc.eventsSince({ prefix: keys.prefix }, before + 1).flatMap((batch) => batch.events);
      return state.apply(events, mvcc.revision);
    };
    const file: Operation = { kind: "put", key: keys.unitFile(contentId), value: text };
    const record = (name: (typeof units)[number]): Operation => {
      const content = { contentId, hash, desiredState: "launched", startCount: 1, changedAtMs: 1 } as const;
      return { kind: "put", key: keys.unit(name), value: encodeUnit({ ...content, write: "w" }) };
    };
    expect(step(file, record(a)).units).toEqual(new Set([a]));
    const second = step(file, record(b));
    expect(second).toMatchObject({ units: new Set([b]), spots: new Map() });
    expect(state.view().units.get(b)?.requirements).toBeDefined();
    const seated = step({ kind: "put", key: keys.seat(m, a), value: "garbage" });
    expect(seated).toMatchObject({ units: new Set([a]), spots: new Map([[a, new Set([m])]]) });
  });

  test("the leader's status names the units of which it says something else, and goes with the office", () => {
    const mvcc = new Mvcc();
    const [a, b] = units as [(typeof units)[number], (typeof units)[number]];
    const state = new ClusterState(keys);
    const step = (operation: Operation) => {
      const before = mvcc.revision;
      mvcc.transact({ success: [operation] }, () => true);
      const events = mvcc.eventsSince({ prefix: keys.prefix }, before + 1).flatMap((batch) => batch.events);
      return state.apply(events, mvcc.revision);
    };
    const say = (status: EngineStatus) =>
      step({ kind: "put", key: keys.status, value: encodeStatus(status) });
    const held = { machine: machines[0] as (typeof machines)[number], held: "lost with most", untilMs: 7 };
    const first = { machines: [held], refusals: [{ unit: a, reason: "no machine" }] };
    expect(say(first)).toMatchObject({ refused: new Set([a]), units: new Set() });
    expect(state.view().engineStatus).toEqual(first);
    const refusals = [
      { unit: a, reason: "no machine" },
      { unit: b, reason: "conflict" },
    ];
    expect(say({ machines: [], refusals }).refused).toEqual(new Set([b]));
    expect(say({ machines: [], refusals: [{ unit: b, reason: "other" }] }).refused).toEqual(new Set([a, b]));
    expect(step({ kind: "delete", key: keys.status }).refused).toEqual(new Set([b]));
    expect(state.view().engineStatus).toBeUndefined();
    step({ kind: "put", key: keys.status, value: '{"machines":[]}' });
    expect(state.view().unreadable).toEqual([{ key: keys.status, problem: "refusals is not a list" }]);
  });
});
