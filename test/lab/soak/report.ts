import { cpus } from "node:os";
import type { ExclusiveFigures } from "./exclusive-judge.js";
import { roundText } from "./fault-plan.js";
import type { SoakViolation } from "./judge.js";
import type { Soak } from "./soak.js";

/** How long it took until all was well again. */
export interface Convergence {
  /** 0 for the start. */
  readonly round: number;
  readonly after: string;
  /** From the end of the last fault. */
  readonly tookMs: number;
}

/** What came of a soak. */
export interface SoakReport {
  readonly soak: 1;
  readonly seed: number;
  readonly minutes: number;
  readonly commit: string | undefined;
  /** No promise was broken, as long as it was played. */
  readonly isFulfilled: boolean;
  /** Somebody ended it: what is here is what was seen until then. */
  readonly isInterrupted: boolean;
  readonly playedMinutes: number;
  readonly machines: number;
  readonly etcdMembers: number;
  readonly ttlMs: number;
  /** How many units are there for each rule. */
  readonly units: Readonly<Record<string, number>>;
  readonly rounds: number;
  /** How often each kind of fault was made. */
  readonly faults: Readonly<Record<string, number>>;
  readonly wishes: Readonly<Record<string, number>>;
  readonly checks: Readonly<Record<string, number>>;
  /** Why runs ended, and how often. */
  readonly ends: Readonly<Record<string, number>>;
  readonly exclusive: ExclusiveFigures;
  readonly convergence: {
    readonly count: number;
    readonly medianMs: number;
    readonly maxMs: number;
    readonly longest: readonly Convergence[];
  };
  /** The most units that each machine has run at once; judged as I5. */
  readonly peaks: Readonly<Record<string, number>>;
  /** How busy the host was: the judge's longest blind time, and the highest load. */
  readonly host: { readonly cores: number; readonly lookGapMsMax: number; readonly loadMax: number };
  readonly violations: readonly SoakViolation[];
  /** Every round in words: the same for the same seed. */
  readonly sequence: readonly string[];
}

function tally(words: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const word of [...words].sort()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** Sums a soak up. */
export function report(state: Soak): SoakReport {
  const { options, stage, judge, exclusive, rounds, units } = state;
  const convergences = [...state.convergences].sort((a, b) => b.tookMs - a.tookMs);
  return {
    soak: 1,
    seed: options.seed,
    minutes: options.minutes,
    commit: options.commit,
    isFulfilled: judge.violations.length === 0,
    isInterrupted: state.isInterrupted,
    playedMinutes: Math.round(stage.nowMs() / 6_000) / 10,
    machines: stage.machines.length,
    etcdMembers: stage.lab.etcd.names.length,
    ttlMs: stage.ttlMs,
    units: tally(units.map(({ rule }) => rule)),
    rounds: rounds.length,
    faults: tally(rounds.flatMap(({ faults }) => faults.map(({ kind }) => kind))),
    wishes: tally(rounds.flatMap(({ wish }) => (wish === undefined ? [] : [wish.kind]))),
    checks: {
      looks: exclusive.figures.looks,
      runs: stage.timeline.runs.length,
      endsJudged: judge.figures.ends,
      startsJudged: judge.figures.starts,
      convergences: convergences.length,
      leasesLost: judge.figures.leasesLost,
      leasesLostWithoutFault: judge.figures.leasesLostWithoutFault,
    },
    ends: Object.fromEntries(judge.reasons),
    exclusive: exclusive.figures,
    convergence: {
      count: convergences.length,
      medianMs: convergences[Math.floor(convergences.length / 2)]?.tookMs ?? 0,
      maxMs: convergences[0]?.tookMs ?? 0,
      longest: convergences.slice(0, 5),
    },
    peaks: Object.fromEntries(stage.timeline.peak),
    host: {
      cores: cpus().length,
      lookGapMsMax: Math.round(state.lookGapMs),
      loadMax: Math.round(state.loadMax * 10) / 10,
    },
    violations: judge.violations,
    sequence: rounds.map(roundText),
  };
}
