import {
  type MachineId,
  parseMachineId,
  parseUnitName,
  type UnitName,
  unitContentFromText,
} from "@fleet/core";
import { Keys, type LeaseId, type Operation, type Store } from "@fleet/registry";

/** What one transaction writes. */
const putsAtOnce = 100;
/** Transactions under way at a time. */
const writersMax = 8;
/** Longer than any benchmark takes; nobody renews it. */
const leaseSeconds = 3_600;

const keys = new Keys();
const content = unitContentFromText("[Service]\nExecStart=/bin/sleep 100000\n");
const globalContent = unitContentFromText("[Service]\nExecStart=/bin/sleep 100000\n[X-Fleet]\nGlobal=true\n");

/** A unit of the benchmark, by its number. */
export function unitName(number: number): UnitName {
  return parseUnitName(`bench-${String(number).padStart(6, "0")}.service`);
}

/** A machine of the benchmark, by its number. */
export function machineId(number: number): MachineId {
  return parseMachineId(`${String(number).padStart(8, "0")}${"b".repeat(24)}`);
}

/** Writes operations as fast as they go, some at a time. */
export async function putAll(
  store: Store,
  operations: readonly Operation[],
  signal: AbortSignal,
): Promise<void> {
  const batches: (readonly Operation[])[] = [];
  for (let at = 0; at < operations.length; at += putsAtOnce)
    batches.push(operations.slice(at, at + putsAtOnce));
  const write = async (): Promise<void> => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      await store.transact({ success: batch }, signal);
    }
  };
  await Promise.all(Array.from({ length: writersMax }, write));
}

/** Lets machines be known and present, all on one lease. @returns the lease. */
export async function seedMachines(store: Store, count: number, signal: AbortSignal): Promise<LeaseId> {
  const leaseId = await store.grantLease(leaseSeconds, signal);
  const operations: Operation[] = [];
  for (let number = 0; number < count; number += 1) {
    const id = machineId(number);
    const value = JSON.stringify({
      primaryIp: "192.0.2.1",
      apiAddresses: [],
      metadata: {},
      version: "bench",
      bootId: "bench",
      instance: "bench",
      state: "up",
    });
    operations.push({ kind: "put", key: keys.machineRecord(id), value: "{}" });
    operations.push({ kind: "put", key: keys.presence(id), value, leaseId });
  }
  await putAll(store, operations, signal);
  return leaseId;
}

/** Submits units that are wanted running, all with the same text. */
export async function seedUnits(
  store: Store,
  numbers: readonly number[],
  isGlobal: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { contentId, hash, text } = isGlobal ? globalContent : content;
  await store.transact({ success: [{ kind: "put", key: keys.unitFile(contentId), value: text }] }, signal);
  const wish = { contentId, hash, desiredState: "launched", startCount: 1, changedAtMs: 0, write: "bench" };
  const value = JSON.stringify(wish);
  const operations = numbers.map(
    (number): Operation => ({ kind: "put", key: keys.unit(unitName(number)), value }),
  );
  await putAll(store, operations, signal);
}
