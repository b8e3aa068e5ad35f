import type { SimMachine } from "../machine/sim-machine.js";
import type { Version } from "../truth/key-history.js";
import { demandsLately } from "../truth/legality.js";
import { keyOf, liveSeatOf, partsOf, presenceOf, seatOf, stateOf } from "../truth/records.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";

/** What a guard needs from its limit until nothing is left (protocol rule P9.2). */
const marginMs = 1_000;

/**
 * I6, exclusive means one (protocol rule P9). Two sides of it:
 * - when a unit whose text on its machine says `Exclusive` comes to life, no such copy of it is alive on another machine. What
 *   somebody started by hand is not fleet's doing; what is on a suspended machine does not run, and is killed when it goes on;
 *   a machine that was forgotten is gone for good by its operator's word;
 * - when such a unit gets a seat, every other machine that has a seat of it, or a tombstone without its own acknowledgement,
 *   has been away from etcd for the machine's lifetime, the time for stopping and a second; or was forgotten.
 * After etcd was restored or wiped nothing is asked: who accepts what stands there answers for the copies (P6.3).
 */
export function exclusiveMeansOne(world: World): Checker {
  const invariant = "I6";
  const { truth, config } = world;
  const { history } = truth;
  const waitMs = config.ttlSeconds * 1_000 + config.exclusiveStopMaxMs + marginMs;

  const checkCopies = (machine: SimMachine, unit: string): void => {
    if (machine.touchedByHandMs.has(unit) || machine.clocks.isSuspended) return;
    const other = world.machines.find(
      (candidate) =>
        candidate !== machine &&
        candidate.isAlive(unit) &&
        candidate.isExclusive(unit) &&
        !candidate.clocks.isSuspended &&
        history.current(keyOf.record(candidate.id)) !== undefined &&
        !candidate.touchedByHandMs.has(unit),
    );
    if (other === undefined) return;
    world.fail(invariant, `${unit} is exclusive, and runs on ${machine.name} and on ${other.name}`);
  };

  /** Why there may be a copy where a seat of the unit stands. */
  const doubtAbout = (machine: string, unit: string, seat: Version): string | undefined => {
    if (liveSeatOf(seat) === undefined) {
      const isAcked = history
        .all(keyOf.state(machine, unit))
        .some((version) => stateOf(version)?.acked === seat.revision);
      if (isAcked) return undefined;
    }
    if (history.current(keyOf.record(machine)) === undefined) return undefined;
    const presence = history.newest(keyOf.presence(machine));
    if (presence?.value !== undefined) return `${short(machine)} is ${presenceOf(presence)?.state}`;
    const awayMs = world.nowMs - (presence?.sinceMs ?? 0);
    return awayMs >= waitMs ? undefined : `${short(machine)} has been away for ${Math.round(awayMs)} ms only`;
  };

  const checkSeat = (machine: string, unit: string, { revision }: Version): void => {
    const demands = demandsLately(world, unit);
    if (demands.length === 0 || demands.some(({ exclusive, global }) => !exclusive || global)) return;
    for (const key of history.keys) {
      const [area, other, name] = partsOf(key);
      if (area !== "schedule" || name !== unit || other === undefined || other === machine) continue;
      const version = history.current(key);
      const doubt = version && doubtAbout(other, unit, version);
      if (doubt === undefined) continue;
      const where = `${unit}, which is exclusive, got a seat on ${short(machine)} at ${revision}`;
      world.fail(invariant, `${where} while it has ${seatOf(version)?.target} elsewhere, and ${doubt}`);
    }
  };

  return {
    invariant,
    onUnitState: (machine, { name, activeState }) => {
      if (truth.branch > 0 || !["activating", "active"].includes(activeState)) return;
      if (machine.isExclusive(name)) checkCopies(machine, name);
    },
    onRecord: ({ before, after, parts }) => {
      const [area, machine, unit] = parts;
      if (area !== "schedule" || machine === undefined || unit === undefined || truth.branch > 0) return;
      if (after.origin.kind !== "process" || before !== undefined || liveSeatOf(after) === undefined) return;
      checkSeat(machine, unit, after);
    },
  };
}

function short(machine: string): string {
  return machine.replace(/0+$/, "");
}
