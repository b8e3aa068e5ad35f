import { seatsOf } from "../truth/legality.js";
import { keyOf, liveSeatOf, seatOf, stateOf, unitOf } from "../truth/records.js";
import type { RecordChange } from "../truth/truth.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";

/**
 * I3, seats say what the records say (protocol rules P3.2, P3.5 and P4.2). At the very revision at which it is written
 * - a live seat names the content, the target and the start count of the unit's record of that revision;
 * - a unit that is not global gets no second live seat, unless it names the machine of the first one, which it replaces;
 * - no tombstone is turned into a live seat: it is deleted first, and its place is taken later;
 * - a tombstone is deleted only after the machine has acknowledged that very tombstone, or was forgotten.
 */
export function seatsAsRecorded(world: World): Checker {
  const invariant = "I3-seat";
  const { truth } = world;
  const fail = (what: string): void => world.fail(invariant, what);

  const checkLive = ({ after, before }: RecordChange, machine: string, unit: string): void => {
    const seat = liveSeatOf(after);
    if (seat === undefined) return;
    const where = `the seat of ${unit} on ${short(machine)} of ${after.revision}`;
    if (seatOf(before)?.target === "absent") fail(`${where} has overwritten a tombstone`);
    const record = unitOf(truth.history.current(keyOf.unit(unit)));
    if (record === undefined) {
      fail(`${where} is of a unit without a record`);
      return;
    }
    if (record.desiredState !== seat.target) {
      fail(`${where} says ${seat.target}, but the record says ${record.desiredState}`);
    }
    if (record.contentId !== seat.contentId) fail(`${where} names another content than the record`);
    if (record.startCount !== seat.startCount) fail(`${where} has another start count than the record`);
    if (before !== undefined || truth.demandsNow(unit)?.global !== false) return;
    const other = seatsOf(world, unit).find((at) => at !== machine && at !== seat.replaces);
    if (other !== undefined) fail(`${where} is its second, beside the one on ${short(other)}`);
  };

  const checkDeleted = ({ after, before }: RecordChange, machine: string, unit: string): void => {
    if (before === undefined || after.origin.kind !== "process") return;
    if (world.users.isForgetting(machine, after.origin.who)) return;
    const where = `the seat of ${unit} on ${short(machine)}`;
    if (seatOf(before)?.target !== "absent") {
      fail(`${where} was deleted at ${after.revision} although it is no tombstone`);
      return;
    }
    if (truth.history.current(keyOf.record(machine)) === undefined) return;
    const isAcked = truth.history
      .all(keyOf.state(machine, unit))
      .some((version) => stateOf(version)?.acked === before.revision);
    if (!isAcked)
      fail(
        `${where} was deleted at ${after.revision} before its tombstone of ${before.revision} was acknowledged`,
      );
  };

  return {
    invariant,
    onRecord: (change) => {
      const [area, machine, unit] = change.parts;
      if (area !== "schedule" || machine === undefined || unit === undefined) return;
      if (change.after.origin.kind !== "process") return;
      if (change.after.value === undefined) checkDeleted(change, machine, unit);
      else checkLive(change, machine, unit);
    },
  };
}

function short(machine: string): string {
  return machine.replace(/0+$/, "");
}
