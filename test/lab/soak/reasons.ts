// Whether somebody gave a reason for the end of a run: the protocol's reasons, held against what was done to the cluster,
// what ran elsewhere, and what etcd was told.
import type { Run } from "../e2e/timeline.js";
import type { Absence } from "../e2e/verdict.js";
import type { SoakUnit } from "./units.js";

/** A time in which something held. */
export interface Span {
  readonly fromMs: number;
  /** `undefined` while it lasts. */
  toMs?: number;
}

/** What was asked of one unit or of all on one machine, until the cluster had settled. */
export interface Asked extends Span {
  readonly unit?: string;
  /** Its units were told to go elsewhere, by hand-over. */
  readonly drained?: string;
  /** The command was given up, and may be carried out when nobody expects it any more. */
  mayComeLate?: boolean;
}

/** What an end is judged by. */
export interface Circumstances {
  readonly units: ReadonlyMap<string, SoakUnit>;
  readonly runs: readonly Run[];
  readonly absences: readonly Absence[];
  /** When etcd could not serve. */
  readonly etcdAway: readonly Span[];
  /** When fleetd was not there to renew a lease, because it had been killed or restarted. */
  readonly pauses: readonly (Span & { readonly machine: string })[];
  readonly asked: readonly Asked[];
  readonly ttlMs: number;
  /** The machines on which a unit had a seat at some time. */
  readonly seatsOf: (unit: string, atMs: number) => readonly string[];
  /** Whether there was a tombstone for a unit on a machine at some time of a span. */
  readonly hasTombstone: (machine: string, unit: string, fromMs: number, toMs: number) => boolean;
}

/** How much of a TTL has passed at least between a machine's last sign of life and the end of its lease. */
const silenceShare = 0.6;
/** The same for the deadline of exclusive units; less, for who was not heard has to find a way to be heard again. */
const deadlineShare = 0.5;
/** How long after its cause an end may be seen: slow stops are a part of the soak. */
const graceMs = 8_000;
/** How long a command that was given up may lie in some queue of a network. */
const lateCommandMs = 60_000;
/** What etcd was told may be heard of a little later than it had its effect. */
const hearsayMs = 15_000;

const overlaps = (span: Span, fromMs: number, toMs: number): boolean =>
  span.fromMs <= toMs && (span.toMs ?? Infinity) >= fromMs;

/** Whether `span` had lasted for `ms` at a time, or did so before it ended. */
function lasted(span: Span, atMs: number, ms: number): boolean {
  return span.fromMs <= atMs && Math.min(span.toMs ?? atMs, atMs) - span.fromMs >= ms;
}

const ofMachine = ({ absences }: Circumstances, machine: string): readonly Absence[] =>
  absences.filter((absence) => absence.machine === machine);

/** Whether a machine was silent for so long before a time that its units may run elsewhere. */
export function mayHaveBeenLost(circumstances: Circumstances, machine: string, atMs: number): boolean {
  const silenceMs = circumstances.ttlMs * silenceShare;
  return ofMachine(circumstances, machine).some(
    (absence) => absence.fromMs <= atMs && (absence.off || lasted(absence, atMs, silenceMs)),
  );
}

/** Whether a machine could not renew its lease for so long that it had to end its exclusive units about then. */
export function mayHaveReachedDeadline(circumstances: Circumstances, machine: string, atMs: number): boolean {
  const { ttlMs, etcdAway, pauses } = circumstances;
  const own = pauses.filter((pause) => pause.machine === machine);
  const silences = [...ofMachine(circumstances, machine), ...etcdAway].map(({ fromMs, toMs = Infinity }) => {
    // fleetd had not renewed anything yet when the silence began.
    const before = own.filter((pause) => overlaps(pause, fromMs, fromMs)).map((pause) => pause.fromMs);
    return { fromMs: Math.min(fromMs, ...before), toMs };
  });
  return silences.some(
    (silence) => lasted(silence, atMs, ttlMs * deadlineShare) && atMs <= silence.toMs + graceMs * 2,
  );
}

/** Whether something was being done to a machine at some time, or had been until a moment before. */
function wasSilent(circumstances: Circumstances, machine: string, atMs: number): boolean {
  return ofMachine(circumstances, machine).some(
    ({ fromMs, toMs }) => fromMs <= atMs && atMs <= (toMs ?? Infinity) + graceMs,
  );
}

function wasAsked(circumstances: Circumstances, run: Run, endedMs: number): boolean {
  return circumstances.asked.some((asked) => {
    const lateMs = asked.mayComeLate === true ? lateCommandMs : graceMs;
    if (!overlaps({ fromMs: asked.fromMs, toMs: (asked.toMs ?? Infinity) + lateMs }, endedMs, endedMs))
      return false;
    if (asked.unit !== undefined) return asked.unit === run.unit;
    // A drain moves what is there; if it is taken back, copies that had not taken over yet end again.
    return circumstances.runs.some(
      (one) =>
        one.unit === run.unit &&
        one.machine === asked.drained &&
        overlaps(
          { fromMs: one.fromMs, toMs: one.endedMs ?? Infinity },
          asked.fromMs,
          (asked.toMs ?? Infinity) + lateMs,
        ),
    );
  });
}

const runsAt = ({ runs }: Circumstances, unit: string, machine: string, atMs: number): boolean =>
  runs.some(
    (run) =>
      run.unit === unit &&
      run.machine === machine &&
      run.fromMs <= atMs + graceMs &&
      (run.endedMs ?? Infinity) >= atMs,
  );

/** Why a run may have ended; `undefined` if there is no reason. Only runs that have ended can be asked about. */
export function reasonForEnd(run: Run, circumstances: Circumstances): string | undefined {
  const endedMs = run.endedMs ?? 0;
  const unit = circumstances.units.get(run.unit);
  const wasOff = ofMachine(circumstances, run.machine).some(
    (absence) => absence.off && endedMs >= absence.fromMs && endedMs <= (absence.toMs ?? Infinity) + graceMs,
  );
  if (wasOff) return "its machine was off";
  if (unit?.isExclusive === true && mayHaveReachedDeadline(circumstances, run.machine, endedMs))
    return "its machine could not renew its lease, and it is exclusive";
  // From here on the end was fleet's decision, so etcd must have been told.
  const wasTold = circumstances.hasTombstone(run.machine, run.unit, run.fromMs, endedMs + hearsayMs);
  if (wasAsked(circumstances, run, endedMs)) return "somebody asked for it";
  if (!wasTold) return undefined;
  if (unit === undefined || unit.isGlobal) return undefined;
  const isElsewhere = (run.elsewhere ?? []).length > 0;
  const wasLost = mayHaveBeenLost(circumstances, run.machine, endedMs);
  if (isElsewhere && wasLost) return "it ran elsewhere by then";
  // Two are silent: the first is heard again and lets go of what the second was given and has not heard of.
  const successors = circumstances.seatsOf(run.unit, endedMs).filter((machine) => machine !== run.machine);
  if (wasLost && successors.some((machine) => wasSilent(circumstances, machine, endedMs)))
    return "it had its seat on another machine, which was silent itself";
  if (unit.follows !== undefined && wasLost && !runsAt(circumstances, unit.follows, run.machine, endedMs))
    return "what it follows was gone";
  const rival = [...circumstances.units.values()].find((other) => other.replaces === run.unit);
  if (rival !== undefined && runsAt(circumstances, rival.name, run.machine, endedMs))
    return `it made way for ${rival.name}`;
  return undefined;
}

/** Why a unit that ran elsewhere already may have begun; `undefined` if that was a needless move (I4). */
export function reasonForSecondCopy(run: Run, other: Run, circumstances: Circumstances): string | undefined {
  if (circumstances.units.get(run.unit)?.isGlobal !== false) return "it is global";
  if (mayHaveBeenLost(circumstances, other.machine, run.fromMs))
    return "the other machine may have been lost";
  if (wasAsked(circumstances, other, run.fromMs) || wasAsked(circumstances, run, run.fromMs))
    return "somebody asked for it";
  const rival = [...circumstances.units.values()].find((one) => one.replaces === run.unit);
  if (rival !== undefined && runsAt(circumstances, rival.name, other.machine, run.fromMs))
    return `it made way for ${rival.name}`;
  // What it had been told before it fell silent is carried out first; then it hears what became of that.
  const isBrief = run.endedMs !== undefined && run.endedMs - run.fromMs < graceMs;
  if (isBrief && wasSilent(circumstances, run.machine, run.fromMs))
    return "its machine had been silent, and had not heard of its loss yet";
  return undefined;
}
