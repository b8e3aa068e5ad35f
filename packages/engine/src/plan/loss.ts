import type { MachineId } from "@fleet/core";
import {
  type Absence,
  type Away,
  type Episode,
  firstAtOnce,
  isMassLoss,
  type LossInput,
  type LossState,
  type LossVerdict,
} from "./loss-state.js";

/** What is known before the first look. */
export const initialLossState: LossState = {
  absent: new Map(),
  away: new Map(),
  present: new Set(),
  leaving: new Set(),
  episode: undefined,
};

/**
 * Decides whose units may be moved because their machine is away (protocol rule P8). A state machine without a clock:
 * the caller looks again when something changes and at `wakeAtMs`.
 *
 * Machines that vanish one by one are released one by one, at once. Many that vanish together are not: first that few,
 * the others when it has become quiet; and if most of the cluster is gone, nobody until the hold ends or enough are back,
 * and then with a brake. A machine that said it was leaving is no loss; it is released as soon as it is gone.
 *
 * A loss stays open for a while after its last machine was dealt with. Otherwise a network failure, in which leases end
 * one after another over some seconds, would be ten losses of one machine each, and all would pile up on the last.
 */
export function advanceLoss(state: LossState, input: LossInput): LossVerdict {
  const closed = closeIfDone(doubtQuiet(state, input), input);
  const absent = noteAbsences(closed, input);
  const episode = continueEpisode(closed, absent, input);
  const next: LossState = {
    absent,
    away: noteAway(state, absent, input),
    present: input.present,
    leaving: leavingAfter(state, input),
    episode,
  };
  return judge(next, input);
}

function quietMs(input: LossInput): number {
  return input.options.ttlMs / 3;
}

function movableOn(id: MachineId, input: LossInput): number {
  return input.movableSeats.get(id) ?? 0;
}

/** What a stalled process has not seen is no quiet: else it would take what vanished together for two losses. */
function doubtQuiet(state: LossState, { stalled, nowMs }: LossInput): LossState {
  const { episode } = state;
  return stalled === true && episode !== undefined
    ? { ...state, episode: { ...episode, lastLossMs: nowMs } }
    : state;
}

/** Ends an open loss whose machines are back or empty, once it is quiet. Its machines stay released, with the brake on. */
function closeIfDone(state: LossState, input: LossInput): LossState {
  const { episode } = state;
  if (episode === undefined || input.nowMs < episode.lastLossMs + quietMs(input)) return state;
  const isOver = [...state.absent].every(
    ([id, absence]) => absence.kind !== "lost" || input.present.has(id) || movableOn(id, input) === 0,
  );
  if (!isOver) return state;
  const absent = new Map(
    [...state.absent].map(([id, absence]) => [
      id,
      absence.kind === "lost" ? settled(absence, episode) : absence,
    ]),
  );
  return { ...state, absent, episode: undefined };
}

function settled(absence: Absence, { braked }: Episode): Absence {
  return { ...absence, kind: "settled", ...(braked ? { braked } : {}) };
}

function noteAbsences(state: LossState, input: LossInput): ReadonlyMap<MachineId, Absence> {
  const absent = new Map<MachineId, Absence>();
  const away = [...input.known].filter((id) => !input.present.has(id));
  for (const id of away.sort()) {
    const known = state.absent.get(id);
    const hasSeats = movableOn(id, input) > 0;
    if (known !== undefined) {
      // Old news that turns out to have units after all is a loss found now.
      const isNews = known.kind === "old" && hasSeats;
      absent.set(id, isNews ? { kind: "lost", sinceMs: input.nowMs, watched: false, hadSeats: true } : known);
      continue;
    }
    const watched = input.watched && state.present.has(id);
    const kind = state.leaving.has(id) ? "settled" : watched || hasSeats ? "lost" : "old";
    absent.set(id, { kind, sinceMs: input.nowMs, watched, hadSeats: hasSeats });
  }
  return absent;
}

/**
 * Notes since when the absent machines have certainly been away. One that was back unseen and ran its units counts from
 * now, though for the loss it is old news.
 */
function noteAway(
  { away }: LossState,
  absent: ReadonlyMap<MachineId, Absence>,
  input: LossInput,
): ReadonlyMap<MachineId, Away> {
  const next = new Map<MachineId, Away>();
  for (const id of absent.keys()) {
    const known = away.get(id);
    const returns = input.returns?.get(id);
    const isCertain = known?.returns === returns && (input.watched || returns !== undefined);
    next.set(id, known !== undefined && isCertain ? known : { sinceMs: input.nowMs, returns });
  }
  return next;
}

/** A machine that was last seen leaving is remembered as such until it is seen otherwise. */
function leavingAfter(state: LossState, input: LossInput): ReadonlySet<MachineId> {
  const leaving = new Set(input.leaving);
  for (const id of state.leaving) if (!input.present.has(id)) leaving.add(id);
  return leaving;
}

function continueEpisode(
  state: LossState,
  absent: ReadonlyMap<MachineId, Absence>,
  input: LossInput,
): Episode | undefined {
  const lost = [...absent].filter(([, absence]) => absence.kind === "lost");
  const isNew = lost.some(([id, absence]) => state.absent.get(id) !== absence);
  const isReturn = [...state.absent].some(([id, { kind }]) => kind === "lost" && input.present.has(id));
  if (state.episode === undefined && lost.length === 0) return undefined;
  const previous: Episode = state.episode ?? {
    machines: input.present.size + lost.length,
    first: new Set(),
    lastLossMs: input.nowMs,
    lastReturnMs: undefined,
    massSinceMs: undefined,
    braked: false,
    holdOver: false,
  };
  const episode: Episode = {
    ...previous,
    lastLossMs: isNew ? input.nowMs : previous.lastLossMs,
    lastReturnMs: isReturn ? input.nowMs : previous.lastReturnMs,
  };
  const absences = lost.map(([, absence]) => absence);
  return chooseFirst(holdOrNot(episode, absences, input), lost, input);
}

/** Notes which machines are given up without waiting whether more follow. After a mass loss none is: they may be coming. */
function chooseFirst(
  episode: Episode,
  lost: readonly (readonly [MachineId, Absence])[],
  input: LossInput,
): Episode {
  if (episode.braked) return episode;
  const first = new Set(episode.first);
  for (const [id, absence] of lost.toSorted(byTime)) {
    // What could go nowhere when the machine was noticed, or by the newest plan, may go by the next one.
    const hasUnits = absence.hadSeats || movableOn(id, input) > 0 || input.stuck?.has(id) === true;
    const isDue = hasUnits && graceEndMs(absence, input) <= input.nowMs;
    if (isDue && first.size < firstAtOnce(episode)) first.add(id);
  }
  return { ...episode, first };
}

function isHeld(episode: Episode, lost: number): boolean {
  return isMassLoss(episode, lost) && !episode.holdOver;
}

function byTime([a, x]: readonly [MachineId, Absence], [b, y]: readonly [MachineId, Absence]): number {
  return x.sinceMs - y.sinceMs || (a < b ? -1 : 1);
}

/** Until when a machine that was merely found away may come back without more ado. */
function graceEndMs(absence: Absence, { options }: LossInput): number {
  return absence.watched ? absence.sinceMs : absence.sinceMs + options.ttlMs;
}

function holdOrNot(episode: Episode, lost: readonly Absence[], input: LossInput): Episode {
  // Once enough are back that hold has ended: if most are lost again, those may return just as well.
  if (!isMassLoss(episode, lost.length)) return { ...episode, massSinceMs: undefined, holdOver: false };
  const massSinceMs = episode.massSinceMs ?? input.nowMs;
  const held = { ...episode, massSinceMs, braked: true };
  const isOver = input.override === true || input.nowMs >= holdEndMs(held, lost, input);
  return isOver ? { ...held, holdOver: true } : held;
}

function holdEndMs(episode: Episode, lost: readonly Absence[], { options, nowMs }: LossInput): number {
  const wasFound = lost.some((absence) => !absence.watched);
  const holdMs = wasFound ? options.massLossHoldFoundMs : options.massLossHoldWatchedMs;
  return (episode.massSinceMs ?? nowMs) + holdMs;
}

function judge(state: LossState, input: LossInput): LossVerdict {
  const released = new Set<MachineId>();
  const braked = new Set<MachineId>();
  const held: { machine: MachineId; why: string; untilMs?: number }[] = [];
  const { episode } = state;
  const lost = [...state.absent].filter(([, { kind }]) => kind === "lost").toSorted(byTime);
  const graceEnds: number[] = [];
  for (const [id, absence] of state.absent) {
    if (absence.kind === "lost") continue;
    // What could go nowhere when the machine was found, or has gone by another leader's doing, may be there a moment later.
    const graceMs = state.leaving.has(id) ? input.nowMs : graceEndMs(absence, input);
    if (graceMs > input.nowMs && input.givenUp?.has(id) !== true) {
      graceEnds.push(graceMs);
      continue;
    }
    released.add(id);
    // Its units have found no place until now, and may find one all together: on the first machine that is uncordoned.
    const hasUnits = movableOn(id, input) > 0 || input.stuck?.has(id) === true;
    if (absence.braked === true && hasUnits) braked.add(id);
  }
  const absences = lost.map(([, absence]) => absence);
  for (const [id, absence] of lost) {
    const { why, untilMs } = waitFor(episode!, id, absence, absences, input);
    if (untilMs <= input.nowMs || input.givenUp?.has(id) === true) {
      released.add(id);
      if (episode?.braked === true) braked.add(id);
    } else if (movableOn(id, input) > 0) {
      held.push({ machine: id, why, ...(Number.isFinite(untilMs) ? { untilMs } : {}) });
    }
  }
  const quietEndMs = lost.some(([id]) => released.has(id)) ? episode!.lastLossMs + quietMs(input) : 0;
  const wakeAtMs = Math.min(
    ...graceEnds,
    ...held.map(({ untilMs }) => untilMs ?? Number.POSITIVE_INFINITY),
    // The loss may be over then, and whoever looks in time knows that it was quiet.
    ...(quietEndMs > input.nowMs ? [quietEndMs] : []),
  );
  const verdict = { state, released, braked, held };
  return Number.isFinite(wakeAtMs) ? { ...verdict, wakeAtMs } : verdict;
}

/** Until when a lost machine's units wait, and why. */
function waitFor(
  episode: Episode,
  id: MachineId,
  absence: Absence,
  lost: readonly Absence[],
  input: LossInput,
): { readonly why: string; readonly untilMs: number } {
  if (isHeld(episode, lost.length)) {
    const why = `lost together with most machines (${lost.length} of ${episode.machines})`;
    return { why, untilMs: holdEndMs(episode, lost, input) };
  }
  const graceMs = graceEndMs(absence, input);
  const isFirst = episode.first.has(id) || (!episode.braked && episode.first.size < firstAtOnce(episode));
  if (isFirst) return { why: "was away already when this leader began to watch", untilMs: graceMs };
  const calmSinceMs = episode.braked
    ? Math.max(episode.lastLossMs, episode.lastReturnMs ?? 0)
    : episode.lastLossMs;
  return {
    why: "lost shortly before or after another machine",
    untilMs: Math.max(graceMs, calmSinceMs + quietMs(input)),
  };
}
