import { type MachineId, parseMachineId } from "@fleet/core";
import { expect, it } from "vitest";
import { fencedMachines } from "./fenced.js";
import { advanceLoss, initialLossState } from "./loss.js";
import type { LossInput, LossState } from "./loss-state.js";

const machines = (...ids: readonly string[]): ReadonlySet<MachineId> => new Set(ids.map(parseMachineId));

function look(
  state: LossState,
  nowMs: number,
  present: ReadonlySet<MachineId>,
  watched = true,
  returns: Readonly<Record<string, string>> = {},
): LossState {
  const input: LossInput = {
    nowMs,
    known: machines("m1", "m2", "m3"),
    present,
    leaving: new Set(),
    movableSeats: new Map(),
    watched,
    returns: new Map(Object.entries(returns).map(([id, token]) => [parseMachineId(id), token])),
    options: { ttlMs: 10_000, massLossHoldWatchedMs: 60_000, massLossHoldFoundMs: 300_000 },
  };
  return advanceLoss(state, input).state;
}

it("counts from when a machine was seen to vanish, or found missing", () => {
  let state = look(initialLossState, 1_000, machines("m1", "m2"), false);
  state = look(state, 5_000, machines("m1"));
  expect(fencedMachines(state, 5_000, 21_000)).toEqual({
    machines: machines(),
    pending: new Map([
      [parseMachineId("m2"), 26_000],
      [parseMachineId("m3"), 22_000],
    ]),
    wakeAtMs: 22_000,
  });
  expect(fencedMachines(state, 22_000, 21_000)).toMatchObject({ machines: machines("m3"), wakeAtMs: 26_000 });
  expect(fencedMachines(state, 26_000, 21_000)).toEqual({
    machines: machines("m2", "m3"),
    pending: new Map(),
  });
});

it("begins anew when a machine was back", () => {
  let state = look(initialLossState, 0, machines("m1", "m2", "m3"));
  state = look(state, 1_000, machines("m1", "m2"));
  state = look(state, 20_000, machines("m1", "m2", "m3"));
  expect(fencedMachines(state, 30_000, 21_000).machines.size).toBe(0);
  state = look(state, 30_000, machines("m1", "m2"));
  expect(fencedMachines(state, 50_999, 21_000).machines.size).toBe(0);
  expect(fencedMachines(state, 51_000, 21_000).machines).toEqual(machines("m3"));
});

it.each([
  ["may have been back unseen", false, {}, {}, 51_000],
  ["was back unseen", false, { m3: "1" }, { m3: "2" }, 51_000],
  ["was back between two looks", true, { m3: "1" }, { m3: "2" }, 51_000],
  ["was certainly not back", false, { m3: "1" }, { m3: "1" }, 22_000],
  ["was not seen to be back", true, {}, {}, 22_000],
])("counts from the right moment when a machine %s", (_case, watched, before, after, endMs) => {
  const others = machines("m1", "m2");
  let state = look(initialLossState, 0, machines("m1", "m2", "m3"));
  state = look(state, 1_000, others, true, before);
  state = look(state, 30_000, others, watched, after);
  expect(fencedMachines(state, endMs - 1, 21_000).machines.size).toBe(0);
  expect(fencedMachines(state, endMs, 21_000).machines).toEqual(machines("m3"));
  // The loss itself is old news all the same.
  expect(state.absent.get(parseMachineId("m3"))).toMatchObject({ sinceMs: 1_000, watched: true });
});
