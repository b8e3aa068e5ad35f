import type { Version } from "../truth/key-history.js";
import { isUp, seatsOf } from "../truth/legality.js";
import { liveSeatOf, partsOf, seatOf } from "../truth/records.js";
import type { RecordChange } from "../truth/truth.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";
import { laterMs, ReasonsToLeave } from "./reasons-to-leave.js";

/**
 * I4, nothing moves without need. When a live seat becomes a tombstone, there is a reason for it in etcd:
 * the unit was destroyed after the seat was made, or is to be inactive; the machine is away, leaving, drained or forgotten,
 * or refuses the unit; the machine breaks what the unit demands; a unit there excludes it, replaces it, or it follows one that
 * is not there; or it has another seat. Restarts, elections, reconnections, frozen machines and registrations are no reasons.
 * What depends on records that the commit does not compare counts if it held at any time within the last ten seconds; what
 * depends on other units' moves, also within five seconds after. A unit that makes room for one which has to go somewhere has
 * a reason, too, if the leader who planned that did not live to place the other, or the other's record, which the commit does
 * not compare, became another before it was placed, or the machine that the other had to leave returned before.
 */
export function noNeedlessMove(world: World): Checker {
  const invariant = "I4-moves";
  const reasons = new ReasonsToLeave(world);

  const unitNameOf = ({ key }: Version): string => partsOf(key)[1] ?? "";

  /** Whether a unit is where it had to leave, which has returned before the unit had gone. */
  const isAtHome = (record: Version, homes: readonly string[]): boolean => {
    const unit = unitNameOf(record);
    const now = seatsOf(world, unit);
    return homes.some((machine) => now.includes(machine) && isUp(world, machine));
  };

  const check = ({ after, before }: RecordChange, machine: string, unit: string): void => {
    if (liveSeatOf(before) === undefined || seatOf(after)?.target !== "absent") return;
    if (reasons.isObvious(machine, unit, after)) return;
    if (reasons.makesRoom(machine, unit) || reasons.hasLostPeer(machine, unit)) return;
    const homeless = reasons.homelessReplacers(unit);
    const homes = homeless.map((record) => seatsOf(world, unitNameOf(record)));
    const where = machine.replace(/0+$/, "");
    world.scheduler.after(laterMs, () => {
      if (reasons.makesRoom(machine, unit) || reasons.hasLostPeer(machine, unit)) return;
      if (homeless.length > 0 && reasons.hasLeaderEnded(after.revision)) return;
      if (homeless.some((record) => reasons.hasChanged(record))) return;
      if (homeless.some((record, index) => isAtHome(record, homes[index] ?? []))) return;
      world.fail(
        invariant,
        `${unit} lost its seat on ${where} at ${after.revision}, and nothing speaks for that`,
      );
    });
  };

  return {
    invariant,
    onRecord: (change) => {
      const [area, machine, unit] = change.parts;
      if (area !== "schedule" || machine === undefined || unit === undefined) return;
      if (change.after.origin.kind === "process") check(change, machine, unit);
    },
  };
}
