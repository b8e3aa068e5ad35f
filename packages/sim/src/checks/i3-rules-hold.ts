import type { Requirements } from "@fleet/core";
import type { EtcdChange } from "../etcd/etcd-server.js";
import { keyOf as keyOfEvent } from "../etcd/etcd-server.js";
import type { Version } from "../truth/key-history.js";
import { alwaysExclude, demandsLately, misfit, planAgeMs, seatedOn, shortage } from "../truth/legality.js";
import { keyOf, liveSeatOf, partsOf, policyOf, presenceOf, seatOf } from "../truth/records.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";

/**
 * I3, rules hold when a seat is created. With the seats as they stand at that revision, which nobody but the leader writes,
 * - the machine is present and says `up`; it is not drained, nor cordoned unless the unit is there already;
 * - it is the one the unit is pinned to, and has the metadata that the unit demands;
 * - every unit that it follows (`MachineOf`) has a seat there;
 * - no unit that has a seat there excludes it, in either direction;
 * - what it reserves is left of what the machine has, unless it is there already.
 * Records, policies and metadata may have changed between the plan and its commit (only the unit's own record is compared);
 * so a rule is broken only if it is by every reading of them within the last ten seconds.
 */
export function rulesHold(world: World): Checker {
  const invariant = "I3-rules";
  const { truth } = world;

  const problemOf = (machine: string, unit: string): string | undefined => {
    const presence = presenceOf(truth.history.current(keyOf.presence(machine)));
    if (presence === undefined) return "the machine is not there";
    if (presence.state !== "up") return `the machine is ${presence.state}`;
    const policies = truth.lately(keyOf.policy(machine), planAgeMs).map(policyOf);
    const isThere = world.machineById(machine)?.isRunning(unit) === true || wasSaidToBeThere(machine, unit);
    const isClosed = (policy: ReturnType<typeof policyOf>): boolean =>
      policy.drained || (policy.cordoned && !isThere);
    if (policies.length > 0 && policies.every(isClosed)) return "the machine takes no units";
    const demands = demandsLately(world, unit);
    if (demands.length === 0) return undefined;
    const misfits = demands.map((reading) => misfit(world, machine, reading));
    if (
      !truth.metadataChangedWithin(machine, planAgeMs) &&
      misfits.every((problem) => problem !== undefined)
    ) {
      return misfits[0];
    }
    for (const peer of demands[0]?.machineOf ?? []) {
      if (demands[0]?.global === true) break;
      // An unreadable seat holds its machine like any other.
      const isSeated = truth
        .lately(keyOf.seat(machine, peer), planAgeMs)
        .some((version) => liveSeatOf(version) !== undefined || isUnreadable(version));
      if (!isSeated && demands.every(({ machineOf }) => machineOf.includes(peer)))
        return `${peer} is not there, which it follows`;
    }
    const rival = seatedOn(world, machine).find(
      (other) => other !== unit && alwaysExclude(world, unit, other),
    );
    if (rival !== undefined) return `${rival} has a seat there, which excludes it`;
    return isThere ? undefined : lackOf(machine, unit, demands);
  };

  /** What is short there by the least that can be read. */
  const lackOf = (machine: string, unit: string, demands: readonly Requirements[]): string | undefined => {
    const amountOf = (other: string, resource: string): number => {
      const readings = demandsLately(world, other);
      if (readings.length === 0) return 0;
      return Math.min(...readings.map(({ reserve }) => reserve.get(resource) ?? 0));
    };
    const lacks = demands.map(({ reserve }) =>
      shortage(world, machine, unit, reserve, seatedOn(world, machine), amountOf),
    );
    return lacks.every((lack) => lack !== undefined) ? lacks[0] : undefined;
  };

  const isUnreadable = (version: Version): boolean =>
    version.value !== undefined && seatOf(version) === undefined;

  const wasSaidToBeThere = (machine: string, unit: string): boolean =>
    truth.lately(keyOf.state(machine, unit), planAgeMs).some(({ value }) => value !== undefined);

  return {
    invariant,
    onRevision: ({ events, revision, origin }: EtcdChange) => {
      if (origin.kind !== "process") return;
      for (const event of events) {
        const [area, machine, unit] = partsOf(keyOfEvent(event));
        if (area !== "schedule" || machine === undefined || unit === undefined) continue;
        const version = truth.history.current(keyOf.seat(machine, unit));
        if (seatOf(version)?.target === "absent" || version?.createRevision !== revision) continue;
        const problem = problemOf(machine, unit);
        if (problem !== undefined) {
          world.fail(
            invariant,
            `${unit} got a seat on ${machine.replace(/0+$/, "")} at ${revision}, but ${problem}`,
          );
        }
      }
    },
  };
}
