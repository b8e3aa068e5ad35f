// The invariants, held against what really ran. fleet's own word counts only where it is itself what is judged.
import type { Run, Timeline } from "./timeline.js";
import type { UnitSpec } from "./unit-spec.js";

/** A promise that was broken. */
export interface Violation {
  /** `I1` to `I7` as docs/invariants.md has them; `time` for a budget; `fault` where the scenario itself went wrong. */
  readonly promise: string;
  readonly what: string;
}

/** A time in which a machine could not be reached, or was off. */
export interface Absence {
  readonly machine: string;
  readonly fromMs: number;
  /** `undefined` while it lasts. */
  toMs?: number;
  /** Its units ended with it: a power cut, or a shutdown. */
  readonly off: boolean;
}

/** What a verdict is made from. */
export interface Evidence {
  readonly timeline: Timeline;
  readonly specs: ReadonlyMap<string, UnitSpec>;
  readonly absences: readonly Absence[];
  /** When somebody asked for the end, or another start, of a unit. */
  readonly asked: ReadonlyMap<string, readonly number[]>;
  readonly ttlMs: number;
  /** How long after its cause an end or a start may be seen. */
  readonly graceMs: number;
}

/** How much of a TTL may have passed since the last renewal when a machine falls silent, with some leeway. */
const renewalShare = 0.6;

function isNear(atMs: number, fromMs: number, toMs: number | undefined, graceMs: number): boolean {
  return atMs >= fromMs && (toMs === undefined || atMs <= toMs + graceMs);
}

function wasAsked(run: Run, atMs: number, { asked, graceMs }: Evidence): boolean {
  return (asked.get(run.unit) ?? []).some((when) => isNear(atMs, when, when, graceMs));
}

/** Whether `machine` had been silent for so long at `atMs` that its units may run elsewhere. */
function mayHaveBeenLost(machine: string, atMs: number, { absences, ttlMs }: Evidence): boolean {
  return absences.some((absence) => {
    if (absence.machine !== machine || absence.fromMs > atMs) return false;
    return absence.off || Math.min(absence.toMs ?? atMs, atMs) - absence.fromMs >= ttlMs * renewalShare;
  });
}

function reasonForEnd(run: Run, evidence: Evidence): string | undefined {
  const endedMs = run.endedMs ?? 0;
  const off = evidence.absences.find(
    (absence) =>
      absence.off &&
      absence.machine === run.machine &&
      isNear(endedMs, absence.fromMs, absence.toMs, evidence.graceMs),
  );
  if (off !== undefined) return "its machine was off";
  if (wasAsked(run, endedMs, evidence)) return "somebody asked for it";
  const isGlobal = evidence.specs.get(run.unit)?.isGlobal === true;
  if (!isGlobal && (run.elsewhere ?? []).length > 0 && mayHaveBeenLost(run.machine, endedMs, evidence))
    return "it ran elsewhere by then";
  return undefined;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

/** I2: every run that ended has a reason that somebody gave. */
export function endsWithoutReason(evidence: Evidence): readonly Violation[] {
  return evidence.timeline.runs
    .filter((run) => run.endedMs !== undefined && reasonForEnd(run, evidence) === undefined)
    .map((run) => ({
      promise: "I2",
      what: `${run.unit} ended on ${run.machine} at ${seconds(run.endedMs ?? 0)}, and nobody gave a reason`,
    }));
}

/** I4: no unit begins on a machine while it runs on another that was never lost. */
export function needlessMoves(evidence: Evidence): readonly Violation[] {
  const found: Violation[] = [];
  for (const run of evidence.timeline.runs) {
    if (evidence.specs.get(run.unit)?.isGlobal !== false || wasAsked(run, run.fromMs, evidence)) continue;
    const other = evidence.timeline.runs.find(
      (one) =>
        one.unit === run.unit &&
        one.machine !== run.machine &&
        one.fromMs < run.fromMs &&
        (one.endedMs === undefined || one.endedMs > run.fromMs) &&
        !mayHaveBeenLost(one.machine, run.fromMs, evidence),
    );
    if (other === undefined) continue;
    found.push({
      promise: "I4",
      what: `${run.unit} began on ${run.machine} at ${seconds(run.fromMs)} although it ran on ${other.machine}, which was there`,
    });
  }
  return found;
}

/** I3: every run was where the unit's rules allow it, and no two that exclude each other shared a machine. */
export function brokenRules({ timeline, specs }: Evidence): readonly Violation[] {
  const found: Violation[] = [];
  for (const run of timeline.runs) {
    const spec = specs.get(run.unit);
    if (spec?.allowed !== undefined && !spec.allowed.includes(run.machine)) {
      found.push({ promise: "I3", what: `${run.unit} ran on ${run.machine}, which its rules exclude` });
    }
    if (spec?.apart === undefined) continue;
    const rival = timeline.runs.find(
      (one) =>
        one.unit > run.unit &&
        one.machine === run.machine &&
        specs.get(one.unit)?.apart === spec.apart &&
        one.fromMs < (run.endedMs ?? Infinity) &&
        run.fromMs < (one.endedMs ?? Infinity),
    );
    if (rival !== undefined)
      found.push({ promise: "I3", what: `${run.unit} and ${rival.unit} ran together on ${run.machine}` });
  }
  return found;
}

/** I5: no machine ever ran more than `limit` units. */
export function pileUps({ timeline }: Evidence, limit: number): readonly Violation[] {
  return [...timeline.peak]
    .filter(([, count]) => count > limit)
    .map(([machine, count]) => ({
      promise: "I5",
      what: `${machine} ran ${count} units at once, more than ${limit}`,
    }));
}
