import { FleetError, isFleetError, type MachineId, noPolicy } from "@fleet/core";
import type { WriteOutcome } from "@fleet/core/ports";
import {
  decodeCluster,
  decodePolicy,
  decodePresence,
  encodeCluster,
  encodePolicy,
  type StoredCluster,
  type StoredPolicy,
  type StoredPresence,
  schemaVersion,
} from "./codec.js";
import { readAll } from "./read-all.js";
import type { RegistryOptions } from "./registry-options.js";
import type { StoredValue } from "./store.js";

// How an operator says that this etcd is the right one although it is younger than what was known. These are the only
// writes of an API server that are let through while etcd is not believed.

/** Races with other operators are rare; more of them than this is something else. */
const attemptsMax = 10;

/** The longest chain of epochs that is kept: a machine that was away for more of them asks to be accepted alone. */
const supersededMax = 64;

/**
 * Lifts the freeze of one machine: exactly the one it reports now, so that an old acceptance that comes back with a
 * restored etcd means nothing.
 * @throws {FleetError} `not-found` if the machine is not there.
 */
export async function acceptMachine(
  options: RegistryOptions,
  machine: MachineId,
  signal: AbortSignal,
): Promise<WriteOutcome> {
  const { trust, keys } = options;
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const { results, revision } = await trust.probe.transact(
      {
        success: [
          { kind: "get", key: keys.presence(machine) },
          { kind: "get", key: keys.policy(machine) },
        ],
      },
      signal,
    );
    const presence = results[0]?.[0];
    if (presence === undefined) {
      throw new FleetError("not-found", `cannot accept for machine "${machine}": it is not present`);
    }
    const { freeze } = decodePresence(presence, machine);
    const item = results[1]?.[0];
    const policy = readPolicy(item);
    if (freeze === undefined || policy.accept === freeze.nonce) return { revision, effect: "unchanged" };
    const key = keys.policy(machine);
    const value = encodePolicy({ ...policy, accept: freeze.nonce });
    const done = await tryPut(options, key, item, value, signal);
    if (done !== undefined) return { revision: done, effect: "changed" };
  }
  throw new FleetError("conflict", `cannot accept for machine "${machine}": others change it all the time`);
}

/**
 * Begins a new epoch that continues those of all machines that are there, and the present one. Machines that are away
 * and remember one of these believe it when they return.
 */
export async function acceptAll(options: RegistryOptions, signal: AbortSignal): Promise<WriteOutcome> {
  const { trust, keys, random } = options;
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const { items } = await readAll(trust.probe, keys.presences, signal);
    const remembered = items.flatMap((item) => rememberedEpoch(options, item));
    const found = await trust.probe.range({ key: keys.cluster }, signal);
    const item = found.items[0];
    const current = readCluster(item);
    const epochs = [...(current === undefined ? [] : [current.epoch, ...current.supersedes]), ...remembered];
    const next: StoredCluster = {
      uuid: current?.uuid ?? random.uuid(),
      epoch: random.uuid(),
      schemaVersion,
      supersedes: [...new Set(epochs)].slice(0, supersededMax),
    };
    const done = await tryPut(options, keys.cluster, item, encodeCluster(next), signal);
    if (done === undefined) continue;
    // Who remembers no epoch cannot tell that this one continues it.
    for (const machine of items.flatMap((presence) => forgetful(options, presence))) {
      await acceptMachine(options, machine, signal);
    }
    return { revision: done, effect: "changed" };
  }
  throw new FleetError("conflict", "cannot begin a new epoch: others do so all the time");
}

/** The machines that say that they are frozen, by id, but for those whose freeze has just been lifted. */
export async function frozenMachines(
  options: RegistryOptions,
  signal: AbortSignal,
): Promise<readonly MachineId[]> {
  const { keys, trust } = options;
  const presences = await readAll(trust.probe, keys.presences, signal);
  const frozen = presences.items.flatMap((item) => {
    const presence = readPresence(options, item);
    return presence?.freeze === undefined ? [] : [presence];
  });
  if (frozen.length === 0) return [];
  const policies = await readAll(trust.probe, keys.policies, signal);
  const accepted = new Set(policies.items.map((item) => readPolicy(item).accept));
  return frozen.filter(({ freeze }) => !accepted.has(freeze?.nonce)).map(({ id }) => id);
}

/** @returns the revision, or `undefined` if somebody else was first or the answer was lost: read again. */
async function tryPut(
  { trust }: RegistryOptions,
  key: string,
  before: StoredValue | undefined,
  value: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    const { succeeded, revision } = await trust.probe.transact(
      {
        compare: [{ key, target: "mod", is: "=", operand: before?.modRevision ?? 0 }],
        success: [{ kind: "put", key, value }],
      },
      signal,
    );
    return succeeded ? revision : undefined;
  } catch (error) {
    if (!isFleetError(error, "unavailable")) throw error;
    return undefined;
  }
}

function readPresence({ keys }: RegistryOptions, item: StoredValue): StoredPresence | undefined {
  const parsed = keys.parse(item.key);
  if (parsed?.kind !== "presence") return undefined;
  try {
    return decodePresence(item, parsed.machine);
  } catch {
    return undefined;
  }
}

function rememberedEpoch(options: RegistryOptions, item: StoredValue): readonly string[] {
  const remembers = readPresence(options, item)?.freeze?.remembers;
  return remembers === undefined ? [] : [remembers];
}

function forgetful(options: RegistryOptions, item: StoredValue): readonly MachineId[] {
  const presence = readPresence(options, item);
  return presence?.freeze !== undefined && presence.freeze.remembers === undefined ? [presence.id] : [];
}

function readCluster(item: StoredValue | undefined): StoredCluster | undefined {
  try {
    return item === undefined ? undefined : decodeCluster(item);
  } catch {
    // An unreadable identity is what an operator replaces by accepting.
    return undefined;
  }
}

function readPolicy(item: StoredValue | undefined): StoredPolicy {
  try {
    return item === undefined ? noPolicy : decodePolicy(item);
  } catch {
    return noPolicy;
  }
}
