import { keyOf, liveSeatOf, seatOf, unitOf } from "../truth/records.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";

/**
 * I8, a bad record harms only itself, and unreadable is never absent. By etcd's history
 * - while the record of a unit is there and cannot be read, no seat of the unit is made, changed or turned into a tombstone;
 * - while a seat of a plain unit is there and cannot be read, the unit gets no seat on another machine.
 * That the rest goes on as if nothing were wrong is what all the other invariants say.
 */
export function badRecords(world: World): Checker {
  const invariant = "I8";
  const { truth } = world;
  const { history } = truth;
  return {
    invariant,
    onRecord: ({ before, after, parts }) => {
      const [area, machine, unit] = parts;
      if (area !== "schedule" || machine === undefined || unit === undefined) return;
      if (after.origin.kind !== "process" || after.value === undefined) return;
      const where = `${unit} on ${machine.replace(/0+$/, "")}`;
      const record = history.current(keyOf.unit(unit));
      if (record !== undefined && unitOf(record) === undefined) {
        world.fail(
          invariant,
          `the seat of ${where} was written at ${after.revision} while its record is unreadable`,
        );
      }
      if (before !== undefined || liveSeatOf(after) === undefined) return;
      if (truth.demandsNow(unit)?.global !== false) return;
      const bad = truth.seats().find(([on, of]) => {
        const version = history.current(keyOf.seat(on, of));
        return of === unit && on !== machine && version !== undefined && seatOf(version) === undefined;
      });
      if (bad === undefined) return;
      world.fail(
        invariant,
        `${where} got a seat while its seat on ${bad[0].replace(/0+$/, "")} is unreadable`,
      );
    },
  };
}
