import { compareUnitNames, type Seat, type UnitName } from "@fleet/core";
import { findComponents } from "./components.js";
import { destroyedSince } from "./dismiss.js";
import { othersBecauseOf } from "./others.js";
import { isAttended, type Place } from "./place.js";
import { type Planning, type Unseating, unseating } from "./planning.js";
import { roomTies } from "./room-ties.js";
import { differenceBetween, isUnconfirmed, wishOf } from "./seat-wish.js";
import { type Arrival, stagesOf } from "./stages.js";
import type { Claim, Subject } from "./subject.js";
import type { EngineTask, SeatTask, UnseatCause, UnseatTask } from "./task.js";

type Unfinished<Task> = Task extends EngineTask ? Omit<Task, "component" | "stage" | "unit"> : never;

interface Entry {
  readonly subject: Subject;
  readonly task: Unfinished<EngineTask>;
}

/** Turns what was decided into tasks, ordered by stage, unit and machine. */
export function emitTasks(p: Planning): readonly EngineTask[] {
  const entries: Entry[] = [];
  for (const subject of p.world.subjects.values()) {
    if (subject.kind === "plain") emitPlain(p, subject, entries);
  }
  for (const { subject, claim } of p.globalClaims) emitUpdate(p, subject, claim, entries);
  for (const { subject, place, reason } of p.globalSeatings) {
    entries.push({
      subject,
      task: { kind: "seat", machine: place.id, reason, ...wishAt(p, subject, place), peers: [] },
    });
  }
  for (const unseating of p.unseatings) entries.push(unseat(p, unseating));
  for (const { place, seat, acked } of p.world.graves) {
    const forgotten = place.stance === "forgotten";
    if (!acked && !forgotten) continue;
    const reason = acked ? "the machine has let go of it" : "the machine was forgotten";
    const subject = p.world.subjects.get(seat.unit)!;
    entries.push({ subject, task: { kind: "collect", machine: place.id, reason, seat, forgotten } });
  }
  emitClearMarks(p, entries);
  return finish(p, entries);
}

function emitPlain(p: Planning, subject: Subject, entries: Entry[]): void {
  const { at, from, predecessor, arrivingBecause: reason } = subject;
  // A copy that is about to go is not replaced or started anew, only stopped if that is what is wanted.
  if (
    predecessor !== undefined &&
    wishOf(subject.unit!, predecessor.place).target !== predecessor.seat.target
  ) {
    emitUpdate(p, subject, predecessor, entries);
  }
  if (at === undefined) {
    if (from === undefined) return;
    const because = subject.leavingBecause ?? "";
    entries.push(unseat(p, unseating(subject, from, "illegal", because)));
  } else if (from === undefined) {
    const task = {
      kind: "seat",
      machine: at.id,
      reason,
      ...wishAt(p, subject, at),
      peers: peers(subject),
      ...(predecessor === undefined ? {} : { predecessor: predecessor.seat }),
      ...goneMachines(subject),
    } as const;
    entries.push({ subject, task });
  } else if (from.place === at) {
    emitUpdate(p, subject, from, entries);
  } else {
    entries.push({
      subject,
      task: {
        kind: "move",
        machine: at.id,
        reason,
        ...wishAt(p, subject, at),
        from: from.seat,
        fromPresenceRevision: from.place.presenceRevision,
        peers: peers(subject),
        ...(predecessor === undefined ? {} : { replaces: predecessor.place.id }),
        ...(isAttended(from.place) ? othersBecauseOf(p, subject, from.place) : {}),
      },
    });
  }
}

function goneMachines({ exclusive, stopping }: Subject): Pick<SeatTask, "goneMachines"> {
  if (!exclusive || stopping.length === 0) return {};
  return { goneMachines: stopping.map(({ place }) => place.id) };
}

function peers(subject: Subject): readonly UnitName[] {
  return subject.peers.filter((peer) => peer !== subject).map((peer) => peer.name);
}

function emitUpdate(p: Planning, subject: Subject, { place, seat }: Claim, entries: Entry[]): void {
  // Of an exclusive unit on a machine that is away the seat goes on telling what the machine had when it was last there.
  if (subject.exclusive && place.presenceRevision === 0) return;
  const arrival = wishAt(p, subject, place, seat);
  const reason = differenceBetween(seat, arrival.wish);
  if (reason === undefined || subject.withheld) return;
  entries.push({ subject, task: { kind: "update", machine: place.id, reason, ...arrival, seat } });
}

function wishAt(p: Planning, { unit, name, exclusive }: Subject, place: Place, seat?: Seat) {
  const state = exclusive ? p.world.view.states.get(place.id)?.get(name) : undefined;
  const unconfirmed = exclusive && isUnconfirmed(unit!, seat, state) ? ({ unconfirmed: true } as const) : {};
  return {
    wish: { ...wishOf(unit!, place), ...unconfirmed },
    unitRevision: unit!.modRevision,
    presenceRevision: place.presenceRevision,
  };
}

function unseat(p: Planning, { subject, place, cause, reason, rival, ...rest }: Unseating): Entry {
  const task: Unfinished<UnseatTask> = {
    kind: "unseat",
    machine: place.id,
    cause,
    reason,
    tombstone: rest.tombstone,
    seatRevision: rest.seatRevision,
    unitRevision: p.world.view.units.get(subject.name)?.modRevision ?? 0,
    ...(isAttended(place) || isAskedFor(cause) ? {} : { presenceRevision: place.presenceRevision }),
    ...(cause === "illegal" && isAttended(place) ? othersBecauseOf(p, subject, place) : {}),
    ...(cause === "destroyed" ? { markRevision: destroyedSince(p, subject) } : {}),
    ...(rival === undefined
      ? {}
      : { rival: { machine: rival.place.id, seatRevision: rival.seat.modRevision } }),
  };
  return { subject, task };
}

/** Whether a unit goes because somebody wants it to, wherever it is. */
function isAskedFor(cause: UnseatCause): boolean {
  return cause === "inactive" || cause === "destroyed";
}

/**
 * A mark goes when every seat that is older than it is a tombstone or gone, and no machine has a copy without a seat. One
 * that cannot be read may be such a seat, and may be read again: nothing but the mark would speak against it then. The
 * tombstones may be written by this very plan: they come first, and if one is not written the mark stays.
 */
function emitClearMarks(p: Planning, entries: Entry[]): void {
  const told = new Set(p.unseatings.map(strayKey));
  for (const mark of p.world.marks) {
    const subject = p.world.subjects.get(mark.name)!;
    const isNeeded =
      p.world.view.unreadableSeats?.has(mark.name) === true ||
      subject.strays.some((stray) => !told.has(strayKey(stray)) && !p.draft.hasSeat(subject, stray.place)) ||
      subject.claims.some(({ seat }) => seat.createRevision < mark.modRevision);
    if (isNeeded) continue;
    const reason = "every machine has been told";
    entries.push({ subject, task: { kind: "clear-mark", reason, markRevision: mark.modRevision } });
  }
}

function strayKey({ subject, place }: { readonly subject: Subject; readonly place: Place }): string {
  return `${place.index} ${subject.name}`;
}

function finish(p: Planning, entries: readonly Entry[]): readonly EngineTask[] {
  const components = findComponents(new Set(entries.map(({ subject }) => subject)), roomTies(entries));
  const stages = findStages(p, entries);
  const tasks = entries.map((entry): EngineTask => {
    const { subject, task } = entry;
    const component = components.get(subject)!;
    const stage = stages.get(entry) ?? (task.kind === "clear-mark" ? 1 : 0);
    // The task is nobody else's yet, and copying it would take as long as everything else here.
    return Object.assign(task, { unit: subject.name, component, stage });
  });
  return tasks.sort(compareTasks);
}

/** The stages of those tasks that are no removals. */
function findStages(p: Planning, entries: readonly Entry[]): ReadonlyMap<Entry, number> {
  const arriving: Entry[] = [];
  const arrivals: Arrival[] = [];
  for (const entry of entries) {
    const { subject, task } = entry;
    if (task.kind !== "seat" && task.kind !== "move" && task.kind !== "update") continue;
    arriving.push(entry);
    const from = task.kind === "move" ? p.world.placeOf.get(task.from.machine) : undefined;
    arrivals.push({ subject, at: p.world.placeOf.get(task.machine)!, from });
  }
  const stages = stagesOf(arrivals);
  return new Map(arriving.map((entry, index) => [entry, stages[index]!]));
}

function compareTasks(a: EngineTask, b: EngineTask): number {
  const machineOf = (task: EngineTask): string => (task.kind === "clear-mark" ? "" : task.machine);
  return (
    a.stage - b.stage ||
    compareUnitNames(a.unit, b.unit) ||
    compareUnitNames(machineOf(a), machineOf(b)) ||
    compareUnitNames(a.kind, b.kind)
  );
}
