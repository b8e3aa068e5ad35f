import type { Chance } from "../chance.js";
import type { SimConfig } from "../config.js";
import type { LinkMode } from "../etcd/link.js";
import { type BadKey, type Deed, theLeader, type Whose } from "./step.js";

/** Points at which something goes wrong more interestingly than at others. */
const points = [
  "store.commit",
  "store.publish",
  "store.register",
  "store.transact",
  "store.range",
  "systemd.start",
  "systemd.stop",
  "runtime.write",
  "disk.write",
  "units.write",
  "units.remove",
  "",
];

/** What cannot be read as any record. */
export const garbage = ["garbage", "", "{", "[]", "{}", "null", '{"contentId":5}', '{"state":"up"}'];

const weights = {
  crash: 6,
  "crash-at": 10,
  restart: 4,
  "restart-all": 1,
  "power-off": 6,
  "power-off-many": 2,
  "shut-down": 3,
  freeze: 6,
  "freeze-at": 6,
  link: 10,
  "link-slow": 5,
  "link-break": 5,
  "lose-replies": 6,
  "late-writes": 4,
  "clock-step": 2,
  "etcd-down": 3,
  "etcd-leader-change": 3,
  "etcd-compact": 4,
  jobs: 6,
  "by-hand": 4,
  "unit-dies": 3,
  "bus-cut": 3,
  reexec: 2,
  "bad-record": 6,
} as const;

/** Chooses what goes wrong. */
export function chooseFault(chance: Chance, config: SimConfig, units: readonly string[]): Deed {
  const kind = chance.weighted(weights);
  const machine: Whose = chance.happens(0.3) ? theLeader : anyMachine(chance, config);
  const side = chance.pick(["before", "after"] as const);
  switch (kind) {
    case "crash":
      return { kind, machine, downMs: chance.pick([100, 500, 3_000, 15_000]) };
    case "crash-at": {
      const what = chance.pick(points);
      const nth = what === "" ? chance.between(1, 80) : chance.between(1, 3);
      return { kind, machine, what, side, nth, downMs: chance.pick([100, 500, 4_000]) };
    }
    case "restart":
    case "link-break":
    case "reexec":
      return { kind, machine };
    case "restart-all":
      return { kind, stay: chance.happens(0.5) ? [anyMachine(chance, config)] : [] };
    case "power-off":
    case "shut-down":
      return { kind, machine, offMs: chance.pick([1_000, 5_000, 12_000, 40_000]) };
    case "power-off-many":
      return {
        kind,
        machines: someMachines(chance, config),
        withinMs: chance.pick([0, 1_000, 8_000]),
        offMs: chance.pick([3_000, 15_000, 60_000]),
      };
    case "freeze":
      return {
        kind,
        machine,
        ms: chance.pick([2_000, 6_000, 12_000, 30_000]),
        suspended: chance.happens(0.3),
      };
    case "freeze-at":
      return {
        kind,
        machine,
        what: chance.pick(points.slice(0, -1)),
        side,
        ms: chance.pick([2_000, 7_000, 13_000]),
      };
    case "link": {
      const mode = chance.pick<LinkMode>(["cut", "stalled", "deaf", "mute"]);
      const machines = chance.happens(0.7) ? [machine] : someMachines(chance, config);
      return { kind, machines, mode, ms: chance.pick([500, 3_000, 8_000, 14_000, 35_000]) };
    }
    case "link-slow":
      return { kind, machine, factor: chance.pick([20, 100, 400]), ms: chance.between(2_000, 20_000) };
    case "lose-replies":
      return { kind, machine, count: chance.between(1, 4) };
    case "late-writes":
      return {
        kind,
        machine: theLeader,
        count: chance.between(1, 3),
        ms: chance.pick([50, 300, 1_500, 6_000]),
      };
    case "clock-step":
      return { kind, machine, byMs: chance.pick([-3_600_000, -5_000, 7_000, 86_400_000]) };
    case "etcd-down":
      return { kind, ms: chance.pick([500, 4_000, 12_000, 30_000]) };
    case "etcd-leader-change":
    case "etcd-compact":
      return { kind };
    case "jobs":
      return {
        kind,
        machine,
        mode: chance.pick(["slow", "hanging", "failing"] as const),
        ms: chance.between(3_000, 30_000),
      };
    case "by-hand":
      return { kind, machine, what: chance.pick(["start", "stop"] as const), unit: chance.pick(units) };
    case "unit-dies":
      return { kind, machine, unit: chance.pick(units) };
    case "bus-cut":
      return { kind, machine, ms: chance.pick([20, 1_000, 9_000]) };
    case "bad-record": {
      const key = badKey(chance, config, units);
      // What is absent is no evidence either; but nobody promises anything of a seat that somebody deletes by hand.
      const isDeleted = key.area === "units" && chance.happens(0.3);
      const spoilt = isDeleted ? undefined : chance.pick(garbage);
      return { kind, key, garbage: spoilt, ms: chance.pick([500, 8_000, 25_000]) };
    }
  }
}

function badKey(chance: Chance, config: SimConfig, units: readonly string[]): BadKey {
  const area = chance.weighted({
    units: 4,
    schedule: 6,
    states: 2,
    machines: 1,
    "machine-policy": 1,
    "engine/status": 1,
    stray: 1,
  });
  if (area === "units" || area === "schedule" || area === "states") return { area, unit: chance.pick(units) };
  if (area === "machines" || area === "machine-policy") return { area, machine: anyMachine(chance, config) };
  return { area };
}

function anyMachine(chance: Chance, config: SimConfig): string {
  return `m${chance.between(1, config.machines)}`;
}

function someMachines(chance: Chance, config: SimConfig): readonly string[] {
  const all = Array.from({ length: config.machines }, (_, index) => `m${index + 1}`);
  const wanted = chance.between(2, config.machines);
  while (all.length > wanted) all.splice(chance.between(0, all.length - 1), 1);
  return all;
}
