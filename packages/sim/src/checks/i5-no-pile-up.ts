import type { Link } from "../etcd/link.js";
import type { Version } from "../truth/key-history.js";
import { demandsLately, planAgeMs } from "../truth/legality.js";
import { keyOf, liveSeatOf, policyOf, presenceOf, seatOf, statusOf, unitOf } from "../truth/records.js";
import type { RecordChange } from "../truth/truth.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";
import { isPlaceFor } from "./place-for.js";
import { ReasonsToLeave } from "./reasons-to-leave.js";

/** A process of fleetd that may lead. */
interface Leader {
  readonly startedMs: number;
  readonly link: Link;
}

/** More than this part of the machines is most of them, from this many on (protocol rule P8.3). */
const mass = { part: 0.55, machines: 3 };

/** This part of the machines, and one at least, may be given up at once (P8.1). */
const atOncePart = 0.1;

/** What two clocks, and a line between them, may differ by. */
const toleranceMs = 1_000;

/** How long a leader may not know of what has just happened, over a line of usual speed. */
const lagMs = 500;

/** For so long after etcd was restored leaders remember losses of before, in a history that nobody sees any more. */
const rememberingMs = 60_000;

/**
 * I5, no pile-up (protocol rule P8). Whenever a seat leaves a machine because the machine is merely absent, by etcd's history
 * - the seat is of a plain unit that is not pinned to that machine: those of others stay (P8, last sentence);
 * - a leader that began after the machine had vanished has waited for one lifetime (P8.1: it merely found it absent);
 * and if the leader has had a clear view of the loss
 * - no other machine vanished within the last third of a lifetime, or the machine is among the first tenth (one at least) of
 *   the machines that this leader has moved from in this loss (P8.1, P8.2);
 * - it is not the case that most machines, three at least, are absent with units to move, and have been for less than the
 *   hold (P8.3).
 * Of a machine that an operator has released only the first is asked.
 * Nor is anything asked of a unit that is adopted where it runs already.
 * The view is clear of one whose line to etcd has been well since a lifetime before the first machine of the loss vanished, and
 * whose etcd was not restored of late: others learn of several losses at once, or in another order, and have to make of that
 * what they can.
 * What happened in the last half second (more over a slow line) the leader may not know yet, other than that very machine's absence.
 * Counted are known machines that did not say they were leaving. Where leader and checker may count differently, because a
 * leader counts what it has seen, the checker counts what makes fewer of them.
 */
export function noPileUp(world: World): Checker {
  const invariant = "I5";
  const { truth, config } = world;
  const { history } = truth;
  const reasons = new ReasonsToLeave(world);
  const ttlMs = config.ttlSeconds * 1_000;
  /** Since when each machine has been absent, though it did not say it was leaving. */
  const absentSinceMs = new Map<string, number>();
  let massSinceMs: number | undefined;
  let restoredMs = Number.NEGATIVE_INFINITY;
  /** The machines that each leader has given up early in this loss, and since when they were absent. */
  const movedEarly = new Map<string, Map<string, number>>();
  /** Absent machines of losses that are over. */
  const settled = new Set<string>();
  /** Absent machines that had units to move when they vanished. */
  const hadUnits = new Set<string>();
  /** Every process that ever wrote: what it does may be seen after it has died. */
  const processes = new Map<string, Leader>();

  const isMost = (machines: number): boolean =>
    machines >= mass.machines && machines > truth.knownMachines().length * mass.part;

  const followMachine = ({ before, after }: RecordChange, machine: string): void => {
    const isKnown = history.current(keyOf.record(machine)) !== undefined;
    const isPresent = history.current(keyOf.presence(machine)) !== undefined;
    settled.delete(machine);
    hadUnits.delete(machine);
    if (isPresent || !isKnown) absentSinceMs.delete(machine);
    else if (after.value === undefined && presenceOf(before)?.state !== "leaving") {
      absentSinceMs.set(machine, world.nowMs);
      if (burdened().has(machine)) hadUnits.add(machine);
    }
    const lost = [...absentSinceMs.keys()].filter((absent) => !settled.has(absent)).length;
    massSinceMs = isMost(lost) ? (massSinceMs ?? world.nowMs) : undefined;
  };

  const isMovable = (machine: string, unit: string): boolean => {
    if (liveSeatOf(history.current(keyOf.seat(machine, unit))) === undefined) return false;
    const record = unitOf(history.current(keyOf.unit(unit)));
    const demands = truth.demandsNow(unit);
    if (record === undefined || demands === undefined || record.desiredState === "inactive") return false;
    return !demands.global && demands.machineId === undefined;
  };

  /** Absent machines with units to move, as they are after a revision. Who has no other place, as the leader has said, stays. */
  const burdened = (): ReadonlySet<string> => {
    // What a leader has said is not unknown because its term is over.
    const { refused } = statusOf(history.all(keyOf.status).findLast(({ value }) => value !== undefined));
    const leaves = ([machine, unit]: readonly [string, string]): boolean =>
      absentSinceMs.has(machine) && isMovable(machine, unit) && !refused.has(unit);
    return new Set(
      truth
        .seats()
        .filter(leaves)
        .map(([machine]) => machine),
    );
  };

  /** Whether an absent machine has units, and none of them has another place. */
  const isStuck = (machine: string): boolean => {
    const units = truth
      .seats()
      .flatMap(([on, unit]) => (on === machine && isMovable(on, unit) ? [unit] : []));
    const hasPlace = (unit: string): boolean => {
      const demands = truth.demandsNow(unit);
      return demands !== undefined && world.machines.some(({ id }) => isPlaceFor(world, id, unit, demands));
    };
    return units.length > 0 && !units.some(hasPlace);
  };

  const isClear = ({ link }: Leader, machine: string): boolean => {
    const lost = [...absentSinceMs].filter(([other]) => other === machine || !settled.has(other));
    const firstMs = Math.min(...lost.map(([, sinceMs]) => sinceMs));
    const isWell = link.mode === "up" && link.lastTroubleMs + ttlMs < firstMs;
    return isWell && restoredMs + rememberingMs < world.nowMs;
  };

  const checkMove = (change: RecordChange, machine: string, unit: string): void => {
    const sinceMs = absentSinceMs.get(machine);
    if (sinceMs === undefined) return;
    const what = `${unit} leaves ${machine.replace(/0+$/, "")}, absent for ${Math.round(world.nowMs - sinceMs)} ms`;
    const fail = (why: string): void => world.fail(invariant, `${what}: ${why}`);
    const demands = demandsLately(world, unit);
    if (demands.length > 0 && demands.every(({ global }) => global)) fail("it is a global unit");
    if (
      demands.length > 0 &&
      demands.every(({ machineId }) => machineId !== undefined && machine.startsWith(machineId))
    ) {
      fail("it is pinned there");
    }
    if (isGivenUp(machine)) return;
    const { instance } = change.after.origin;
    const leader = processes.get(instance);
    if (leader === undefined) return;
    const { startedMs } = leader;
    if (startedMs > sinceMs && world.nowMs < startedMs + ttlMs)
      fail("the leader has only found it absent, just now");
    if (!isClear(leader, machine)) return;
    const unknownSinceMs = world.nowMs - lagMs * leader.link.slowness;
    // The machine was there by what the leader knew.
    if (sinceMs > unknownSinceMs && (reasons.isMisplaced(machine, unit) || reasons.isDrained(machine)))
      return;
    // What came to light on a machine whose loss is over is not part of this one.
    if (settled.has(machine)) return;
    if (isEarly(sinceMs, unknownSinceMs)) {
      if (sinceMs > unknownSinceMs) forgetIfQuietBefore(instance, machine);
      countEarly(instance, machine, sinceMs, fail);
    }
    // Who saw a machine vanish with its units counts it though they be elsewhere by now.
    const seen = [...hadUnits].filter((other) => startedMs + ttlMs < (absentSinceMs.get(other) ?? 0));
    const lost = new Set([...burdened(), ...seen].filter((other) => !settled.has(other))).add(machine);
    if (!isMost(lost.size) || massSinceMs === undefined || massSinceMs > unknownSinceMs) return;
    if (world.nowMs - massSinceMs < config.holdWatchedMs - toleranceMs) {
      // A leader may have known for long who has no other place, though it has not said so.
      const open = [...lost].filter((other) => other === machine || !isStuck(other)).length;
      if (!isMost(open)) return;
      fail(`${lost.size} machines are lost with units, for ${Math.round(world.nowMs - massSinceMs)} ms`);
    }
  };

  /** Whether an operator has said not to wait for this absence: the record is written anew when the machine returns. */
  const isGivenUp = (machine: string): boolean => {
    const recordRevision = history.current(keyOf.record(machine))?.revision;
    return truth
      .lately(keyOf.policy(machine), planAgeMs)
      .some((version) => recordRevision !== undefined && policyOf(version).released === recordRevision);
  };

  /** Whether more machines may be about to follow one that vanished at `ownMs`, by what a leader must know. */
  const isEarly = (ownMs: number, unknownSinceMs: number): boolean => {
    const known = [...absentSinceMs.values()].filter((sinceMs) => sinceMs <= unknownSinceMs);
    // Who moves a machine's units knows that it has vanished, however lately.
    const lastMs = Math.max(ownMs, ...known);
    return world.nowMs - lastMs < ttlMs / 3 - toleranceMs;
  };

  /** Who may have learnt only now of a machine's absence may have taken the loss before it for over. */
  const forgetIfQuietBefore = (leader: string, machine: string): void => {
    const moved = movedEarly.get(leader);
    if (moved === undefined || moved.has(machine)) return;
    if (world.nowMs - Math.max(...moved.values()) >= ttlMs / 3 - toleranceMs) movedEarly.delete(leader);
  };

  const countEarly = (
    leader: string,
    machine: string,
    sinceMs: number,
    fail: (why: string) => void,
  ): void => {
    const moved = (movedEarly.get(leader) ?? new Map<string, number>()).set(machine, sinceMs);
    movedEarly.set(leader, moved);
    const allowed = Math.max(1, Math.ceil(truth.knownMachines().length * atOncePart));
    if (moved.size > allowed) fail(`${moved.size} machines are given up while more are being lost`);
  };

  /**
   * Others may be given up early when it has become quiet, though everything of the loss be back or empty before. What units
   * come to an empty machine after that, because a record is there again, wait for nobody.
   */
  const closeLoss = (): void => {
    const lastMs = Math.max(...absentSinceMs.values());
    if (world.nowMs - lastMs < ttlMs / 3 - toleranceMs) return;
    movedEarly.clear();
    if (absentSinceMs.size > settled.size && burdened().size === 0) {
      for (const machine of absentSinceMs.keys()) settled.add(machine);
    }
  };

  return {
    invariant,
    onRecord: (change) => {
      const [area, machine, unit] = change.parts;
      noteProcess(change.after.origin.instance);
      if (machine === undefined) return;
      if (area === "machines" || area === "machine-records") {
        closeLoss();
        followMachine(change, machine);
      }
      if (area !== "schedule" || unit === undefined || change.after.origin.kind !== "process") return;
      if (liveSeatOf(change.before) === undefined || seatOf(change.after)?.target !== "absent") return;
      if (isWanted(machine, unit, change.after) && !isRunningElsewhere(machine, unit))
        checkMove(change, machine, unit);
    },
    onRevision: closeLoss,
    onRestore: () => {
      absentSinceMs.clear();
      settled.clear();
      hadUnits.clear();
      movedEarly.clear();
      massSinceMs = undefined;
      restoredMs = world.nowMs;
    },
  };

  function noteProcess(instance: string): void {
    if (processes.has(instance)) return;
    const machine = world.machines.find(({ running }) => running?.instance === instance);
    const startedMs = machine?.running?.startedAtMs;
    if (machine !== undefined && startedMs !== undefined)
      processes.set(instance, { startedMs, link: machine.link });
  }

  /** What runs elsewhere already is adopted there, whoever is away: nothing piles up by that. */
  function isRunningElsewhere(machine: string, unit: string): boolean {
    return world.machines.some((other) => other.id !== machine && other.isOn && other.isRunning(unit));
  }

  /** Whether nothing but the machine's absence can be the reason for a unit to leave. */
  function isWanted(machine: string, unit: string, { createRevision, revision }: Version): boolean {
    const mark = history.current(keyOf.mark(unit));
    if (mark !== undefined && mark.revision > createRevision) return false;
    const record = unitOf(history.current(keyOf.unit(unit)));
    if (record === undefined || record.desiredState === "inactive") return false;
    // Of two that exclude each other one has to leave, whether their machine is there or not.
    if (reasons.makesRoom(machine, unit)) return false;
    const others = truth
      .seats()
      .filter(([on, of]) => of === unit && on !== machine)
      .flatMap(([on, of]) => history.current(keyOf.seat(on, of)) ?? []);
    // A second seat that was there before is one too many, wherever it is.
    return !others.some((version) => liveSeatOf(version) !== undefined && version.createRevision < revision);
  }
}
