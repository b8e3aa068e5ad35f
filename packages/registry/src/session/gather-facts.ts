import type { MachineId, Revision, UnitName } from "@fleet/core";
import {
  decodeCluster,
  decodePolicy,
  decodeSeat,
  encodeCluster,
  type StoredCluster,
  schemaVersion,
} from "../codec.js";
import type { Operation, StoredValue } from "../store.js";
import type { FoundSeat, Memory, RegistryFacts } from "./judge.js";
import type { MachineSessionOptions } from "./session-options.js";

/** Asks etcd, in one linearizable transaction, for everything that the judgement needs. */
export async function gatherFacts(
  options: MachineSessionOptions,
  memory: Memory,
  signal: AbortSignal,
): Promise<RegistryFacts> {
  const { trust, keys, description } = options;
  const machine = description.id;
  const units = [...memory.seats.keys(), ...memory.givenUp.keys()];
  const wanted = [
    keys.cluster,
    keys.term(memory.term?.n ?? 0),
    keys.machineRecord(machine),
    keys.policy(machine),
    ...units.map((unit) => keys.seat(machine, unit)),
  ];
  const highest: Revision = trust.highest;
  const success: Operation[] = wanted.map((key) => ({ kind: "get", key }));
  const { revision, results } = await trust.probe.transact({ success }, signal);
  const [cluster, term, record, policy, ...seats] = results.map((found) => found[0]);
  return {
    revision,
    highest,
    cluster: readCluster(cluster),
    termUuid: term?.value,
    isKnown: record !== undefined,
    seats: new Map(units.flatMap((unit, index) => pairOf(machine, unit, seats[index]))),
    accept: readAccept(policy),
    distrust: trust.finding,
  };
}

/** Begins a cluster, unless somebody else has: look again either way. */
export async function createCluster(options: MachineSessionOptions, signal: AbortSignal): Promise<void> {
  const { trust, keys, random, logger } = options;
  const cluster: StoredCluster = {
    uuid: random.uuid(),
    epoch: random.uuid(),
    schemaVersion,
    supersedes: [],
  };
  const { succeeded } = await trust.probe.transact(
    {
      compare: [{ key: keys.cluster, target: "create", is: "=", operand: 0 }],
      success: [{ kind: "put", key: keys.cluster, value: encodeCluster(cluster) }],
    },
    signal,
  );
  if (succeeded) logger.info("began a new cluster", { cluster: cluster.uuid });
}

function pairOf(
  machine: MachineId,
  unit: UnitName,
  item: StoredValue | undefined,
): readonly (readonly [UnitName, FoundSeat])[] {
  if (item === undefined) return [];
  const { createRevision, modRevision } = item;
  return [[unit, { createRevision, modRevision, termN: readTermN(item, machine, unit) }]];
}

function readTermN(item: StoredValue, machine: MachineId, unit: UnitName): number | undefined {
  try {
    return decodeSeat(item, machine, unit).term.n;
  } catch {
    return undefined;
  }
}

function readCluster(item: StoredValue | undefined): RegistryFacts["cluster"] {
  try {
    return item === undefined ? undefined : decodeCluster(item);
  } catch {
    return "unreadable";
  }
}

/** The freeze that an operator has lifted, by this machine's policy; none if there is no policy, or it cannot be read. */
export function readAccept(item: StoredValue | undefined): string | undefined {
  try {
    return item === undefined ? undefined : decodePolicy(item).accept;
  } catch {
    return undefined;
  }
}
