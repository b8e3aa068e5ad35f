import type { MachineId, Seat } from "@fleet/core";
import { type Guard, type GuardedChange, type LeaderWrite, seatGuard } from "@fleet/core/ports";
import type { EngineTask, MoveTask, SeatTask, UpdateTask } from "../plan/task.js";

type Handlers = {
  readonly [K in EngineTask["kind"]]: (task: Extract<EngineTask, { kind: K }>) => Omit<GuardedChange, "unit">;
};

/**
 * How many peers a change compares. A transaction has room for 128 compares; a unit that follows more is guarded as far
 * as this goes, which is enough because this leader alone writes seats, one plan after another.
 */
const guardedPeersMax = 64;

/** Says what a task writes and what the transaction compares. Nothing is decided here. */
export function toGuardedChange(task: EngineTask): GuardedChange {
  const handle = handlers[task.kind] as (task: EngineTask) => Omit<GuardedChange, "unit">;
  return { unit: task.unit, ...handle(task) };
}

const handlers: Handlers = {
  seat: (task) => ({
    guards: [
      ...arrivalGuards(task),
      noSeat(task),
      ...peerGuards(task),
      ...(task.predecessor === undefined ? [] : [seatGuard(task.predecessor)]),
      ...(task.goneMachines ?? []).map((machine) => ({ kind: "presence", machine, revision: 0 }) as const),
    ],
    writes: [putSeat(task, task.predecessor?.machine)],
  }),
  update: (task) => ({
    guards: [...arrivalGuards(task), seatGuard(task.seat)],
    writes: [putSeat(task, task.seat.replaces)],
  }),
  move: (task) => ({
    guards: [
      ...arrivalGuards(task),
      noSeat(task),
      ...peerGuards(task),
      seatGuard(task.from),
      { kind: "presence", machine: task.from.machine, revision: task.fromPresenceRevision },
      ...otherGuards(task),
    ],
    writes: [tombstone(task.from, task.reason), putSeat(task, task.replaces)],
  }),
  unseat: ({ unit, machine, unitRevision, tombstone, reason, ...task }) => {
    const { seatRevision, presenceRevision, markRevision, rival } = task;
    const guards: Guard[] = [
      { kind: "unit", unit, revision: unitRevision },
      { kind: "seat", machine, unit, revision: seatRevision },
      ...otherGuards(task),
    ];
    if (presenceRevision !== undefined) {
      guards.push({ kind: "presence", machine, revision: presenceRevision });
    }
    if (markRevision !== undefined) guards.push({ kind: "mark", unit, revision: markRevision });
    if (rival !== undefined) {
      guards.push({ kind: "seat", machine: rival.machine, unit, revision: rival.seatRevision });
    }
    const { contentId, hash, startCount, unconfirmed } = tombstone;
    const content = { contentId, hash, startCount, ...(unconfirmed === undefined ? {} : { unconfirmed }) };
    const seat = { machine, unit, ...content, target: "absent", reason } as const;
    return { guards, writes: [{ kind: "put-seat", seat }] };
  },
  collect: ({ unit, machine, seat, forgotten }) => ({
    guards: [seatGuard(seat), ...(forgotten ? [{ kind: "presence", machine, revision: 0 } as const] : [])],
    writes: [{ kind: "delete-seat", machine, unit }],
  }),
  "clear-mark": ({ unit, markRevision }) => ({
    guards: [{ kind: "mark", unit, revision: markRevision }],
    writes: [{ kind: "delete-mark", unit }],
  }),
};

function arrivalGuards(task: SeatTask | UpdateTask | MoveTask): readonly Guard[] {
  return [
    { kind: "unit", unit: task.unit, revision: task.unitRevision },
    { kind: "presence", machine: task.machine, revision: task.presenceRevision },
  ];
}

function noSeat({ machine, unit }: SeatTask | MoveTask): Guard {
  return { kind: "seat", machine, unit, revision: 0 };
}

function peerGuards({ machine, peers }: SeatTask | MoveTask): readonly Guard[] {
  return peers
    .slice(0, guardedPeersMax)
    .map((unit) => ({ kind: "seat", machine, unit, revision: "held" }) as const);
}

function otherGuards({
  others = [],
  otherPresences = [],
}: Pick<MoveTask, "others" | "otherPresences">): readonly Guard[] {
  return [
    ...others.map(({ unit, revision }) => ({ kind: "unit", unit, revision }) as const),
    ...otherPresences.map(({ machine, revision }) => ({ kind: "presence", machine, revision }) as const),
  ];
}

function putSeat(
  { unit, machine, wish, reason }: SeatTask | UpdateTask | MoveTask,
  replaces: MachineId | undefined,
): LeaderWrite {
  const seat = { machine, unit, ...wish, reason, ...(replaces === undefined ? {} : { replaces }) };
  return { kind: "put-seat", seat };
}

function tombstone({ machine, unit, contentId, hash, startCount }: Seat, reason: string): LeaderWrite {
  return {
    kind: "put-seat",
    seat: { machine, unit, contentId, hash, startCount, target: "absent", reason },
  };
}
