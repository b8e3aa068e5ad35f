import type { Version } from "../truth/key-history.js";
import { demandsLately, planAgeMs } from "../truth/legality.js";
import { keyOf, liveSeatOf, partsOf, seatOf, unitOf } from "../truth/records.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";
import { ReasonsToLeave } from "./reasons-to-leave.js";

/**
 * I3, who was there first stays. When a unit loses its seat and nothing speaks for that but a unit on the same machine that
 * excludes it, then, by what stood in etcd within the last ten seconds, one of those has a seat there that goes before its own:
 * - a plain unit's, if it is a global unit that goes;
 * - an older one of the same kind of unit (lower create revision, then lower name), where a unit that is being handed over
 *   is as old as its first seat;
 * - one of a unit whose record is missing, or whose record or one of whose seats cannot be read, so that nobody may touch it.
 * Nobody's going is judged who follows others, because followers are as young as the youngest of those they are tied to.
 */
export function eldestStays(world: World): Checker {
  const invariant = "I3-precedence";
  const { truth } = world;
  const { history } = truth;
  const reasons = new ReasonsToLeave(world);

  /** The create revisions of the live seats a unit had lately, the oldest first. */
  const agesOf = (unit: string): readonly number[] =>
    [...history.keys]
      .filter((key) => {
        const [area, , name] = partsOf(key);
        return area === "schedule" && name === unit;
      })
      .flatMap((key) => truth.lately(key, planAgeMs))
      .flatMap((version) => (liveSeatOf(version) === undefined ? [] : [version.createRevision]))
      .toSorted((a, b) => a - b);

  const wasUntouchable = (unit: string): boolean =>
    truth.lately(keyOf.unit(unit), planAgeMs).some((version) => unitOf(version) === undefined) ||
    [...history.keys]
      .filter((key) => partsOf(key)[0] === "schedule" && partsOf(key)[2] === unit)
      .flatMap((key) => truth.lately(key, planAgeMs))
      .some((version) => version.value !== undefined && seatOf(version) === undefined);

  /** Whether a unit that had a seat on the machine lately goes before one with a seat of that age. */
  const goesBefore = (rival: string, unit: string, createRevision: number): boolean => {
    if (wasUntouchable(rival)) return true;
    const isGlobal = demandsLately(world, unit).some(({ global }) => global);
    const isRivalPlain = demandsLately(world, rival).some(({ global }) => !global);
    if (isGlobal && isRivalPlain) return true;
    if (!isGlobal && !isRivalPlain) return false;
    const age = agesOf(rival)[0];
    if (age === undefined) return false;
    return age < createRevision || (age === createRevision && rival < unit);
  };

  const check = (machine: string, unit: string, before: Version, after: Version): void => {
    if (world.nowMs - (truth.restores.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) < planAgeMs) return;
    if (reasons.isObvious(machine, unit, after) || reasons.isReplaced(machine, unit)) return;
    const demands = demandsLately(world, unit);
    if (demands.length === 0 || demands.some(({ machineOf }) => machineOf.length > 0)) return;
    const prefix = keyOf.seat(machine, "");
    const rivals = [...new Set([...history.keys])]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
      .filter((other) => other !== unit && reasons.mayExclude(unit, other))
      .filter((other) =>
        truth
          .lately(keyOf.seat(machine, other), planAgeMs)
          .some((version) => liveSeatOf(version) !== undefined),
      );
    if (rivals.some((rival) => goesBefore(rival, unit, before.createRevision))) return;
    // That it goes without any reason is the matter of another checker.
    if (rivals.length === 0) return;
    world.fail(
      invariant,
      `${unit} lost its seat on ${machine.replace(/0+$/, "")} at ${after.revision} to ${rivals.join(" or ")}, which came later`,
    );
  };

  return {
    invariant,
    onRecord: ({ before, after, parts }) => {
      const [area, machine, unit] = parts;
      if (area !== "schedule" || machine === undefined || unit === undefined) return;
      if (after.origin.kind !== "process" || before === undefined) return;
      if (liveSeatOf(before) === undefined || seatOf(after)?.target !== "absent") return;
      check(machine, unit, before, after);
    },
  };
}
