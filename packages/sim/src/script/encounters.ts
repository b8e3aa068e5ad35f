import { Chance } from "../chance.js";
import type { SimConfig } from "../config.js";
import { garbage } from "./choose-fault.js";
import { type Deed, homeOf, type Step, theLeader } from "./step.js";
import { pinTo, unitText } from "./unit-texts.js";

/** What a user asks for. */
type Request = Extract<Deed, { kind: "user" }>["request"];

/** A world to be furnished with an encounter. */
interface Setting {
  readonly chance: Chance;
  readonly config: SimConfig;
  /** All units, and those that are never global. */
  readonly units: readonly string[];
  readonly plain: readonly string[];
  readonly endMs: number;
}

/** Each encounter, and in which part of the worlds it happens. */
const kinds: Readonly<
  Record<string, readonly [probability: number, make: (setting: Setting) => readonly Step[]]>
> = {
  "late commit": [0.4, lateCommit],
  "lost home": [0.2, lostHome],
  "dead when the bus is back": [0.25, deadWhenTheBusIsBack],
  "words that were lost": [0.3, wordsThatWereLost],
  "overtaken after a restore": [0.2, overtakenAfterARestore],
  "late seat": [0.4, lateSeat],
  "registration without answer": [0.3, registrationWithoutAnswer],
  "quarrel of neighbours": [0.5, quarrelOfNeighbours],
  "leaving beside a global unit": [0.3, leavingBesideAGlobalUnit],
};

/**
 * Deeds that are worth something only together: chance alone would bring them about in one world of thousands. Each kind has
 * a stream of chance of its own.
 */
export function encounters(
  seed: string,
  config: SimConfig,
  units: readonly string[],
  endMs: number,
): readonly Step[] {
  const plain = units.filter((name) => !name.startsWith("every"));
  return Object.entries(kinds).flatMap(([kind, [probability, make]]) => {
    const chance = new Chance(`${seed} ${kind}`);
    return chance.happens(probability) ? make({ chance, config, units, plain, endMs }) : [];
  });
}

/** Somebody asks some server. */
function user({ chance, config }: Setting, atMs: number, request: Request): Step {
  return { atMs, deed: { kind: "user", via: `m${chance.between(1, config.machines)}`, request } };
}

function submits(unit: string, demands: readonly string[], mark: string): Request {
  return { kind: "submit", unit, text: unitText(mark, demands), state: "launched" };
}

/** Two different ones. */
function pickTwo(chance: Chance, units: readonly string[]): readonly [string, string] | undefined {
  const [first, second] = [chance.pick(units), chance.pick(units)];
  return first === second ? undefined : [first, second];
}

/**
 * The leader freezes when it is about to commit, somebody else comes to lead and decides otherwise because more has happened,
 * and then the first one's commit arrives. What keeps it out must be the office alone.
 */
function lateCommit(setting: Setting): readonly Step[] {
  const { chance, units, endMs } = setting;
  const pair = pickTwo(chance, units);
  if (pair === undefined) return [];
  const [first, second] = pair.toSorted() as [string, string];
  const atMs = chance.between(12_000, endMs - 16_000);
  const ms = chance.pick([6_000, 7_000, 9_000, 13_000]);
  return [
    user(setting, atMs - 4_000, { kind: "destroy", unit: first }),
    user(setting, atMs - 4_000, { kind: "destroy", unit: second }),
    { atMs, deed: { kind: "freeze-at", machine: theLeader, what: "store.commit", side: "before", ms } },
    user(setting, atMs + 200, submits(second, [], "late")),
    user(setting, atMs + 1_500, submits(first, [], "late")),
  ];
}

/**
 * The seat of a unit becomes unreadable, its machine's power fails, and fleetd begins anew everywhere: nobody knows any more
 * what the seat said, and no machine says that it has the unit. That there is a seat is all that keeps it there.
 */
function lostHome({ chance, plain, endMs }: Setting): readonly Step[] {
  const unit = chance.pick(plain);
  const atMs = chance.between(10_000, endMs - 45_000);
  const key = { area: "schedule", unit } as const;
  const ms = chance.pick([20_000, 30_000, 40_000]);
  return [
    { atMs, deed: { kind: "power-off", machine: homeOf(unit), offMs: ms + chance.between(-2_000, 2_000) } },
    { atMs, deed: { kind: "bad-record", key, garbage: chance.pick(garbage), ms } },
    { atMs: atMs + 100, deed: { kind: "restart-all", stay: [] } },
  ];
}

/** A unit has ended when the bus of its machine breaks and is there again: that it does not run is no reason to start it. */
function deadWhenTheBusIsBack({ chance, plain, endMs }: Setting): readonly Step[] {
  const unit = chance.pick(plain);
  const machine = homeOf(unit);
  const atMs = chance.between(10_000, endMs - 10_000);
  const bus: Deed = chance.happens(0.5)
    ? { kind: "reexec", machine }
    : { kind: "bus-cut", machine, ms: chance.pick([20, 1_000, 9_000]) };
  return [
    { atMs, deed: { kind: "unit-dies", machine, unit } },
    { atMs: atMs + chance.between(100, 3_000), deed: bus },
  ];
}

/** Somebody stops and starts a unit by hand while nobody hears whether what its machine says of it has arrived. */
function wordsThatWereLost({ chance, plain, endMs }: Setting): readonly Step[] {
  const unit = chance.pick(plain);
  const machine = homeOf(unit);
  const atMs = chance.between(10_000, endMs - 10_000);
  return [
    { atMs, deed: { kind: "lose-replies", machine, count: chance.between(1, 3) } },
    { atMs: atMs + 5, deed: { kind: "by-hand", machine, what: "stop", unit } },
    { atMs: atMs + chance.between(200, 900), deed: { kind: "by-hand", machine, what: "start", unit } },
  ];
}

/** etcd goes back a few seconds, and has soon more revisions again than anybody has seen before. */
function overtakenAfterARestore(setting: Setting): readonly Step[] {
  const { chance, plain, config, endMs } = setting;
  const atMs = chance.between(10_000, endMs - 40_000);
  const acceptAfterMs = chance.between(2_000, 6_000);
  const backMs = atMs + chance.between(1_500, 5_000);
  const times = Array.from({ length: 12 }, (_, index) => backMs + acceptAfterMs + 200 + index * 90);
  const pin = pinTo(`m${chance.between(1, config.machines)}`);
  const busy = chance.pick(plain);
  return [
    { atMs, deed: { kind: "etcd-backup" } },
    user(setting, atMs + 500, submits("between.service", [pin], "between")),
    { atMs: backMs, deed: { kind: "etcd-restore", acceptAfterMs } },
    ...times.map((ms, index) => user(setting, ms, submits(busy, [], `after${index % 4}`))),
  ];
}

/**
 * A seat gets no answer however often it is sent, is read back as absent, and comes true after another machine has been
 * chosen because the first was cordoned, which no seat compares. Only these two machines will do.
 */
function lateSeat(setting: Setting): readonly Step[] {
  const { chance, config, endMs } = setting;
  const names = Array.from({ length: config.machines }, (_, index) => `m${index + 1}`);
  const pair = pickTwo(chance, names);
  if (pair === undefined) return [];
  const [first, second] = pair;
  const atMs = chance.between(8_000, endMs - 10_000);
  const demands = ["MachineMetadata=late=yes", ...(chance.happens(0.2) ? ["Exclusive=true"] : [])];
  const turnMs = atMs + chance.between(4, 300);
  const ms = chance.pick([60, 1_500, 3_000]);
  const cordon = (when: number, machine: string, cordoned: boolean): Step =>
    user(setting, when, { kind: "cordon", machine, cordoned });
  return [
    ...pair.map((machine) =>
      user(setting, atMs - 3_000, { kind: "metadata", machine, key: "late", value: "yes" }),
    ),
    cordon(atMs - 2_000, first, false),
    cordon(atMs - 2_000, second, true),
    { atMs, deed: { kind: "late-writes", machine: theLeader, count: chance.pick([1, 5, 5]), ms } },
    user(setting, atMs + 1, submits("late.service", demands, "late")),
    cordon(turnMs, first, true),
    cordon(turnMs, second, false),
    cordon(atMs + 5_000, first, false),
  ];
}

/**
 * A machine is away for longer than its lease, comes back with the fleetd it had, and does not hear that it has registered.
 * What it said of its units is gone, and has to be said again.
 */
function registrationWithoutAnswer(setting: Setting): readonly Step[] {
  const { chance, config, plain, endMs } = setting;
  const machine = `m${chance.between(1, config.machines)}`;
  const awayMs = config.ttlSeconds * 1_000 + chance.between(2_000, 5_000);
  const atMs = chance.between(12_000, endMs - awayMs - 5_000);
  return [
    user(setting, atMs - 4_000, submits(chance.pick(plain), [pinTo(machine)], "home")),
    { atMs, deed: { kind: "link", machines: [machine], mode: "cut", ms: awayMs } },
    { atMs: atMs + awayMs - 500, deed: { kind: "lose-replies", machine, count: 1 } },
  ];
}

/** Two units that share a machine come to exclude each other, or somebody who may run anywhere does with one of them. */
function quarrelOfNeighbours(setting: Setting): readonly Step[] {
  const { chance, config, units, plain, endMs } = setting;
  const pair = pickTwo(chance, chance.happens(0.6) ? plain : units);
  if (pair === undefined) return [];
  const pin = pinTo(`m${chance.between(1, config.machines)}`);
  const own = (unit: string): readonly string[] => [unit.startsWith("every") ? "Global=true" : pin];
  const atMs = chance.between(8_000, endMs - 12_000);
  const [first, second] = pair;
  const [plaintiff, accused] = chance.happens(0.5) ? [first, second] : [second, first];
  const demands = [`Conflicts=${accused}`, ...(plaintiff.startsWith("every") ? ["Global=true"] : [])];
  return [
    user(setting, atMs, submits(first, own(first), "calm")),
    user(setting, atMs + chance.between(300, 2_000), submits(second, own(second), "calm")),
    user(setting, atMs + chance.between(3_500, 6_000), submits(plaintiff, demands, "angry")),
  ];
}

/**
 * A machine is drained from which units leave that follow a global unit: it stays there, and it is already where they go.
 * There may be others who follow them in turn.
 */
function leavingBesideAGlobalUnit(setting: Setting): readonly Step[] {
  const { chance, config, units, endMs } = setting;
  const names = Array.from({ length: config.machines }, (_, index) => `m${index + 1}`);
  const pair = pickTwo(chance, names);
  const everywhere = units.find((name) => name.startsWith("every"));
  if (pair === undefined || everywhere === undefined) return [];
  const [home, refuge] = pair;
  const atMs = chance.between(8_000, endMs - 12_000);
  const submitted = (when: number, unit: string, demands: readonly string[]): Step =>
    user(setting, when, submits(unit, demands, "beside"));
  const leave = (when: number, machine: string, drained: boolean): Step =>
    user(setting, when, { kind: "drain", machine, drained, handOversMax: undefined });
  const offer = (when: number, machine: string): Step =>
    user(setting, when, { kind: "metadata", machine, key: "side", value: "yes" });
  const side = "MachineMetadata=side=yes";
  const tail = chance.pick([
    [],
    ["MachineOf=beside.service"],
    ["MachineOf=beside.service", side],
    ["MachineOf=beside.service", pinTo(home)],
    ["MachineOf=beside.service", "Exclusive=true"],
  ]);
  return [
    submitted(atMs, everywhere, ["Global=true"]),
    leave(atMs, home, false),
    offer(atMs, home),
    submitted(atMs + 500, "beside.service", [`MachineOf=${everywhere}`, side]),
    ...(tail.length === 0 ? [] : [submitted(atMs + 1_000, "taken-along.service", tail)]),
    leave(atMs + 3_000, refuge, false),
    offer(atMs + 3_000, refuge),
    leave(atMs + chance.between(4_000, 6_000), home, true),
  ];
}
