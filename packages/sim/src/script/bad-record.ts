import { byOperator } from "../etcd/etcd-server.js";
import { keyOf } from "../truth/records.js";
import type { World } from "../world.js";
import type { BadKey } from "./step.js";

/** Until the faults are over. */
const foreverMs = 10 ** 12;

interface Spoils {
  /** The keys that are spoiled just now. */
  readonly keys: Set<string>;
  /** What was ever put at which key: a backup may bring it back. */
  readonly garbage: Set<string>;
}

/** Who spoiled a key once more would put the first garbage back. */
const spoilsOf = new WeakMap<World, Spoils>();

/** Spoils a record; after a while somebody puts back what was there, unless it is another by then. */
export function spoil(world: World, bad: BadKey, garbage: string | undefined, ms: number): void {
  const key = keyFor(world, bad);
  if (key === undefined) return;
  const before = world.truth.history.current(key);
  if (before === undefined && bad.area !== "stray") return;
  const spoils = spoilsOf.get(world) ?? { keys: new Set(), garbage: new Set() };
  spoilsOf.set(world, spoils);
  if (spoils.keys.has(key) || spoils.garbage.has(`${key} ${before?.value}`)) return;
  spoils.keys.add(key);
  if (garbage !== undefined) spoils.garbage.add(`${key} ${garbage}`);
  const leaseId = world.server.leaseOf(key);
  const put = (value: string): void => {
    const lease = world.server.hasLease(leaseId) ? { leaseId: leaseId as string } : {};
    world.server.serve(byOperator, (etcd) =>
      etcd.transact({ success: [{ kind: "put", key, value, ...lease }] }),
    );
  };
  const remove = (): void => {
    world.server.serve(byOperator, (etcd) => etcd.transact({ success: [{ kind: "delete", key }] }));
  };
  if (garbage === undefined) remove();
  else put(garbage);
  const { branch } = world.truth;
  world.lasting(ms, () => {
    spoils.keys.delete(key);
    const isSameHistory = world.truth.branch === branch;
    if (garbage === undefined && !isSameHistory) return;
    if (world.truth.history.current(key)?.value !== garbage) return;
    if (
      isSameHistory &&
      before?.value !== undefined &&
      (leaseId === undefined || world.server.hasLease(leaseId))
    )
      put(before.value);
    else remove();
  });
  if (garbage === undefined) return;
  // A backup of meanwhile brings the garbage back when nobody looks after it any more.
  world.lasting(foreverMs, () => {
    if (world.truth.branch !== branch && world.truth.history.current(key)?.value === garbage) remove();
  });
}

function keyFor(world: World, bad: BadKey): string | undefined {
  switch (bad.area) {
    case "units":
      return keyOf.unit(bad.unit);
    case "schedule":
    case "states": {
      const seat = world.truth.seats().find(([, unit]) => unit === bad.unit);
      if (seat === undefined) return undefined;
      return bad.area === "schedule" ? keyOf.seat(seat[0], bad.unit) : keyOf.state(seat[0], bad.unit);
    }
    case "machines":
      return keyOf.presence(world.machine(bad.machine).id);
    case "machine-policy":
      return keyOf.policy(world.machine(bad.machine).id);
    case "engine/status":
      return keyOf.status;
    case "stray":
      return `${keyOf.unit("")}not a unit name`;
  }
}
