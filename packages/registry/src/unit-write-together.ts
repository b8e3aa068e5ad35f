import { assert, isFleetError } from "@fleet/core";
import type { UnitWrite, UnitWriteResult } from "@fleet/core/ports";
import type { RegistryOptions } from "./registry-options.js";
import { type Operation, type StoredValue, transactionLimit } from "./store.js";
import { draftWrite, type ReadyWrite, type WriteOperation } from "./unit-write.js";
import { type PendingWrites, writeAlone } from "./unit-write-alone.js";

/** What a transaction may weigh in UTF-16 units: etcd takes 1.5 MiB, and a character is three bytes at most. */
const weightMax = 400_000;

/** How many writes that could not go together are made at a time. */
const aloneMax = 8;

/** A write that goes into a transaction with others. */
interface Passenger {
  readonly write: UnitWrite;
  readonly ready: ReadyWrite;
}

/**
 * Makes many writes in as few transactions as etcd's limits allow: reads the records of many units at once, decides each,
 * and commits together what is decided. Whatever cannot go that way, because somebody else has been quicker or an answer was
 * lost, goes alone. When etcd serves no more, or the signal is aborted, what became of the writes before stays known, and
 * the rest fail with that.
 * @throws if etcd is not believed: then nothing is known of any write.
 */
export async function writeTogether(
  options: RegistryOptions,
  writes: readonly UnitWrite[],
  signal: AbortSignal,
): Promise<readonly UnitWriteResult[]> {
  const results = new Map<UnitWrite, UnitWriteResult>();
  assert(new Set(writes.map(({ name }) => name)).size === writes.length, "no unit is written twice");
  try {
    for (let begin = 0; begin < writes.length; begin += transactionLimit) {
      const some = writes.slice(begin, begin + transactionLimit);
      const ready = await draftAll(options, some, results, signal);
      for (const passengers of cutIntoTransactions(ready)) {
        await commit(options, passengers, results, signal);
      }
      await finishAlone(options, some, results, signal);
    }
  } catch (error) {
    options.trust.throwIfDistrusted();
    if (!signal.aborted && !isFleetError(error)) throw error;
    for (const write of writes) if (!results.has(write)) results.set(write, { error });
  }
  return writes.map((write) => {
    const result = results.get(write);
    assert(result !== undefined, `every write has a result: ${write.name}`);
    return result;
  });
}

/** @returns what can be committed; writes without a result that are not in it have to go alone. */
async function draftAll(
  options: RegistryOptions,
  writes: readonly UnitWrite[],
  results: Map<UnitWrite, UnitWriteResult>,
  signal: AbortSignal,
): Promise<readonly Passenger[]> {
  const { trust, keys } = options;
  const success = writes.map(({ name }): Operation => ({ kind: "get", key: keys.unit(name) }));
  const found = await trust.store.transact({ success }, signal);
  const ready: Passenger[] = [];
  for (const [index, write] of writes.entries()) {
    const item: StoredValue | undefined = found.results[index]?.[0];
    try {
      const draft = draftWrite(options, write, item);
      if (draft.kind === "write") ready.push({ write, ready: draft });
      // Whether a text that goes along is stored is asked alone.
      else if (draft.change?.content === undefined)
        results.set(write, { outcome: { revision: found.revision, effect: "unchanged" } });
    } catch (error) {
      results.set(write, { error });
    }
  }
  return ready;
}

/** Cuts writes, in their order, into transactions. A text that several of them bring is written once in each. */
function* cutIntoTransactions(ready: readonly Passenger[]): Generator<readonly Passenger[], void, void> {
  let passengers: Passenger[] = [];
  let keys = new Set<string>();
  let weight = 0;
  for (const passenger of ready) {
    const added = passenger.ready.operations.filter(({ key }) => !keys.has(key));
    const addedWeight = added.reduce((sum, operation) => sum + weightOf(operation), 0);
    const isFull = keys.size + added.length > transactionLimit || weight + addedWeight > weightMax;
    if (isFull && passengers.length > 0) {
      yield passengers;
      passengers = [];
      keys = new Set();
      weight = 0;
    }
    passengers.push(passenger);
    for (const operation of passenger.ready.operations) {
      if (keys.has(operation.key)) continue;
      keys.add(operation.key);
      weight += weightOf(operation);
    }
  }
  if (passengers.length > 0) yield passengers;
}

function weightOf(operation: WriteOperation): number {
  return operation.key.length + (operation.kind === "put" ? operation.value.length : 0);
}

/** Commits writes together. Those that do not go through are noted as pending, if they may have. */
async function commit(
  options: RegistryOptions,
  passengers: readonly Passenger[],
  results: Map<UnitWrite, UnitWriteResult>,
  signal: AbortSignal,
): Promise<void> {
  const { trust, keys } = options;
  const compare = passengers.map(
    ({ write, ready }) =>
      ({ key: keys.unit(write.name), target: "mod", is: "=", operand: ready.modRevision }) as const,
  );
  const operations = passengers.flatMap(({ ready }) => ready.operations);
  const success = [...new Map(operations.map((operation) => [operation.key, operation])).values()];
  let isLost = false;
  try {
    const done = await trust.store.transact({ compare, success }, signal);
    if (done.succeeded) {
      for (const { write, ready } of passengers)
        results.set(write, { outcome: { revision: done.revision, effect: ready.effect } });
      return;
    }
  } catch (error) {
    trust.throwIfDistrusted();
    if (signal.aborted || !isFleetError(error)) throw error;
    // What etcd has refused has not happened. Whose fault that was is found out alone; it may be one unit that is too large.
    isLost = error.code === "unavailable";
  }
  await eachAlone(
    passengers.map(({ write, ready }) => ({
      write,
      pending: new Map(isLost ? [[ready.trace, ready.effect]] : []),
    })),
    options,
    results,
    signal,
  );
}

async function finishAlone(
  options: RegistryOptions,
  writes: readonly UnitWrite[],
  results: Map<UnitWrite, UnitWriteResult>,
  signal: AbortSignal,
): Promise<void> {
  const left = writes.filter((write) => !results.has(write));
  await eachAlone(
    left.map((write) => ({ write, pending: new Map() })),
    options,
    results,
    signal,
  );
}

/** @throws what etcd's last answer was, if it serves no more; results that are known by then are noted. */
async function eachAlone(
  writes: readonly { readonly write: UnitWrite; readonly pending: PendingWrites }[],
  options: RegistryOptions,
  results: Map<UnitWrite, UnitWriteResult>,
  signal: AbortSignal,
): Promise<void> {
  const queue = writes.values();
  let failuresInARow = 0;
  let end: { readonly reason: unknown } | undefined;
  const work = async (): Promise<void> => {
    for (const { write, pending } of queue) {
      try {
        results.set(write, { outcome: await writeAlone(options, write, signal, pending) });
        failuresInARow = 0;
      } catch (error) {
        results.set(write, { error });
        failuresInARow = isFleetError(error, "unavailable") ? failuresInARow + 1 : 0;
        // Each takes its time to fail; a hiccup is over before so many have.
        const isOver = signal.aborted || options.trust.problem !== undefined || failuresInARow >= aloneMax;
        if (isOver) end ??= { reason: error };
      }
      if (end !== undefined) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(aloneMax, writes.length) }, work));
  if (end !== undefined) throw end.reason;
}
