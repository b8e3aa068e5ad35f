import { FleetError, isFleetError, type MachineId, type MachinePolicy, noPolicy } from "@fleet/core";
import type { MachineStanding, WriteOutcome } from "@fleet/core/ports";
import { decodePolicy, encodePolicy, type StoredPolicy } from "./codec.js";
import type { RegistryOptions } from "./registry-options.js";
import type { StoredValue } from "./store.js";

/** A change that loses this many races in a row is given back to the caller. */
const attemptsMax = 20;

interface Found {
  readonly policy: StoredPolicy;
  readonly isReadable: boolean;
  readonly item: StoredValue | undefined;
  readonly standing: MachineStanding;
  readonly presenceRevision: number;
  readonly revision: number;
}

/**
 * Changes what an operator has decided about a machine, if that is still what it was decided from: its policy, whether it
 * is there, and its record. What the policy says of a freeze stays.
 * @throws {FleetError} `not-found` if nothing is known of the machine; `conflict` if others change it all the time.
 */
export async function changeMachinePolicy(
  options: RegistryOptions,
  machine: MachineId,
  decide: (current: MachinePolicy, standing: MachineStanding) => MachinePolicy,
  signal: AbortSignal,
): Promise<WriteOutcome> {
  const { trust, keys } = options;
  const key = keys.policy(machine);
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const found = await look(options, machine, signal);
    const { accept, ...current } = found.policy;
    const next = { ...decide(current, found.standing), ...(accept === undefined ? {} : { accept }) };
    const value = encodePolicy(next);
    // What an answer that was lost has written is found here, too.
    if (found.isReadable && value === encodePolicy(found.policy)) {
      return { revision: found.revision, effect: "unchanged" };
    }
    const compare = [
      { key, target: "mod", is: "=", operand: found.item?.modRevision ?? 0 },
      { key: keys.presence(machine), target: "create", is: "=", operand: found.presenceRevision },
      { key: keys.machineRecord(machine), target: "mod", is: "=", operand: found.standing.recordRevision },
    ] as const;
    try {
      const done = await trust.store.transact({ compare, success: [{ kind: "put", key, value }] }, signal);
      if (done.succeeded) return { revision: done.revision, effect: "changed" };
    } catch (error) {
      if (!isFleetError(error, "unavailable")) throw error;
      trust.throwIfDistrusted();
    }
  }
  throw new FleetError(
    "conflict",
    `cannot change the policy of machine "${machine}": others change it all the time`,
  );
}

async function look(
  { trust, keys }: RegistryOptions,
  machine: MachineId,
  signal: AbortSignal,
): Promise<Found> {
  const { results, revision } = await trust.store.transact(
    {
      success: [
        { kind: "get", key: keys.policy(machine) },
        { kind: "get", key: keys.presence(machine) },
        { kind: "get", key: keys.machineRecord(machine) },
      ],
    },
    signal,
  );
  const [item, presence, record] = results.map((found) => found[0]);
  if (presence === undefined && record === undefined) {
    throw new FleetError("not-found", `machine "${machine}" is not known`);
  }
  return {
    ...readPolicy(item),
    item,
    standing: { isPresent: presence !== undefined, recordRevision: record?.modRevision ?? 0 },
    presenceRevision: presence?.createRevision ?? 0,
    revision,
  };
}

function readPolicy(item: StoredValue | undefined): Pick<Found, "policy" | "isReadable"> {
  try {
    return { policy: item === undefined ? noPolicy : decodePolicy(item), isReadable: true };
  } catch {
    // The operator's new word replaces what nobody can read.
    return { policy: noPolicy, isReadable: false };
  }
}
