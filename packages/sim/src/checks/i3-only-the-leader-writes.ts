import { keyOf, leaderOf } from "../truth/records.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";

/**
 * I3, the leader's side (protocol rules P1 and P3.1): every write to a seat or a mark of destruction that is not an API
 * server's is made by the process whose instance stands in `engine/leader` at that very revision. So no two leaders decide at
 * once, and nobody inherits an office.
 */
export function onlyTheLeaderWrites(world: World): Checker {
  const invariant = "I3-leader";
  return {
    invariant,
    onRecord: ({ after, before, parts }) => {
      const [area, ...names] = parts;
      const isDecision = area === "schedule" || (area === "destroyed" && after.value === undefined);
      if (!isDecision || after.origin.kind !== "process") return;
      const isForgotten =
        after.value === undefined && world.users.isForgetting(names[0] ?? "", after.origin.who);
      if (area === "schedule" && isForgotten) return;
      const leader = leaderOf(world.truth.history.current(keyOf.leader));
      if (leader?.instance === after.origin.instance) return;
      const what = `${area} ${names.join(" ")} was ${after.value === undefined ? "deleted" : before === undefined ? "created" : "changed"}`;
      world.fail(invariant, `${what} at ${after.revision} by ${after.origin.who}, which does not lead`);
    },
  };
}
