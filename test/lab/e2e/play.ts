import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { LabError, until } from "@fleet/lab";
import { waitUntilJoined } from "../commands.js";
import { openLab } from "../lab.js";
import type { LabPlan } from "../lab-state.js";
import { askStatus } from "./api.js";
import type { Parameters, Scenario } from "./scenario.js";
import { type Measure, Stage, type StageEvent } from "./stage.js";
import { brokenRules, endsWithoutReason, needlessMoves, pileUps, type Violation } from "./verdict.js";

/** What a scenario came to. */
export interface Outcome {
  readonly scenario: string;
  readonly asks: string;
  readonly isFulfilled: boolean;
  readonly lab: LabPlan;
  readonly parameters: Parameters;
  readonly durationMs: number;
  readonly measures: Readonly<Record<string, Measure>>;
  readonly violations: readonly Violation[];
  readonly events: readonly StageEvent[];
  /** How many runs of units were seen. */
  readonly runs: number;
}

/** How to play. */
export interface PlayOptions {
  readonly checkout: string;
  readonly labName: string;
  readonly signal: AbortSignal;
  /** Of fleetd; default its own. */
  readonly ttl?: string;
  readonly parameters: Parameters;
  /** Takes the time that a scenario's long parameters need. */
  readonly isLong?: boolean;
  /** A checkout with the bundles of an older commit. */
  readonly older?: string;
  readonly progress: (line: string) => void;
  /** Where the journals of a scenario that failed are kept. */
  readonly keep: string;
}

const defaultTtl = "10s";
// Units that should not move are watched for a moment after everything is quiet.
const afterMs = 1_500;

function milliseconds(ttl: string): number {
  const [, amount, unit] = /^(\d+)(ms|s|m)$/.exec(ttl) ?? [];
  return Number(amount) * { ms: 1, s: 1_000, m: 60_000 }[unit as "ms" | "s" | "m"];
}

/** Plays one scenario on a lab of its own. A scenario that fails is an outcome, not an error. */
export async function play(scenario: Scenario, options: PlayOptions): Promise<Outcome> {
  const plan: LabPlan = {
    machines: 3,
    etcdMembers: 1,
    base: "/",
    fakeClock: false,
    options: {},
    ttl: options.ttl ?? defaultTtl,
    ...scenario.lab,
  };
  const startedMs = performance.now();
  const lab = await openLab({ name: options.labName, checkout: options.checkout, plan });
  const stop = new AbortController();
  const stage = new Stage(lab, {
    ttlMs: milliseconds(plan.ttl ?? defaultTtl),
    signal: options.signal,
    progress: options.progress,
    ...(options.older === undefined ? {} : { older: options.older }),
  });
  const parameters = {
    ...scenario.parameters,
    ...(options.isLong === true ? scenario.longParameters : {}),
    ...options.parameters,
  };
  try {
    await waitUntilJoined(lab);
    const watching = stage.watch(stop.signal);
    try {
      await scenario.play(stage, parameters);
      await stage.settle();
      await stage.pass(afterMs, "nothing may move any more");
      await stage.settle();
      await noHold(stage);
    } catch (error) {
      options.signal.throwIfAborted();
      if (!(error instanceof Error)) throw error;
      stage.violations.push({
        promise: error instanceof LabError && error.code === "timeout" ? "I7" : "fault",
        what: error.message,
      });
    } finally {
      stop.abort();
      await watching;
    }
    judge(stage);
    if (stage.violations.length > 0) await keepJournals(stage, join(options.keep, scenario.name));
  } finally {
    await lab.close();
  }
  return {
    scenario: scenario.name,
    asks: scenario.asks,
    isFulfilled: stage.violations.length === 0,
    lab: plan,
    parameters,
    durationMs: performance.now() - startedMs,
    measures: Object.fromEntries(stage.measures),
    violations: stage.violations,
    events: stage.events,
    runs: stage.timeline.runs.length,
  };
}

function judge(stage: Stage): void {
  const evidence = stage.evidence();
  stage.violations.push(...endsWithoutReason(evidence), ...needlessMoves(evidence), ...brokenRules(evidence));
  const movable = [...evidence.specs.values()].filter(({ isGlobal }) => !isGlobal).length;
  const globals = evidence.specs.size - movable;
  const survivors = Math.max(1, stage.machines.length - 1);
  const limit = stage.unitsPerMachineMax ?? Math.ceil(movable / survivors) + globals + 2;
  stage.violations.push(...pileUps(evidence, limit));
}

/** I7: no hold stays. */
async function noHold(stage: Stage): Promise<void> {
  const leader = await stage.leader();
  await until("every hold to end", { timeoutMs: 30_000, everyMs: 100, signal: stage.signal }, async () => {
    return ((await askStatus(stage.lab, leader))?.holds ?? []).length === 0;
  });
}

/** Keeps the journals of the machines that are on. */
export async function keepJournals(stage: Stage, directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  for (const machine of stage.machines) {
    if ((await stage.lab.machines.state(machine)) !== "on") continue;
    const said = await stage.lab.machines.exec(machine, [
      "journalctl",
      "--no-pager",
      "--lines=80000",
      "-o",
      "short-precise",
    ]);
    writeFileSync(join(directory, `${machine}.journal`), said.stdout);
  }
  stage.say(`journals are kept in ${relative(process.cwd(), directory)}`);
}
