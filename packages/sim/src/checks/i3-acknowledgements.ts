import { keyOf, seatOf, stateOf } from "../truth/records.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";

/**
 * I3, acknowledgements are true (protocol rule P4.2). When a machine publishes that it has let go of a unit, naming a
 * tombstone, then a tombstone of that revision stands or stood there; and systemd on that machine does not run the unit, be its
 * file there or gone, unless from a file of the host's own. What somebody has started by hand in the last second may come later.
 */
export function acknowledgementsAreTrue(world: World): Checker {
  const invariant = "I3-ack";
  const { history } = world.truth;
  return {
    invariant,
    onRecord: ({ before, after, parts }) => {
      const [area, id, unit] = parts;
      if (area !== "states" || id === undefined || unit === undefined || after.origin.kind !== "process")
        return;
      const acked = stateOf(after)?.acked;
      if (acked === undefined || acked === stateOf(before)?.acked) return;
      const machine = world.machineById(id);
      if (machine === undefined) return;
      // The newest of that revision: an etcd that was restored has revisions twice.
      const tombstone = history.all(keyOf.seat(id, unit)).findLast(({ revision }) => revision === acked);
      const where = `${unit} on ${machine.name}`;
      if (seatOf(tombstone)?.target !== "absent") {
        world.fail(invariant, `${where} acknowledges revision ${acked}, which is no tombstone`);
      }
      const byHandMs = machine.touchedByHandMs.get(unit) ?? Number.NEGATIVE_INFINITY;
      if (machine.isRunning(unit) && !machine.isHosts(unit) && world.nowMs - byHandMs > 1_000) {
        world.fail(invariant, `${where} is said to be gone at ${after.revision}, and runs`);
      }
    },
  };
}
