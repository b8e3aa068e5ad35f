import { Chance } from "../chance.js";
import type { SimConfig } from "../config.js";
import { chooseFault } from "./choose-fault.js";
import { encounters } from "./encounters.js";
import { type Deed, type Step, theLeader } from "./step.js";
import { chooseDemands, unitNames, unitText } from "./unit-texts.js";

/** Everything that is going to happen in a world, apart from what follows from it. */
export interface Script {
  readonly seed: string;
  readonly config: SimConfig;
  readonly steps: readonly Step[];
}

/** When the first units are submitted; machines need a moment to join and to elect a leader. */
const beginMs = 3_000;

/** Makes the script of a seed. */
export function generateScript(seed: string, config: SimConfig): Script {
  const chance = new Chance(`${seed} script`);
  const endMs = config.minutes * 60_000;
  const units = unitNames(config.units);
  const steps: Step[] = [
    ...firstSubmissions(chance, config, units),
    ...laterRequests(chance, config, units, endMs),
    ...faults(chance, config, units, endMs),
    ...(config.drains ? maintenance(new Chance(`${seed} maintenance`), config, endMs) : []),
    ...encounters(seed, config, units, endMs),
  ];
  return { seed, config, steps: steps.toSorted((a, b) => a.atMs - b.atMs) };
}

function via(chance: Chance, config: SimConfig): string {
  return `m${chance.between(1, config.machines)}`;
}

function firstSubmissions(chance: Chance, config: SimConfig, units: readonly string[]): readonly Step[] {
  return units
    .filter(() => chance.happens(0.8))
    .map((unit): Step => {
      const state = chance.weighted({ launched: 8, loaded: 1, inactive: 1 });
      return {
        atMs: beginMs + chance.between(0, 2_000),
        deed: submission(chance, config, units, unit, state),
      };
    });
}

function submission(
  chance: Chance,
  config: SimConfig,
  units: readonly string[],
  unit: string,
  state: "inactive" | "loaded" | "launched",
): Deed {
  const text = unitText(
    `v${chance.between(1, 4)}`,
    chooseDemands(chance, unit, units, config.machines),
    chance.happens(0.15),
  );
  return { kind: "user", via: via(chance, config), request: { kind: "submit", unit, text, state } };
}

/** Users come in bursts: quarrels over one unit are what compares are for. */
function laterRequests(
  chance: Chance,
  config: SimConfig,
  units: readonly string[],
  endMs: number,
): readonly Step[] {
  const steps: Step[] = [];
  const bursts = Math.round((config.units * config.minutes) / 2);
  for (let burst = 0; burst < bursts; burst += 1) {
    const atMs = chance.between(beginMs + 3_000, endMs);
    const unit = chance.pick(units);
    const length = chance.happens(0.5) ? 1 : chance.between(2, 4);
    for (let index = 0; index < length; index += 1) {
      const of = chance.happens(0.8) ? unit : chance.pick(units);
      steps.push({ atMs: atMs + chance.between(0, 30) * index, deed: request(chance, config, units, of) });
    }
  }
  return steps;
}

function request(chance: Chance, config: SimConfig, units: readonly string[], unit: string): Deed {
  const kind = chance.weighted({
    submit: 5,
    launch: 4,
    load: 2,
    unload: 2,
    restart: 1,
    destroy: 4,
    metadata: 2,
    cordon: 1,
    forget: 0.3,
  });
  const user = (wanted: Extract<Deed, { kind: "user" }>["request"]): Deed => ({
    kind: "user",
    via: via(chance, config),
    request: wanted,
  });
  const machine = via(chance, config);
  switch (kind) {
    case "submit":
      return submission(chance, config, units, unit, chance.happens(0.8) ? "launched" : "loaded");
    case "launch":
      return user({ kind: "set", unit, state: "launched" });
    case "load":
      return user({ kind: "set", unit, state: "loaded" });
    case "unload":
      return user({ kind: "set", unit, state: "inactive" });
    case "restart":
      return user({ kind: "restart", unit });
    case "destroy":
      return user({ kind: "destroy", unit });
    case "metadata": {
      const key = chance.pick(["zone", "disk", "gpu"]);
      const value = chance.pick([undefined, "a", "b", "ssd", "1"]);
      return user({ kind: "metadata", machine, key, value });
    }
    case "cordon":
      return user({ kind: "cordon", machine, cordoned: chance.happens(0.4) });
    case "forget":
      return user({ kind: "forget", machine });
  }
}

function faults(chance: Chance, config: SimConfig, units: readonly string[], endMs: number): readonly Step[] {
  // Some worlds have hardly any faults and some have one after the other: rare pairs need either.
  const perMinute = chance.pick([1, 3, 6, 10]);
  const count = Math.round(perMinute * config.minutes);
  const mayGoBack = chance.happens(0.2);
  const steps: Step[] = [];
  if (mayGoBack) {
    const atMs = chance.between(8_000, endMs - 30_000);
    steps.push({ atMs, deed: { kind: "etcd-backup" } });
    const deed = chance.happens(0.75) ? "etcd-restore" : "etcd-wipe";
    const acceptAfterMs = chance.between(500, 40_000);
    steps.push({ atMs: chance.between(atMs + 1_000, endMs - 5_000), deed: { kind: deed, acceptAfterMs } });
  }
  while (steps.length < count) {
    const atMs = chance.between(beginMs, endMs - 1_000);
    const deed = chooseFault(chance, config, units);
    steps.push({ atMs, deed });
    // Who could read it before knows what it said; only a new leader is put to the test.
    const isSeat = deed.kind === "bad-record" && deed.key.area === "schedule";
    if (isSeat) steps.push({ atMs: atMs + 200, deed: { kind: "crash", machine: theLeader, downMs: 500 } });
  }
  return steps;
}

/** Operators drain machines, change their minds, and do not wait for machines that are lost; some are left drained. */
function maintenance(chance: Chance, config: SimConfig, endMs: number): readonly Step[] {
  const count = Math.round(chance.pick([1, 2, 4]) * config.minutes);
  return Array.from({ length: count }, (): readonly Step[] => {
    const atMs = chance.between(beginMs + 5_000, endMs);
    const machine = via(chance, config);
    const user = (afterMs: number, request: Extract<Deed, { kind: "user" }>["request"]): Step => ({
      atMs: atMs + afterMs,
      deed: { kind: "user", via: via(chance, config), request },
    });
    if (chance.happens(0.3)) {
      const offMs = chance.pick([15_000, 40_000]);
      const afterMs = chance.between(3_000, 14_000);
      return [
        { atMs, deed: { kind: "power-off", machine, offMs } },
        user(afterMs, { kind: "release", machine }),
      ];
    }
    const handOversMax = chance.pick([undefined, undefined, 1, 2]);
    const drain = user(0, { kind: "drain", machine, drained: true, handOversMax });
    if (chance.happens(0.3)) return [drain];
    const lastsMs = chance.pick([20, 200, 3_000, 30_000]);
    return [drain, user(lastsMs, { kind: "drain", machine, drained: false, handOversMax: undefined })];
  }).flat();
}
