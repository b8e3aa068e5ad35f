import type { BenchContext } from "@fleet/demo";
import { atMost, type Budget, type Figures, summarize } from "@fleet/demo/bench/figures";
import { until } from "@fleet/lab";
import { waitUntilJoined } from "../commands.js";
import { askApi } from "../e2e/api.js";
import { Stage } from "../e2e/stage.js";
import { plain } from "../e2e/unit-spec.js";
import { type MachineLab, openLab } from "../lab.js";
import { Truth } from "../truth.js";
import { PresenceWatch, sharedMs } from "./presence-watch.js";

const machineCount = 3;
const unitsPerMachine = 20;
const ttlSeconds = 10;
const failoverTimeoutMs = 120_000;
const lookEveryMs = 5;

/** One way to lose a machine, and how to have it back. */
interface Loss {
  readonly name: string;
  readonly about: string;
  /** The presence ends with its lease; a machine that says that it leaves keeps it while it goes. */
  readonly endsPresence: boolean;
  readonly budgets: (samples: readonly Sample[]) => readonly Budget[];
  /** @returns what brings everything back that was lost. */
  readonly lose: (lab: MachineLab, machine: string) => Promise<() => Promise<void>>;
}

/** What one loss came to. Times are in seconds since the loss, or since the end of the presence. */
interface Sample {
  readonly units: number;
  readonly activeElsewhere: number;
  readonly presenceGone: number | undefined;
  readonly activeAfterPresence: number | undefined;
  /** Until a survivor's API says active of all of them. */
  readonly listedActive: number;
  readonly wasLeader: number;
  /** Units that did not run anywhere, or ran twice, when all was over. */
  readonly lost: number;
  readonly twice: number;
}

const medianOf = (samples: readonly Sample[]) =>
  summarize(samples.map((sample) => sample.activeElsewhere)).median;
const maxOf = (samples: readonly Sample[]) => summarize(samples.map((sample) => sample.activeElsewhere)).max;
const afterPresence = (samples: readonly Sample[]): Budget =>
  atMost(
    "presence gone to all active elsewhere, s, max",
    summarize(samples.map((sample) => sample.activeAfterPresence).filter((value) => value !== undefined)).max,
    1,
  );

const losses: readonly Loss[] = [
  {
    name: "killed",
    about: "the power of a machine is cut",
    endsPresence: true,
    budgets: (samples) => [
      atMost("killed to all active elsewhere, s, median", medianOf(samples), ttlSeconds),
      atMost("killed to all active elsewhere, s, max", maxOf(samples), ttlSeconds + 1),
      afterPresence(samples),
    ],
    lose: async (lab, machine) => {
      await lab.machines.cutPower([machine]);
      return async () => await lab.machines.boot([machine]);
    },
  },
  {
    name: "etcd-leader",
    about: "the power of a machine is cut, and that of etcd's leader with it",
    endsPresence: true,
    budgets: (samples) => [
      atMost("killed with etcd's leader to all active elsewhere, s, max", maxOf(samples), ttlSeconds + 4),
      afterPresence(samples),
    ],
    lose: async (lab, machine) => {
      const leader = await lab.etcd.leader();
      if (leader === undefined) throw new Error("etcd has no leader");
      await Promise.all([lab.machines.cutPower([machine]), lab.etcd.cutPower([leader])]);
      return async () => {
        await lab.etcd.start([leader]);
        await lab.machines.boot([machine]);
      };
    },
  },
  {
    name: "reboot",
    about: "a machine is rebooted by systemctl reboot",
    endsPresence: false,
    budgets: (samples) => [atMost("reboot to all active elsewhere, s, max", maxOf(samples), 2)],
    lose: async (lab, machine) => {
      const before = await lab.machines.reboot(machine);
      return async () => await lab.machines.waitUntilRebooted(machine, before);
    },
  },
];

/** The units that run on other machines than `lost`. */
function elsewhere(truth: Truth, lost: string): ReadonlySet<string> {
  return new Set(
    truth
      .look()
      .filter(({ machine }) => machine !== lost)
      .map(({ unit }) => unit),
  );
}

async function isListedActive(lab: MachineLab, units: readonly string[], lost: string): Promise<boolean> {
  const survivor = lab.machines.names.find((name) => name !== lost) ?? "";
  const page = (await askApi(lab, survivor, "/fleet/v1/state")) as
    | { readonly states?: readonly Readonly<Record<string, string>>[] }
    | undefined;
  const active = new Set(
    (page?.states ?? [])
      .filter((state) => state.systemdActiveState === "active" && state.machineID !== lab.machines.id(lost))
      .map((state) => state.name),
  );
  return units.every((unit) => active.has(unit));
}

async function measure(
  stage: Stage,
  loss: Loss,
  machine: string,
  say: (what: string) => void,
): Promise<Sample> {
  const { lab, signal } = stage;
  const truth = new Truth(lab);
  const units = truth
    .look()
    .filter((running) => running.machine === machine)
    .map(({ unit }) => unit);
  const wasLeader = (await stage.leader()) === machine;
  const presence = await PresenceWatch.open(lab, machine, signal);
  try {
    const options = { timeoutMs: failoverTimeoutMs, everyMs: lookEveryMs, signal };
    const lostMs = sharedMs();
    const losing = loss.lose(lab, machine);
    await until("the units to run elsewhere", options, () => {
      const found = elsewhere(truth, machine);
      return units.every((unit) => found.has(unit));
    });
    const runningMs = sharedMs();
    await until("fleet to say so", options, async () => await isListedActive(lab, units, machine));
    const listedMs = sharedMs();
    const goneMs = loss.endsPresence ? await presence.gone(signal, say) : undefined;
    const restore = await losing;
    await restore();
    await waitUntilJoined(lab);
    await stage.settle(failoverTimeoutMs);
    const names = truth.look().map(({ unit }) => unit);
    return {
      units: units.length,
      activeElsewhere: (runningMs - lostMs) / 1_000,
      presenceGone: goneMs === undefined ? undefined : (goneMs - lostMs) / 1_000,
      activeAfterPresence: goneMs === undefined ? undefined : (runningMs - goneMs) / 1_000,
      listedActive: (listedMs - lostMs) / 1_000,
      wasLeader: wasLeader ? 1 : 0,
      lost: [...stage.specs.keys()].filter((unit) => !names.includes(unit)).length,
      twice: names.length - new Set(names).size,
    };
  } finally {
    presence.close();
  }
}

function figuresOf(loss: Loss, samples: readonly Sample[]): Figures {
  const summary = (pick: (sample: Sample) => number | undefined) =>
    summarize(samples.map(pick).filter((value) => value !== undefined));
  const lost = samples.reduce((sum, sample) => sum + sample.lost, 0);
  return {
    bench: "failover",
    loss: loss.name,
    about: loss.about,
    machines: machineCount,
    etcdMembers: 3,
    ttlSeconds,
    unitsOnMachine: summary(({ units }) => units),
    allActiveElsewhereSeconds: summary((sample) => sample.activeElsewhere),
    ...(loss.endsPresence
      ? {
          presenceGoneSeconds: summary((sample) => sample.presenceGone),
          presenceGoneToAllActiveSeconds: summary((sample) => sample.activeAfterPresence),
        }
      : {}),
    allListedActiveSeconds: summary((sample) => sample.listedActive),
    timesItLedFleet: samples.reduce((sum, sample) => sum + sample.wasLeader, 0),
    unitsLost: lost,
    unitsTwice: samples.reduce((sum, sample) => sum + sample.twice, 0),
    budgets: [...loss.budgets(samples), atMost(`${loss.name}: units lost`, lost, 0)],
  };
}

/** Spreads the units evenly again: the machine that was away has none. */
async function spread(stage: Stage): Promise<void> {
  const units = [...stage.specs.keys()];
  await stage.fleet("unload", ...units);
  await stage.fleet("start", ...units);
  await stage.settle();
}

/**
 * How long the twenty units of a machine are gone until all of them have processes elsewhere, by the kernel's account,
 * with the default TTL: after a power cut, after one that takes etcd's leader along, after a reboot. Every other time it is the
 * machine whose fleetd leads.
 */
export async function benchFailover({
  checkout,
  runs,
  progress,
  signal,
}: BenchContext): Promise<readonly Figures[]> {
  const lab = await openLab({
    name: "benchfailover",
    checkout,
    plan: {
      machines: machineCount,
      etcdMembers: 3,
      base: "/",
      fakeClock: false,
      options: {},
      ttl: `${ttlSeconds}s`,
    },
    progress,
  });
  try {
    await waitUntilJoined(lab);
    const stage = new Stage(lab, { ttlMs: ttlSeconds * 1_000, signal, progress: () => undefined });
    await stage.start(plain(machineCount * unitsPerMachine));
    await stage.settle();
    const lines: Figures[] = [];
    for (const loss of losses) {
      const samples: Sample[] = [];
      for (let run = 0; run < runs; run += 1) {
        // Every other time the one that leads fleet as well.
        const machine = run % 2 === 0 ? await stage.follower() : await stage.leader();
        progress(`${loss.name}: run ${run + 1} of ${runs}, losing ${machine}`);
        samples.push(await measure(stage, loss, machine, progress));
        await spread(stage);
      }
      lines.push(figuresOf(loss, samples));
    }
    return lines;
  } finally {
    await lab.close();
  }
}
