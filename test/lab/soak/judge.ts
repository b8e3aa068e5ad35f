import type { Stage } from "../e2e/stage.js";
import type { Run } from "../e2e/timeline.js";
import { type Absence, brokenRules, type Violation } from "../e2e/verdict.js";
import {
  type Asked,
  type Circumstances,
  mayHaveBeenLost,
  mayHaveReachedDeadline,
  reasonForEnd,
  reasonForSecondCopy,
  type Span,
} from "./reasons.js";
import type { RegistryWatch } from "./registry-watch.js";
import type { SoakUnit } from "./units.js";

/** A broken promise, and what led to it. */
export interface SoakViolation extends Violation {
  readonly atMs: number;
  readonly story: readonly string[];
}

/** What a judge looks at. */
export interface JudgeView {
  readonly stage: Stage;
  readonly units: readonly SoakUnit[];
  readonly watch: RegistryWatch;
  readonly asked: readonly Asked[];
  readonly etcdAway: readonly Span[];
  readonly pauses: readonly (Span & { readonly machine: string })[];
  readonly absences: () => readonly Absence[];
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
const storyMs = 60_000;
const storyLinesMax = 120;
/** A lease that is lost must have been in danger at most so long before, in TTLs. */
const dangerTtls = 3;

/** Holds what ran against what may run, round by round. */
export class Judge {
  readonly violations: SoakViolation[] = [];
  readonly figures = { ends: 0, starts: 0, tombstones: 0, leasesLost: 0, leasesLostWithoutFault: 0 };
  /** How often each reason for an end was found. */
  readonly reasons = new Map<string, number>();
  readonly #view: JudgeView;
  readonly #units: ReadonlyMap<string, SoakUnit>;
  readonly #judged = new Set<Run>();
  readonly #begun = new Set<Run>();
  readonly #told = new Set<string>();
  #departures = 0;

  constructor(view: JudgeView) {
    this.#view = view;
    this.#units = new Map(view.units.map((unit) => [unit.name, unit]));
  }

  /** Notes a broken promise, once. @param unit - Whose story belongs to it. */
  violate(promise: string, what: string, unit?: string): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    const { stage } = this.#view;
    stage.say(`BROKEN ${promise}: ${what}`);
    this.violations.push({ promise, what, atMs: stage.nowMs(), story: this.#story(unit) });
  }

  /** Takes what others have found. */
  hear(violations: readonly Violation[]): void {
    for (const { promise, what } of violations) this.violate(promise, what, /\S+\.service/.exec(what)?.[0]);
  }

  #story(unit: string | undefined): readonly string[] {
    const { stage, watch } = this.#view;
    const fromMs = stage.nowMs() - storyMs * 2;
    const names = new Map(stage.machines.map((name) => [stage.lab.machines.id(name), name]));
    const done = stage.events.filter(({ atMs }) => atMs >= fromMs).map(({ atMs, what }) => ({ atMs, what }));
    const runs = stage.timeline.runs
      .filter((run) => run.unit === unit && (run.endedMs ?? Infinity) >= fromMs)
      .map((run) => ({
        atMs: run.fromMs,
        what: `${unit} runs on ${run.machine} as ${run.invocation.slice(0, 8)}${run.endedMs === undefined ? "" : ` until ${seconds(run.endedMs)}`}`,
      }));
    const told = unit === undefined ? [] : watch.storyOf(unit, fromMs, names);
    return [...done, ...runs, ...told]
      .sort((a, b) => a.atMs - b.atMs)
      .slice(-storyLinesMax)
      .map(({ atMs, what }) => `${seconds(atMs)} ${what}`);
  }

  #circumstances(): Circumstances {
    const { stage, watch, asked, etcdAway, pauses, absences } = this.#view;
    return {
      units: this.#units,
      runs: stage.timeline.runs,
      absences: absences(),
      etcdAway,
      pauses,
      asked,
      ttlMs: stage.ttlMs,
      seatsOf: (unit, atMs) => {
        const ids = watch.seatsOf(unit, atMs);
        return stage.machines.filter((machine) => ids.includes(stage.lab.machines.id(machine)));
      },
      hasTombstone: (machine, unit, fromMs, toMs) =>
        watch
          .tombstones(stage.lab.machines.id(machine), unit)
          .some((span) => span.fromMs <= toMs && (span.toMs ?? Infinity) >= fromMs),
    };
  }

  /** Judges the runs that have begun or ended since the last time, and where everything ran. */
  judgeRuns(): void {
    const { stage } = this.#view;
    const circumstances = this.#circumstances();
    for (const run of stage.timeline.runs) {
      if (!this.#begun.has(run)) this.#judgeBegin(run, circumstances);
      if (run.endedMs !== undefined && !this.#judged.has(run)) this.#judgeEnd(run, circumstances);
    }
    for (const broken of brokenRules({ ...stage.evidence(), specs: this.#units }))
      this.violate(broken.promise, broken.what, /\S+\.service/.exec(broken.what)?.[0]);
    this.#judgeDepartures(circumstances);
  }

  #judgeEnd(run: Run, circumstances: Circumstances): void {
    this.#judged.add(run);
    this.figures.ends++;
    const reason = reasonForEnd(run, circumstances);
    if (reason !== undefined) return void this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
    const what = `${run.unit} (${run.invocation.slice(0, 8)}) ended on ${run.machine} at ${seconds(run.endedMs ?? 0)} without a reason`;
    this.violate("I2", what, run.unit);
  }

  #judgeBegin(run: Run, circumstances: Circumstances): void {
    this.#begun.add(run);
    this.figures.starts++;
    for (const other of circumstances.runs) {
      if (other.unit !== run.unit || other.machine === run.machine || other.fromMs >= run.fromMs) continue;
      if ((other.endedMs ?? Infinity) <= run.fromMs) continue;
      if (reasonForSecondCopy(run, other, circumstances) !== undefined) continue;
      const what = `${run.unit} began on ${run.machine} at ${seconds(run.fromMs)} although it ran on ${other.machine}, which was there`;
      this.violate("I4", what, run.unit);
    }
  }

  /** Leases that were lost although nothing was done to their machine: the host, or fleet, was too slow. */
  #judgeDepartures(circumstances: Circumstances): void {
    const { stage, watch, etcdAway } = this.#view;
    const departures = stage.machines
      .flatMap((machine) =>
        watch.departures(stage.lab.machines.id(machine)).map(({ atMs }) => ({ machine, atMs })),
      )
      .sort((a, b) => a.atMs - b.atMs);
    for (const { machine, atMs } of departures.slice(this.#departures)) {
      this.figures.leasesLost++;
      const wasEtcdAway = etcdAway.some(
        ({ fromMs, toMs }) => fromMs <= atMs && (toMs ?? Infinity) >= atMs - dangerTtls * stage.ttlMs,
      );
      if (mayHaveBeenLost(circumstances, machine, atMs) || wasEtcdAway) continue;
      this.figures.leasesLostWithoutFault++;
      this.violate(
        "lease",
        `the lease of ${machine} ended at ${seconds(atMs)} although nothing was done to it`,
      );
    }
    this.#departures = departures.length;
  }

  /** I4: where nothing is wrong, nothing begins and nothing ends. */
  judgeCalm(fromMs: number, toMs: number): void {
    const circumstances = this.#circumstances();
    for (const run of this.#view.stage.timeline.runs) {
      const isIn = (atMs: number | undefined): boolean => atMs !== undefined && atMs > fromMs && atMs <= toMs;
      if (!isIn(run.fromMs) && !isIn(run.endedMs)) continue;
      // A deadline that was set before the calm may come in it.
      const isExclusive = this.#units.get(run.unit)?.isExclusive === true;
      if (isExclusive && mayHaveReachedDeadline(circumstances, run.machine, fromMs)) continue;
      const word = isIn(run.endedMs) ? "ended" : "began";
      this.violate(
        "I4",
        `${run.unit} ${word} on ${run.machine} between ${seconds(fromMs)} and ${seconds(toMs)}, when all was calm`,
        run.unit,
      );
    }
  }
}
