import type { Version } from "../truth/key-history.js";
import {
  demandsLately,
  exclude,
  mayReplace,
  misfit,
  planAgeMs,
  replacesBy,
  seatsOf,
} from "../truth/legality.js";
import { keyOf, liveSeatOf, partsOf, policyOf, presenceOf, stateOf, unitOf } from "../truth/records.js";
import type { World } from "../world.js";

/** How long after a unit lost its seat the reason may show: what it follows, or makes room for, moves a little later. */
export const laterMs = 5_000;

/** Why a seat may become a tombstone, by what stands or stood lately in etcd. */
export class ReasonsToLeave {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Whether something speaks for it that has nothing to do with other units. */
  isObvious(machine: string, unit: string, after: Version): boolean {
    if (this.isUnwanted(machine, unit, after.createRevision)) return true;
    if (this.isAway(machine) || this.isDrained(machine) || this.isMisplaced(machine, unit)) return true;
    return this.hasOlderSeat(machine, unit, after.revision);
  }

  /** The unit was destroyed after the seat was made, or is to be inactive; or the machine was forgotten. */
  isUnwanted(machine: string, unit: string, createRevision: number): boolean {
    const { history } = this.#world.truth;
    const mark = history.current(keyOf.mark(unit));
    if (mark !== undefined && mark.revision > createRevision) return true;
    if (unitOf(history.current(keyOf.unit(unit)))?.desiredState === "inactive") return true;
    return (
      history.current(keyOf.record(machine)) === undefined &&
      history.current(keyOf.presence(machine)) === undefined
    );
  }

  /** The machine is not there, or leaves. */
  isAway(machine: string): boolean {
    const presence = this.#world.truth.history.current(keyOf.presence(machine));
    return presence === undefined || presenceOf(presence)?.state === "leaving";
  }

  /** @param withinMs - Or it was, so lately. */
  isDrained(machine: string, withinMs = planAgeMs): boolean {
    return this.#world.truth
      .lately(keyOf.policy(machine), withinMs)
      .some((version) => policyOf(version).drained);
  }

  /** The machine is not what the unit demands, or refuses it. */
  isMisplaced(machine: string, unit: string): boolean {
    const { truth } = this.#world;
    if (truth.metadataChangedWithin(machine, planAgeMs)) return true;
    const demands = demandsLately(this.#world, unit);
    if (demands.some((reading) => misfit(this.#world, machine, reading) !== undefined)) return true;
    return truth
      .lately(keyOf.state(machine, unit), planAgeMs)
      .some((version) => stateOf(version)?.condition === "refused");
  }

  /** A plain unit has another seat that was there before this revision: then it had two. */
  hasOlderSeat(machine: string, unit: string, revision: number): boolean {
    const { truth } = this.#world;
    if (truth.demandsNow(unit)?.global === true) return false;
    return seatsOf(this.#world, unit).some(
      (other) =>
        other !== machine &&
        (truth.history.current(keyOf.seat(other, unit))?.createRevision ?? revision) < revision,
    );
  }

  /** A unit there excludes it, by some reading of their records, or replaces it. */
  makesRoom(machine: string, unit: string): boolean {
    return this.#companionsOn(machine).some(
      (other) => other !== unit && (mayReplace(this.#world, other, unit) || this.mayExclude(unit, other)),
    );
  }

  /**
   * The records of units that would replace it wherever they came, and that have no place or have to leave the one they have:
   * each by which a leader may have planned lately.
   */
  homelessReplacers(unit: string): readonly Version[] {
    const { truth } = this.#world;
    const prefix = keyOf.area("units");
    return truth.history.keysEver.flatMap((key) => {
      const other = key.slice(prefix.length);
      if (!key.startsWith(prefix) || other === unit) return [];
      const isHomeless = seatsOf(this.#world, other).every(
        (machine) => this.isAway(machine) || this.isDrained(machine) || this.isMisplaced(machine, other),
      );
      if (!isHomeless) return [];
      return truth.lately(key, planAgeMs).filter((version) => replacesBy(this.#world, other, version, unit));
    });
  }

  /** Whether whoever led at a revision has lost the office since. */
  hasLeaderEnded(revision: number): boolean {
    return (this.#world.truth.history.newest(keyOf.leader)?.revision ?? 0) > revision;
  }

  /** Whether a unit on the machine replaces it, by some reading. */
  isReplaced(machine: string, unit: string): boolean {
    return this.#companionsOn(machine).some(
      (other) => other !== unit && mayReplace(this.#world, other, unit),
    );
  }

  /** Whether two units exclude each other by some reading of their records of late. */
  mayExclude(unit: string, other: string): boolean {
    const theirs = demandsLately(this.#world, other);
    return demandsLately(this.#world, unit).some((x) =>
      (theirs.length === 0 ? [undefined] : theirs).some((y) => exclude(unit, x, other, y)),
    );
  }

  /** Whether a unit's record is another by now, or gone. */
  hasChanged(record: Version): boolean {
    return this.#world.truth.history.newest(record.key) !== record;
  }

  /**
   * Whether a unit that it follows had no seat there at some time, or was not to have one. A global unit that is a plain one by
   * another of its records of late is not to have one there if it has one elsewhere.
   */
  hasLostPeer(machine: string, unit: string): boolean {
    const { truth } = this.#world;
    const ms = planAgeMs + laterMs;
    return demandsLately(this.#world, unit, ms).some(({ machineOf }) =>
      machineOf.some((peer) => {
        // Its seat may be of no use any more, though it be another record by now.
        const isMisplaced = demandsLately(this.#world, peer, ms).some(
          (reading) => misfit(this.#world, machine, reading) !== undefined,
        );
        if (isMisplaced || this.#isPlainElsewhere(machine, peer, ms)) return true;
        const seats = truth.lately(keyOf.seat(machine, peer), ms);
        const records = truth.lately(keyOf.unit(peer), ms);
        if (seats.length === 0 || records.length === 0) return true;
        if (seats.some((version) => liveSeatOf(version) === undefined)) return true;
        return records.some((version) => (unitOf(version)?.desiredState ?? "inactive") === "inactive");
      }),
    );
  }

  #isPlainElsewhere(machine: string, unit: string, ms: number): boolean {
    const { truth } = this.#world;
    const readings = demandsLately(this.#world, unit, ms);
    if (readings.every(({ global }) => global) || !readings.some(({ global }) => global)) return false;
    return truth.history.keysEver.some((key) => {
      const [area, other, name] = partsOf(key);
      if (area !== "schedule" || name !== unit || other === machine) return false;
      return truth.lately(key, ms).some((version) => liveSeatOf(version) !== undefined);
    });
  }

  /** Whoever is there, has a seat there or had one lately, or is said to be there. */
  #companionsOn(machine: string): readonly string[] {
    const strays = this.#world.machineById(machine)?.systemd.loaded.keys() ?? [];
    return [
      ...new Set([...this.#seatedLately(machine), ...strays, ...this.#world.truth.unitsSaidOn(machine)]),
    ];
  }

  #seatedLately(machine: string): readonly string[] {
    const { truth } = this.#world;
    const prefix = keyOf.seat(machine, "");
    return truth.history.keysEver
      .filter((key) => key.startsWith(prefix))
      .filter((key) => truth.lately(key, planAgeMs).some((version) => liveSeatOf(version) !== undefined))
      .map((key) => key.slice(prefix.length));
  }
}
