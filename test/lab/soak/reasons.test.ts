import { expect, it } from "vitest";
import type { Run } from "../e2e/timeline.js";
import { type Circumstances, reasonForEnd, reasonForSecondCopy } from "./reasons.js";
import { type SoakUnit, soakUnits } from "./units.js";

const units = new Map(soakUnits((machine) => `id-of-${machine}`).map((unit) => [unit.name, unit]));

const run = (
  unit: string,
  machine: string,
  fromMs: number,
  endedMs?: number,
  elsewhere?: readonly string[],
): Run => ({
  unit,
  machine,
  invocation: `${unit}${machine}`,
  fromMs,
  ...(endedMs === undefined ? {} : { endedMs }),
  ...(elsewhere === undefined ? {} : { elsewhere }),
});

const circumstances = (more: Partial<Circumstances> = {}): Circumstances => ({
  units,
  runs: [],
  absences: [],
  etcdAway: [],
  pauses: [],
  asked: [],
  ttlMs: 10_000,
  seatsOf: () => [],
  hasTombstone: () => true,
  ...more,
});

const away = (fromMs: number, toMs: number, off = false) => ({ machine: "m1", fromMs, toMs, off });
const plain = run("plain-1.service", "m1", 0, 40_000, ["m2"]);
const only = run("only-1.service", "m1", 0, 40_000);

it.each<[string, Run, Partial<Circumstances>, string | undefined]>([
  ["nothing was wrong", plain, {}, undefined],
  ["its machine was off", plain, { absences: [away(39_000, 50_000, true)] }, "its machine was off"],
  [
    "its machine had been off long before",
    plain,
    { absences: [away(1_000, 5_000, true)] },
    "it ran elsewhere by then",
  ],
  ["it was lost and moved", plain, { absences: [away(1_000, 30_000)] }, "it ran elsewhere by then"],
  [
    "it was lost, and etcd was told nothing",
    plain,
    { absences: [away(1_000, 30_000)], hasTombstone: () => false },
    undefined,
  ],
  ["its machine was silent for a moment", plain, { absences: [away(1_000, 4_000)] }, undefined],
  [
    "it was lost, but ran nowhere else",
    { ...plain, elsewhere: [] },
    { absences: [away(1_000, 30_000)] },
    undefined,
  ],
  [
    "it was lost, and its seat went to a machine that was silent, too",
    { ...plain, elsewhere: [] },
    {
      absences: [away(1_000, 30_000), { machine: "m2", fromMs: 20_000, off: false }],
      seatsOf: () => ["m2"],
    },
    "it had its seat on another machine, which was silent itself",
  ],
  [
    "it is global",
    run("global-all.service", "m1", 0, 40_000, ["m2"]),
    { absences: [away(1_000, 30_000)] },
    undefined,
  ],
  ["etcd was away", plain, { etcdAway: [{ fromMs: 1_000, toMs: 41_000 }] }, undefined],
  [
    "somebody asked",
    plain,
    { asked: [{ fromMs: 39_000, toMs: 41_000, unit: "plain-1.service" }] },
    "somebody asked for it",
  ],
  [
    "somebody asked for another",
    plain,
    { asked: [{ fromMs: 39_000, toMs: 41_000, unit: "plain-2.service" }] },
    undefined,
  ],
  [
    "its machine was drained",
    plain,
    { runs: [plain], asked: [{ fromMs: 39_000, toMs: 41_000, drained: "m1" }] },
    "somebody asked for it",
  ],
  [
    "an exclusive one at its deadline",
    only,
    { absences: [away(30_000, 45_000)], hasTombstone: () => false },
    "its machine could not renew its lease, and it is exclusive",
  ],
  [
    "an exclusive one while etcd is away",
    only,
    { etcdAway: [{ fromMs: 30_000 }], hasTombstone: () => false },
    "its machine could not renew its lease, and it is exclusive",
  ],
  [
    "an exclusive one whose fleetd was killed just before a short silence",
    only,
    {
      absences: [away(36_500, 45_000)],
      pauses: [{ machine: "m1", fromMs: 33_000, toMs: 38_000 }],
      hasTombstone: () => false,
    },
    "its machine could not renew its lease, and it is exclusive",
  ],
  ["an exclusive one in a short silence", only, { absences: [away(37_000, 45_000)] }, undefined],
  [
    "it made way",
    run("older-1.service", "m1", 0, 40_000, ["m2"]),
    { runs: [run("newer-1.service", "m1", 39_000)] },
    "it made way for newer-1.service",
  ],
])("the end of a run: %s", (_, ended, more, reason) => {
  expect(reasonForEnd(ended, circumstances(more))).toBe(reason);
});

it.each<[string, Partial<Circumstances>, boolean]>([
  ["the other machine was there", {}, false],
  ["the other machine had been silent", { absences: [away(1_000, 20_000)] }, true],
  [
    "the other machine was drained",
    { runs: [run("plain-1.service", "m1", 0)], asked: [{ fromMs: 15_000, drained: "m1" }] },
    true,
  ],
])("a second copy: %s", (_, more, isFine) => {
  const other = run("plain-1.service", "m1", 0);
  const reason = reasonForSecondCopy(run("plain-1.service", "m2", 20_000), other, circumstances(more));
  expect(reason !== undefined).toBe(isFine);
});

it("has sixty units, of every rule, six of them exclusive, with names of their own", () => {
  const all: readonly SoakUnit[] = [...units.values()];
  expect(all).toHaveLength(60);
  expect(all.filter(({ isExclusive }) => isExclusive)).toHaveLength(6);
  expect(new Set(all.map(({ rule }) => rule)).size).toBe(12);
  for (const { follows, replaces } of all) {
    expect(follows === undefined || units.has(follows)).toBe(true);
    expect(replaces === undefined || units.has(replaces)).toBe(true);
  }
});
