// The soak: faults by a seed, users who want something meanwhile, and a judge who never looks away.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { LabError, sleep } from "@fleet/lab";
import { waitUntilJoined } from "../commands.js";
import { keepJournals } from "../e2e/play.js";
import { Stage } from "../e2e/stage.js";
import { pileUps } from "../e2e/verdict.js";
import { openLab } from "../lab.js";
import type { LabPlan } from "../lab-state.js";
import { untilCalm, whyNotCalm } from "./calm.js";
import { ExclusiveJudge, Follower } from "./exclusive-judge.js";
import { planRounds, type Round, roundText } from "./fault-plan.js";
import { carryOut, type Disturbed } from "./faults.js";
import { Judge } from "./judge.js";
import type { Asked, Span } from "./reasons.js";
import { RegistryWatch } from "./registry-watch.js";
import { type Convergence, report, type SoakReport } from "./report.js";
import { beatProgram, type SoakUnit, soakUnits } from "./units.js";
import { carryOutWish, submitAll, type Users } from "./wishes.js";

/** What a soak is asked to be. */
export interface SoakOptions {
  readonly checkout: string;
  readonly commit: string | undefined;
  readonly seed: number;
  readonly minutes: number;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  /** Where the journals are kept if a promise was broken. */
  readonly keep: string;
}

const ttlMs = 10_000;
const lookEveryMs = 60;
/** After faults: a silent machine's exclusive units may wait for its TTL, their longest stop and a second. */
const convergeMs = 120_000;
/** What has not converged by then is waited for once more, so that one failure does not hide what comes after. */
const patienceMs = 360_000;

/** Two machines at most suffer at once, and one may be drained meanwhile. */
const awayMax = 3;
/** Units that begin to run on a machine before others have ended there. */
const leeway = 2;

const plan: LabPlan = {
  machines: 5,
  etcdMembers: 3,
  base: "/",
  fakeClock: false,
  options: { capacity: "slots=400" },
  ttl: `${ttlMs / 1_000}s`,
};

/** Everything of one soak. */
export interface Soak {
  readonly options: SoakOptions;
  readonly stage: Stage;
  readonly units: readonly SoakUnit[];
  readonly judge: Judge;
  readonly exclusive: ExclusiveJudge;
  readonly disturbed: Disturbed;
  readonly users: Users;
  readonly rounds: Round[];
  readonly convergences: Convergence[];
  /** Somebody ended it before its time. */
  isInterrupted: boolean;
  /** The longest that the judge itself was kept from looking. */
  lookGapMs: number;
  loadMax: number;
}

/** Runs a soak on a lab of its own. Broken promises are in the report. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const lab = await openLab({ name: `soak${options.seed}`, checkout: options.checkout, plan });
  const directory = mkdtempSync(join(tmpdir(), "fleet-soak-"));
  const over = new AbortController();
  let watch: RegistryWatch | undefined;
  try {
    await waitUntilJoined(lab);
    const stage = new Stage(lab, { ttlMs, signal: options.signal, progress: options.progress });
    watch = new RegistryWatch(lab, () => stage.nowMs());
    const state = prepare(options, stage, watch, directory);
    const watching = look(state, over.signal);
    try {
      await run(state);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      // What has been seen until then is told all the same.
      state.isInterrupted = options.signal.aborted;
      if (!state.isInterrupted) {
        const promise = error instanceof LabError && error.code === "timeout" ? "I7" : "fault";
        state.judge.violate(promise, error.message);
      }
    } finally {
      over.abort();
      await watching;
    }
    state.judge.hear(state.exclusive.violations);
    if (state.judge.violations.length > 0) {
      await keepJournals(stage, options.keep);
      writeFileSync(
        join(options.keep, "etcd.jsonl"),
        watch.events.map((one) => `${JSON.stringify(one)}\n`).join(""),
      );
    }
    return report(state);
  } finally {
    watch?.close();
    rmSync(directory, { recursive: true, force: true });
    await lab.close();
  }
}

function prepare(options: SoakOptions, stage: Stage, watch: RegistryWatch, directory: string): Soak {
  const { lab } = stage;
  mkdirSync(lab.holder.see(lab.paths.shared), { recursive: true });
  writeFileSync(join(lab.holder.see(lab.paths.shared), "beat"), beatProgram);
  const units = soakUnits((machine) => lab.machines.id(machine));
  stage.want(units);
  const asked: Asked[] = [];
  const etcdAway: Span[] = [];
  const pauses: Disturbed["pauses"] = [];
  const suffering = new Set<string>();
  const exclusives = new Set(units.filter(({ isExclusive }) => isExclusive).map(({ name }) => name));
  const exclusive = new ExclusiveJudge(exclusives, () => stage.nowMs());
  const judge = new Judge({
    stage,
    units,
    watch,
    asked,
    etcdAway,
    pauses,
    absences: () => stage.evidence().absences,
  });
  return {
    options,
    stage,
    units,
    judge,
    exclusive,
    disturbed: { stage, frost: exclusive.frost, etcdAway, pauses, suffering },
    users: { stage, units, asked, directory, avoided: suffering },
    rounds: [],
    convergences: [],
    isInterrupted: false,
    lookGapMs: 0,
    loadMax: 0,
  };
}

/** Looks at the machines and at what the exclusive units write, until aborted. */
async function look(state: Soak, signal: AbortSignal): Promise<void> {
  const { stage, exclusive } = state;
  const beats = new Follower(join(stage.lab.holder.see(stage.lab.paths.shared), "beats"));
  let lastMs = stage.nowMs();
  while (!signal.aborted) {
    exclusive.look(stage.timeline.look(), () => stage.timeline.look());
    for (const beat of beats.read()) exclusive.take(beat);
    const nowMs = stage.nowMs();
    state.lookGapMs = Math.max(state.lookGapMs, nowMs - lastMs);
    state.loadMax = Math.max(state.loadMax, loadavg()[0] ?? 0);
    lastMs = nowMs;
    await sleep(lookEveryMs, signal).catch(() => undefined);
  }
}

async function run(state: Soak): Promise<void> {
  const { stage, options } = state;
  stage.say(`start ${state.units.length} units`);
  state.users.asked.push(...state.units.map(({ name }) => ({ fromMs: stage.nowMs(), unit: name })));
  await submitAll(state.users);
  await converge(state, "the start");
  const endMs = stage.nowMs() + options.minutes * 60_000;
  for (const round of planRounds(options.seed, stage.machines, ttlMs)) {
    if (stage.nowMs() >= endMs) break;
    await playRound(state, round);
  }
}

/** I5: what faults and users leave of the machines shares all that may move. */
function unitsPerMachineMax(units: readonly SoakUnit[], machines: number): number {
  const movable = units.filter(({ isGlobal }) => !isGlobal).length;
  return Math.ceil(movable / Math.max(1, machines - awayMax)) + (units.length - movable) + leeway;
}

async function playRound(state: Soak, round: Round): Promise<void> {
  const { stage, rounds, judge, exclusive } = state;
  rounds.push(round);
  stage.say(`— round ${rounds.length}: ${roundText(round)}`);
  const [, finish] = await Promise.all([
    carryOut(state.disturbed, round),
    carryOutWish(state.users, round, rounds.length),
  ]);
  await finish();
  await converge(state, roundText(round));
  const fromMs = stage.nowMs();
  await sleep(round.calmMs, stage.signal);
  judge.judgeCalm(fromMs, stage.nowMs());
  judge.judgeRuns();
  judge.hear(pileUps(stage.evidence(), unitsPerMachineMax(state.units, stage.machines.length)));
  judge.hear(exclusive.violations.splice(0));
}

async function converge(state: Soak, after: string): Promise<void> {
  const { stage, units, exclusive, users, judge } = state;
  const fromMs = stage.nowMs();
  const why = (running: Parameters<typeof whyNotCalm>[1]) =>
    whyNotCalm(units, running, exclusive.lastAcceptedMs, stage.nowMs());
  try {
    await untilCalm(stage, convergeMs, why);
  } catch (error) {
    if (!(error instanceof LabError && error.code === "timeout")) throw error;
    judge.violate("I7", error.message);
    await untilCalm(stage, patienceMs, why);
  }
  const tookMs = stage.nowMs() - fromMs;
  state.convergences.push({ round: state.rounds.length, after, tookMs: Math.round(tookMs) });
  stage.say(`converged in ${(tookMs / 1_000).toFixed(1)} s`);
  for (const asked of users.asked) asked.toMs ??= stage.nowMs();
}
