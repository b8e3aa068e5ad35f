import type { Version } from "../truth/key-history.js";
import { demandsLately, planAgeMs } from "../truth/legality.js";
import { keyOf, liveSeatOf, partsOf, seatOf, stateOf } from "../truth/records.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";
import { ReasonsToLeave } from "./reasons-to-leave.js";

/** How long after a drain was called off a leader may not know that yet. */
const drainAgeMs = 2_000;

/**
 * I4, a drain is a hand-over (protocol rule P3.6). When a unit leaves a machine that is there, and nothing speaks for that but
 * that the machine is drained, then a copy elsewhere has taken over: it has a seat, and its machine has said, for that
 * very seat, that it has been started, or loaded if that is all that is wanted. A copy that was to take over goes when
 * the old one stays. Exclusive units stop first, and units that
 * follow others go with them; neither is asked.
 */
export function handsOver(world: World): Checker {
  const invariant = "I4-hand-over";
  const { truth } = world;
  const { history } = truth;
  const reasons = new ReasonsToLeave(world);

  /** Whether what stands or stood lately in a seat elsewhere was answered by its machine. */
  const hasTakenOver = (machine: string, unit: string): boolean =>
    [...history.keys].some((key) => {
      const [area, other, name] = partsOf(key);
      if (area !== "schedule" || name !== unit || other === undefined || other === machine) return false;
      const seats = truth.lately(key, planAgeMs).filter((version) => liveSeatOf(version) !== undefined);
      return truth.lately(keyOf.state(other, unit), planAgeMs).some((version) => {
        const state = stateOf(version);
        if (state?.condition !== "loaded") return false;
        return seats.some(
          (seat) => seatOf(seat)?.target === "loaded" || state.startedFor === seat.createRevision,
        );
      });
    });

  /** Whether a seat was only to take over from one that stays: then nobody leaves. */
  const isHeir = (seat: Version | undefined, unit: string): boolean => {
    const old = liveSeatOf(seat)?.replaces;
    return old !== undefined && liveSeatOf(history.current(keyOf.seat(old, unit))) !== undefined;
  };

  const check = (machine: string, unit: string, after: Version): void => {
    if (world.nowMs - (truth.restores.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) < planAgeMs) return;
    if (!reasons.isDrained(machine, drainAgeMs) || reasons.isAway(machine)) return;
    if (reasons.isUnwanted(machine, unit, after.createRevision) || reasons.isMisplaced(machine, unit)) return;
    if (reasons.makesRoom(machine, unit)) return;
    // One that was there no later than this one is no heir: the unit had a seat too many.
    if (reasons.hasOlderSeat(machine, unit, after.createRevision + 1)) return;
    const demands = demandsLately(world, unit);
    if (demands.length === 0) return;
    if (demands.some(({ exclusive, machineOf, global }) => exclusive || global || machineOf.length > 0))
      return;
    if (hasTakenOver(machine, unit)) return;
    const where = machine.replace(/0+$/, "");
    world.fail(
      invariant,
      `${unit} leaves ${where}, which is drained, at ${after.revision}, and nobody took over`,
    );
  };

  return {
    invariant,
    onRecord: ({ before, after, parts }) => {
      const [area, machine, unit] = parts;
      if (area !== "schedule" || machine === undefined || unit === undefined) return;
      if (after.origin.kind !== "process" || liveSeatOf(before) === undefined) return;
      if (seatOf(after)?.target === "absent" && !isHeir(before, unit)) check(machine, unit, after);
    },
  };
}
