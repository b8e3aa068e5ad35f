import {
  demandsLately,
  exclude,
  mayReplace,
  misfit,
  planAgeMs,
  seatedOn,
  seatsOf,
} from "../truth/legality.js";
import { keyOf, liveSeatOf, policyOf, presenceOf, seatOf, stateOf, unitOf } from "../truth/records.js";
import type { RecordChange } from "../truth/truth.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";

/** How long after a unit lost its seat the reason may show: what it follows, or makes room for, moves a little later. */
const laterMs = 5_000;

/**
 * I4, nothing moves without need. When a live seat becomes a tombstone, there is a reason for it in etcd:
 * the unit was destroyed after the seat was made, or is to be inactive; the machine is away, leaving, drained or forgotten,
 * or refuses the unit; the machine breaks what the unit demands; a unit there excludes it, replaces it, or it follows one that
 * is not there; or it has another seat. Restarts, elections, reconnections, frozen machines and registrations are no reasons.
 * What depends on records that the commit does not compare counts if it held at any time within the last ten seconds; what
 * depends on other units' moves, also within five seconds after.
 */
export function noNeedlessMove(world: World): Checker {
  const invariant = "I4-moves";
  const { truth } = world;
  const { history } = truth;

  const isUnwanted = (machine: string, unit: string, createRevision: number): boolean => {
    const mark = history.current(keyOf.mark(unit));
    if (mark !== undefined && mark.revision > createRevision) return true;
    return unitOf(history.current(keyOf.unit(unit)))?.desiredState === "inactive" || isForgotten(machine);
  };
  const isForgotten = (machine: string): boolean =>
    history.current(keyOf.record(machine)) === undefined &&
    history.current(keyOf.presence(machine)) === undefined;

  const isIll = (machine: string): boolean => {
    const presence = history.current(keyOf.presence(machine));
    if (presence === undefined || presenceOf(presence)?.state === "leaving") return true;
    return truth.lately(keyOf.policy(machine), planAgeMs).some((version) => policyOf(version).drained);
  };

  const isMisplaced = (machine: string, unit: string): boolean => {
    if (truth.metadataChangedWithin(machine, planAgeMs)) return true;
    const demands = demandsLately(world, unit);
    if (demands.some((reading) => misfit(world, machine, reading) !== undefined)) return true;
    return truth
      .lately(keyOf.state(machine, unit), planAgeMs)
      .some((version) => stateOf(version)?.condition === "refused");
  };

  const companionsOn = (machine: string): readonly string[] => {
    const strays = world.machineById(machine)?.systemd.loaded.keys() ?? [];
    return [...new Set([...seatedOn(world, machine), ...strays, ...saidToBeOn(machine)])];
  };
  const saidToBeOn = (machine: string): readonly string[] =>
    [...history.keys].flatMap((key) => {
      const prefix = keyOf.state(machine, "");
      return key.startsWith(prefix) ? [key.slice(prefix.length)] : [];
    });

  const makesRoom = (machine: string, unit: string): boolean =>
    companionsOn(machine).some((other) => {
      if (other === unit) return false;
      if (mayReplace(world, other, unit)) return true;
      const theirs = demandsLately(world, other);
      return demandsLately(world, unit).some((x) =>
        (theirs.length === 0 ? [undefined] : theirs).some((y) => exclude(unit, x, other, y)),
      );
    });

  /** Whether a unit that it follows had no seat there at some time, or was not to have one. */
  const hasLostPeer = (machine: string, unit: string): boolean => {
    const ms = planAgeMs + laterMs;
    return demandsLately(world, unit, ms).some(({ machineOf }) =>
      machineOf.some((peer) => {
        const seats = truth.lately(keyOf.seat(machine, peer), ms);
        const records = truth.lately(keyOf.unit(peer), ms);
        if (seats.length === 0 || records.length === 0) return true;
        if (seats.some((version) => liveSeatOf(version) === undefined)) return true;
        return records.some((version) => (unitOf(version)?.desiredState ?? "inactive") === "inactive");
      }),
    );
  };

  const check = ({ after, before }: RecordChange, machine: string, unit: string): void => {
    if (liveSeatOf(before) === undefined || seatOf(after)?.target !== "absent") return;
    if (isUnwanted(machine, unit, after.createRevision) || isIll(machine) || isMisplaced(machine, unit))
      return;
    if (seatsOf(world, unit).length > 0 && !isGlobal(unit)) {
      if (hasOlderSeat(machine, unit, after.revision)) return;
    }
    if (makesRoom(machine, unit) || hasLostPeer(machine, unit)) return;
    const where = machine.replace(/0+$/, "");
    world.scheduler.after(laterMs, () => {
      if (makesRoom(machine, unit) || hasLostPeer(machine, unit)) return;
      world.fail(
        invariant,
        `${unit} lost its seat on ${where} at ${after.revision}, and nothing speaks for that`,
      );
    });
  };
  const isGlobal = (unit: string): boolean => truth.demandsNow(unit)?.global === true;
  /** Another seat that was there before this revision: then the unit had two. */
  const hasOlderSeat = (machine: string, unit: string, revision: number): boolean =>
    seatsOf(world, unit).some(
      (other) =>
        other !== machine &&
        (history.current(keyOf.seat(other, unit))?.createRevision ?? revision) < revision,
    );

  return {
    invariant,
    onRecord: (change) => {
      const [area, machine, unit] = change.parts;
      if (area !== "schedule" || machine === undefined || unit === undefined) return;
      if (change.after.origin.kind === "process") check(change, machine, unit);
    },
  };
}
