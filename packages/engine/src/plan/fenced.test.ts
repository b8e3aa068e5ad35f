import { type MachineId, parseMachineId } from "@fleet/core";
import { expect, it } from "vitest";
import { fencedMachines } from "./fenced.js";
import { advanceLoss, initialLossState } from "./loss.js";
import type { LossInput, LossState } from "./loss-state.js";

const machines = (...ids: readonly string[]): ReadonlySet<MachineId> => new Set(ids.map(parseMachineId));

function look(state: LossState, nowMs: number, present: ReadonlySet<MachineId>, watched = true): LossState {
  const input: LossInput = {
    nowMs,
    known: machines("m1", "m2", "m3"),
    present,
    leaving: new Set(),
    movableSeats: new Map(),
    watched,
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
