import { FleetError, type Revision } from "@fleet/core";
import {
  type Compare,
  type KeyRange,
  type LeaseId,
  type Operation,
  type RangeRequest,
  type RangeResult,
  type StoredValue,
  type StoreEvent,
  type Transaction,
  type TransactionResult,
  transactionLimit,
} from "../store.js";

/** One state of one key, from a revision on. */
interface KeyVersion {
  readonly revision: Revision;
  /** Absent from a deletion on. */
  readonly item: StoredValue | undefined;
}

/** What changed at one revision. */
interface RevisionEvents {
  readonly revision: Revision;
  readonly events: readonly StoreEvent[];
}

/** Everything that a snapshot of the history must carry. Shares nothing that is ever changed. */
export interface MvccSnapshot {
  readonly revision: Revision;
  readonly compactRevision: Revision;
  readonly versions: ReadonlyMap<string, readonly KeyVersion[]>;
  readonly history: readonly RevisionEvents[];
}

/** etcd's default limit on a request (`--max-request-bytes`). */
const requestBytesMax = 1.5 * 1024 * 1024;

/**
 * Keys, values and their whole history, with etcd's rules for revisions and transactions: the part of the twin that
 * has neither leases nor time nor connections.
 */
export class Mvcc {
  // A new etcd is at revision 1, so the first write gets 2.
  #revision: Revision = 1;
  #compactRevision: Revision = 0;
  #versions = new Map<string, KeyVersion[]>();
  #history: RevisionEvents[] = [];
  /** All keys of the history, in order. */
  #keys: string[] = [];

  /** The newest revision. */
  get revision(): Revision {
    return this.#revision;
  }

  /** Everything before this revision has been forgotten; 0 if nothing was. */
  get compactRevision(): Revision {
    return this.#compactRevision;
  }

  /** Reads. @throws {FleetError} `compacted` if the revision is not (or not any more) in the history. */
  range(request: RangeRequest): RangeResult {
    const at = request.revision ?? this.#revision;
    if (at < this.#compactRevision || at > this.#revision) throw this.compactedError(at);
    const found: StoredValue[] = [];
    let count = 0;
    for (const item of this.#itemsAt(request, at)) {
      if (request.from !== undefined && item.key < request.from) continue;
      count += 1;
      if (request.modifiedSince !== undefined && item.modRevision < request.modifiedSince) continue;
      found.push(request.keysOnly === true ? { ...item, value: "" } : item);
    }
    const items = request.limit === undefined ? found : found.slice(0, request.limit);
    return { revision: this.#revision, items, more: items.length < found.length, count };
  }

  /** Applies a transaction whole. @throws {FleetError} for what etcd refuses; nothing has then changed. */
  transact(transaction: Transaction, hasLease: (leaseId: LeaseId) => boolean): TransactionResult {
    checkLimits(transaction);
    const succeeded = (transaction.compare ?? []).every((compare) => this.#holds(compare));
    const operations = (succeeded ? transaction.success : transaction.failure) ?? [];
    for (const operation of operations) {
      if (operation.kind === "put" && operation.leaseId !== undefined && !hasLease(operation.leaseId)) {
        throw new FleetError("not-found", `cannot put "${operation.key}": its lease does not exist`);
      }
    }
    const revision = this.#revision + 1;
    const events: StoreEvent[] = [];
    const results = operations.map((operation) => this.#perform(operation, revision, events));
    this.#commit(revision, events);
    return { succeeded, revision: this.#revision, results };
  }

  /** Deletes keys at one revision, as the end of a lease does. */
  deleteKeys(keys: Iterable<string>): void {
    const revision = this.#revision + 1;
    const events: StoreEvent[] = [];
    for (const key of [...keys].toSorted()) this.#delete({ key }, revision, events);
    this.#commit(revision, events);
  }

  /** What changed in a range from a revision on, revision by revision. */
  eventsSince(range: KeyRange, from: Revision): readonly RevisionEvents[] {
    const first = lowerBound(this.#history, (entry) => entry.revision < from);
    return this.#history.slice(first).flatMap(({ revision, events }) => {
      const within = events.filter((event) => isWithin(range, eventKey(event)));
      return within.length === 0 ? [] : [{ revision, events: within }];
    });
  }

  /** Forgets what was before a revision. @throws {FleetError} `compacted` if that has been done already. */
  compact(revision: Revision): void {
    if (revision <= this.#compactRevision || revision > this.#revision) {
      throw this.compactedError(revision);
    }
    this.#compactRevision = revision;
    this.#history = this.#history.slice(lowerBound(this.#history, (entry) => entry.revision < revision));
    for (const [key, versions] of this.#versions) {
      const last = versions.findLastIndex((version) => version.revision <= revision);
      const kept = versions.slice(Math.max(last, 0));
      if (kept[0]?.item === undefined && (kept[0]?.revision ?? 0) <= revision) kept.shift();
      if (kept.length > 0) this.#versions.set(key, kept);
      else this.#versions.delete(key);
    }
    this.#keys = this.#keys.filter((key) => this.#versions.has(key));
  }

  /** The error for a revision that is not in the history. */
  compactedError(revision: Revision): FleetError {
    return new FleetError("compacted", `revision ${revision} is not in the history`);
  }

  /** Copies everything. */
  snapshot(): MvccSnapshot {
    return {
      revision: this.#revision,
      compactRevision: this.#compactRevision,
      versions: new Map([...this.#versions].map(([key, versions]) => [key, [...versions]])),
      history: [...this.#history],
    };
  }

  /** Goes back to a copy. */
  restore(snapshot: MvccSnapshot): void {
    this.#revision = snapshot.revision;
    this.#compactRevision = snapshot.compactRevision;
    this.#versions = new Map([...snapshot.versions].map(([key, versions]) => [key, [...versions]]));
    this.#history = [...snapshot.history];
    this.#keys = [...this.#versions.keys()].toSorted();
  }

  #current(key: string): StoredValue | undefined {
    return this.#versions.get(key)?.at(-1)?.item;
  }

  *#itemsAt(range: KeyRange, at: Revision): Iterable<StoredValue> {
    if ("key" in range) {
      const item = this.#versionAt(range.key, at);
      if (item !== undefined) yield item;
      return;
    }
    const first = lowerBound(this.#keys, (key) => key < range.prefix);
    for (let index = first; index < this.#keys.length; index += 1) {
      const key = this.#keys[index] as string;
      if (!key.startsWith(range.prefix)) return;
      const item = this.#versionAt(key, at);
      if (item !== undefined) yield item;
    }
  }

  #versionAt(key: string, at: Revision): StoredValue | undefined {
    return this.#versions.get(key)?.findLast((version) => version.revision <= at)?.item;
  }

  #holds(compare: Compare): boolean {
    const item = this.#current(compare.key);
    switch (compare.target) {
      case "create":
        return relate(item?.createRevision ?? 0, compare.is, compare.operand);
      case "mod":
        return relate(item?.modRevision ?? 0, compare.is, compare.operand);
      case "version":
        return relate(item?.version ?? 0, compare.is, compare.operand);
      case "value":
        // In etcd no compare of a value holds for an absent key, not even "is not".
        return item !== undefined && (item.value === compare.operand) === (compare.is === "=");
      case "lease":
        return (item?.leaseId === compare.operand) === (compare.is === "=");
    }
  }

  #perform(operation: Operation, revision: Revision, events: StoreEvent[]): readonly StoredValue[] {
    if (operation.kind === "get") {
      const items = [...this.#itemsAt(operation, revision)];
      return operation.limit === undefined ? items : items.slice(0, operation.limit);
    }
    if (operation.kind === "delete") {
      this.#delete(operation, revision, events);
      return [];
    }
    const before = this.#current(operation.key);
    const item: StoredValue = {
      key: operation.key,
      value: operation.value,
      createRevision: before?.createRevision ?? revision,
      modRevision: revision,
      version: (before?.version ?? 0) + 1,
      leaseId: operation.leaseId,
    };
    this.#write(operation.key, { revision, item });
    events.push({ kind: "put", item });
    return [];
  }

  #delete(range: KeyRange, revision: Revision, events: StoreEvent[]): void {
    for (const { key } of [...this.#itemsAt(range, revision)]) {
      this.#write(key, { revision, item: undefined });
      events.push({ kind: "delete", key, modRevision: revision });
    }
  }

  #write(key: string, version: KeyVersion): void {
    const versions = this.#versions.get(key);
    if (versions !== undefined) {
      versions.push(version);
      return;
    }
    this.#versions.set(key, [version]);
    this.#keys.splice(
      lowerBound(this.#keys, (other) => other < key),
      0,
      key,
    );
  }

  #commit(revision: Revision, events: readonly StoreEvent[]): void {
    if (events.length === 0) return;
    this.#revision = revision;
    this.#history.push({ revision, events });
  }
}

/** Says whether a key belongs to a range. */
export function isWithin(range: KeyRange, key: string): boolean {
  return "key" in range ? range.key === key : key.startsWith(range.prefix);
}

/** The key that an event is about. */
export function eventKey(event: StoreEvent): string {
  return event.kind === "put" ? event.item.key : event.key;
}

function relate(left: number, is: "=" | "!=" | "<" | ">", right: number): boolean {
  if (is === "=") return left === right;
  if (is === "!=") return left !== right;
  return is === "<" ? left < right : left > right;
}

/** The first index whose entry is not `before`, by halving. */
function lowerBound<T>(entries: readonly T[], before: (entry: T) => boolean): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(entries[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function checkLimits(transaction: Transaction): void {
  const { compare = [], success = [], failure = [] } = transaction;
  if ([compare, success, failure].some((part) => part.length > transactionLimit)) {
    throw new FleetError("invalid-argument", "cannot commit: too many operations in one transaction");
  }
  for (const branch of [success, failure]) checkKeysDiffer(branch);
  let bytes = 0;
  for (const part of [...success, ...failure]) if (part.kind === "put") bytes += part.value.length;
  if (bytes > requestBytesMax)
    throw new FleetError("invalid-argument", "cannot commit: request is too large");
}

function checkKeysDiffer(operations: readonly Operation[]): void {
  const puts = new Set<string>();
  for (const operation of operations) {
    if (operation.kind !== "put") continue;
    const clash =
      puts.has(operation.key) ||
      operations.some((other) => other.kind === "delete" && isWithin(other, operation.key));
    if (clash) throw new FleetError("invalid-argument", "cannot commit: duplicate key in one transaction");
    puts.add(operation.key);
  }
}
