import { keyOf } from "../etcd/etcd-server.js";
import { describeChange } from "../story/describe-change.js";
import { partsOf, keyOf as recordKeys } from "../truth/records.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";

/**
 * I4, planning twice changes nothing. Once everything has come right and has had time to settle, nobody writes anything to
 * etcd any more, and nobody asks systemd for anything. Two things may come later: texts that nothing refers to are collected
 * when their time has come, for which the leader first renews its own key (docs/decisions/0047), and with such a look the leader's word of itself (`engine/status`, by which nothing is decided,
 * docs/keys.md) may catch up with a record outside of units and machines that was mended.
 */
export function restIsRest(world: World): Checker {
  const invariant = "I4-rest";
  /** The leader has renewed its key, and collected nothing since. */
  let isRenewed = false;
  return {
    invariant,
    onRevision: (change) => {
      const [first] = change.events;
      const isRenewal =
        first?.kind === "put" && first.item.key === recordKeys.leader && first.item.version > 1;
      if (change.events.some((event) => partsOf(keyOf(event))[0] === "unit-files")) isRenewed = false;
      if (!world.isResting) return;
      if (isRenewal && change.events.length === 1 && !isRenewed) {
        isRenewed = true;
        return;
      }
      const isLate = (key: string): boolean => partsOf(key)[0] === "unit-files" || key === recordKeys.status;
      if (change.events.every((event) => isLate(keyOf(event)))) return;
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
