import { assert, assertNever } from "@fleet/core";
import type { Guard, GuardedChange, LeaderWrite } from "@fleet/core/ports";
import { encodeSeat } from "./codec.js";
import type { Keys } from "./keys.js";
import type { Office } from "./office.js";
import { type Compare, type Operation, type StoredValue, transactionLimit } from "./store.js";

/** A condition on one key, in a form that can also be judged against what was read. */
interface Condition {
  readonly key: string;
  /** The mod revision, 0 for absent; `held`: present. */
  readonly revision: number | "held";
}

/** A change in the store's words. */
export interface PreparedChange {
  /** Its place in the caller's list. */
  readonly index: number;
  readonly conditions: readonly Condition[];
  readonly operations: readonly Extract<Operation, { kind: "put" | "delete" }>[];
}

/**
 * Puts a change into the store's words.
 * @throws {AssertionError} if a write lacks the guard of the key that it writes: a bug of the planner, which would
 * overwrite what it has not seen.
 */
export function prepareChange(
  change: GuardedChange,
  index: number,
  keys: Keys,
  office: Office,
): PreparedChange {
  const conditions = change.guards.map((guard) => toCondition(guard, keys));
  const operations: PreparedChange["operations"][number][] = [];
  for (const write of change.writes) {
    const operation = toOperation(write, keys, office);
    operations.push(operation);
    if (write.kind === "delete-unit-file") {
      conditions.push({ key: operation.key, revision: write.modRevision });
    }
    assert(
      conditions.some(({ key, revision }) => key === operation.key && revision !== "held"),
      `a leader's write needs a guard of its own key: ${operation.key}`,
    );
  }
  return { index, conditions, operations };
}

function toCondition(guard: Guard, keys: Keys): Condition {
  switch (guard.kind) {
    case "unit":
      return { key: keys.unit(guard.unit), revision: guard.revision };
    case "mark":
      return { key: keys.mark(guard.unit), revision: guard.revision };
    case "seat":
      return { key: keys.seat(guard.machine, guard.unit), revision: guard.revision };
    case "presence":
      return { key: keys.presence(guard.machine), revision: guard.revision };
    default:
      return assertNever(guard);
  }
}

function toOperation(
  write: LeaderWrite,
  keys: Keys,
  office: Office,
): { kind: "put"; key: string; value: string } | { kind: "delete"; key: string } {
  switch (write.kind) {
    case "put-seat": {
      const { machine, unit } = write.seat;
      const value = encodeSeat({ ...write.seat, term: office.term });
      return { kind: "put", key: keys.seat(machine, unit), value };
    }
    case "delete-seat":
      return { kind: "delete", key: keys.seat(write.machine, write.unit) };
    case "delete-mark":
      return { kind: "delete", key: keys.mark(write.unit) };
    case "delete-unit-file":
      return { kind: "delete", key: keys.unitFile(write.contentId) };
    default:
      return assertNever(write);
  }
}

/** Cuts changes, in their order, into batches that each fit into one transaction. No change is cut. */
export function cutIntoBatches(changes: readonly PreparedChange[]): readonly (readonly PreparedChange[])[] {
  const batches: PreparedChange[][] = [];
  let size = new BatchSize();
  for (const change of changes) {
    if (batches.length === 0 || !size.take(change)) {
      size = new BatchSize();
      assert(size.take(change), "a single change must fit into a transaction");
      batches.push([]);
    }
    batches.at(-1)?.push(change);
  }
  return batches;
}

/** Counts what a transaction may hold. */
class BatchSize {
  // Two compares prove the office, and its key is read in the other branch.
  #compares = 2;
  #operations = 0;
  readonly #conditions = new Set<string>();
  readonly #read = new Set<string>();
  readonly #written = new Set<string>();

  /** Adds a change if it fits. */
  take(change: PreparedChange): boolean {
    const conditions = newOnes(change.conditions.map(conditionId), this.#conditions);
    const read = newOnes(
      change.conditions.map(({ key }) => key),
      this.#read,
    );
    const fits =
      this.#compares + conditions.size <= transactionLimit &&
      this.#operations + change.operations.length <= transactionLimit &&
      1 + this.#read.size + read.size <= transactionLimit &&
      change.operations.every((operation) => !this.#written.has(writtenKey(operation)));
    if (!fits) return false;
    this.#compares += conditions.size;
    this.#operations += change.operations.length;
    for (const id of conditions) this.#conditions.add(id);
    for (const key of read) this.#read.add(key);
    for (const operation of change.operations) this.#written.add(writtenKey(operation));
    return true;
  }
}

function newOnes(entries: readonly string[], known: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(entries.filter((entry) => !known.has(entry)));
}

/** All conditions of a batch, each once, so that a machine's presence is compared once for all its units. */
export function comparesOf(changes: readonly PreparedChange[]): readonly Compare[] {
  const conditions = new Map<string, Compare>();
  for (const { key, revision } of changes.flatMap((change) => change.conditions)) {
    const compare: Compare =
      revision === "held"
        ? { key, target: "create", is: "!=", operand: 0 }
        : { key, target: "mod", is: "=", operand: revision };
    conditions.set(conditionId({ key, revision }), compare);
  }
  return [...conditions.values()];
}

/** The keys that the conditions of a batch are about. */
export function keysOf(changes: readonly PreparedChange[]): readonly string[] {
  return [...new Set(changes.flatMap((change) => change.conditions.map(({ key }) => key)))];
}

/** Says whether what was read meets all conditions of a change. */
export function isMet(change: PreparedChange, found: ReadonlyMap<string, StoredValue>): boolean {
  return change.conditions.every(({ key, revision }) =>
    revision === "held" ? found.has(key) : (found.get(key)?.modRevision ?? 0) === revision,
  );
}

/**
 * Says whether a transaction of these changes, whose answer was lost, did happen. A transaction happens as a whole, so
 * one seat that is exactly as we wrote it, at another revision than we compared, is proof enough.
 */
export function hasLanded(
  changes: readonly PreparedChange[],
  found: ReadonlyMap<string, StoredValue>,
): boolean {
  const written = changes.flatMap(({ conditions, operations }) =>
    operations.map((operation) => ({ operation, conditions })),
  );
  const puts = written.filter(({ operation }) => operation.kind === "put");
  if (puts.length === 0) return written.every(({ operation }) => !found.has(writtenKey(operation)));
  return puts.some(({ operation, conditions }) => {
    const item = found.get(writtenKey(operation));
    const isOurs = operation.kind === "put" && item?.value === operation.value;
    return (
      isOurs && !conditions.some(({ key, revision }) => key === item?.key && revision === item.modRevision)
    );
  });
}

function writtenKey(operation: PreparedChange["operations"][number]): string {
  assert("key" in operation, "the leader writes single keys");
  return operation.key;
}

function conditionId({ key, revision }: Condition): string {
  return `${revision} ${key}`;
}
