import { expect, it } from "vitest";
import { planRounds, type Round, roundText } from "./fault-plan.js";

const machines = ["m1", "m2", "m3", "m4", "m5"];
const ttlMs = 10_000;

function rounds(seed: number, count: number): readonly Round[] {
  const plan = planRounds(seed, machines, ttlMs);
  return Array.from({ length: count }, () => plan.next().value);
}

it("brings the same faults for the same seed, and others for another", () => {
  expect(rounds(7, 100)).toEqual(rounds(7, 100));
  expect(rounds(7, 20).map(roundText)).not.toEqual(rounds(8, 20).map(roundText));
});

it("never takes more machines away at once than may be moved, none twice, and etcd but once", () => {
  for (const { faults } of rounds(3, 500)) {
    const targets = faults.map(({ target }) => target).filter((target) => target !== "");
    expect(targets.length).toBeLessThanOrEqual(2);
    expect(new Set(targets).size).toBe(targets.length);
    expect(faults.length - targets.length).toBeLessThanOrEqual(1);
    expect(faults.length).toBeGreaterThan(0);
  }
});

it("has every kind of fault, short and long, alone and with others", () => {
  const all = rounds(11, 500);
  const faults = all.flatMap((round) => round.faults);
  expect(new Set(faults.map(({ kind }) => kind)).size).toBe(17);
  const silences = faults.filter(({ kind }) => kind === "freeze" || kind === "cut");
  expect(silences.some(({ lastsMs }) => lastsMs <= ttlMs / 2)).toBe(true);
  expect(silences.some(({ lastsMs }) => lastsMs > ttlMs * 1.3)).toBe(true);
  expect(silences.every(({ lastsMs }) => lastsMs <= ttlMs / 2 || lastsMs > ttlMs * 1.2)).toBe(true);
  expect(new Set(all.map((round) => round.faults.length))).toEqual(new Set([1, 2, 3]));
  expect(new Set(all.map((round) => round.wish?.kind)).size).toBe(6);
});
