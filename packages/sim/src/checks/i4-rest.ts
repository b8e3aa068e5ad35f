import { keyOf } from "../etcd/etcd-server.js";
import { describeChange } from "../story/describe-change.js";
import { partsOf } from "../truth/records.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";

/**
 * I4, planning twice changes nothing. Once everything has come right and has had time to settle, nobody writes anything to
 * etcd any more, and nobody asks systemd for anything. Texts that nothing refers to are collected when their time has come.
 */
export function restIsRest(world: World): Checker {
  const invariant = "I4-rest";
  return {
    invariant,
    onRevision: (change) => {
      if (!world.isResting) return;
      if (change.events.every((event) => partsOf(keyOf(event))[0] === "unit-files")) return;
      world.fail(
        invariant,
        `nothing was left to do, and yet ${change.origin.who}: ${describeChange(change)}`,
      );
    },
    onCall: (machine, call, unit) => {
      if (world.isResting)
        world.fail(invariant, `nothing was left to do, and yet ${machine.name}: ${call} ${unit}`);
    },
  };
}
