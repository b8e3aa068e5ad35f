import type { Revision } from "@fleet/core";

/** A lease's identity, decimal: a 64-bit number, which JavaScript's numbers cannot hold. */
export type LeaseId = string;

/** A key with its value, as it stood at one revision. */
export interface StoredValue {
  readonly key: string;
  readonly value: string;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** Writes since the key came to be, beginning with 1. */
  readonly version: number;
  /** The lease that the key goes with, if any. */
  readonly leaseId: LeaseId | undefined;
}

/** Either one key, or all keys that begin with a prefix. */
export type KeyRange = { readonly key: string } | { readonly prefix: string };

/** What to read. */
export type RangeRequest = KeyRange & {
  /** Begin at this key instead of the first one; for paging. */
  readonly from?: string;
  /** At most this many items; default all. A page of 1,000 records stalls the process for some 10 ms. */
  readonly limit?: number;
  /** As of this revision; default the newest. */
  readonly revision?: Revision;
  /** Leave the values empty. */
  readonly keysOnly?: boolean;
  /** Leave out what was last written before this revision. The store still walks over all of it. */
  readonly modifiedSince?: Revision;
};

/** What a read found. */
export interface RangeResult {
  /** The newest revision of the store when it answered, whatever revision was asked for. */
  readonly revision: Revision;
  /** In the order of the keys' bytes. */
  readonly items: readonly StoredValue[];
  /** The limit cut items off. */
  readonly more: boolean;
  /** How many keys the range has, limit and `modifiedSince` apart. */
  readonly count: number;
}

/** One condition of a transaction. An absent key has the revisions 0, version 0, an empty value and no lease. */
export type Compare = { readonly key: string } & (
  | {
      readonly target: "create" | "mod" | "version";
      readonly is: "=" | "!=" | "<" | ">";
      readonly operand: number;
    }
  | { readonly target: "value"; readonly is: "=" | "!="; readonly operand: string }
  | { readonly target: "lease"; readonly is: "=" | "!="; readonly operand: LeaseId | undefined }
);

/** One step of a transaction. A key may be written once in each transaction. */
export type Operation =
  | { readonly kind: "put"; readonly key: string; readonly value: string; readonly leaseId?: LeaseId }
  | ({ readonly kind: "delete" } & KeyRange)
  | ({ readonly kind: "get"; readonly limit?: number } & KeyRange);

/** Steps taken together if all conditions hold, and others if not. Without conditions it always succeeds. */
export interface Transaction {
  readonly compare?: readonly Compare[];
  readonly success?: readonly Operation[];
  readonly failure?: readonly Operation[];
}

/** What became of a transaction. */
export interface TransactionResult {
  readonly succeeded: boolean;
  /** The transaction's own revision if it changed anything, else the newest one. */
  readonly revision: Revision;
  /** One for each step of the branch that was taken: what a `get` found; nothing for the other kinds. */
  readonly results: readonly (readonly StoredValue[])[];
}

/** A change of one key. A deleted key has its last revisions only. */
export type StoreEvent =
  | { readonly kind: "put"; readonly item: StoredValue }
  | { readonly kind: "delete"; readonly key: string; readonly modRevision: Revision };

/** Events in the order of their revisions; all of one revision are in one batch. */
export interface WatchBatch {
  readonly events: readonly StoreEvent[];
  /** Everything up to this revision has been delivered. Without events it is only progress. */
  readonly revision: Revision;
}

/** How a lease stands. */
export interface LeaseStatus {
  /** Whole seconds that are left. */
  readonly remainingSeconds: number;
  /** What it was granted for. */
  readonly grantedSeconds: number;
  /** Counts the elections among etcd's members, as the answering one knows them: with each all leases begin anew. */
  readonly raftTerm: number;
}

/**
 * A linearizable key-value store with revisions, leases and a history: what fleet needs of etcd v3, and no more.
 *
 * Every call either answers or rejects with a `FleetError`: `unavailable` (a write may or may not have happened; it
 * is never repeated behind the caller's back), `compacted`, `invalid-argument` (a limit of the store was broken),
 * `not-found` (no such lease), `permission-denied`, `internal`; or with the signal's reason.
 */
export interface Store {
  range(request: RangeRequest, signal: AbortSignal): Promise<RangeResult>;
  /** At most {@link transactionLimit} conditions, and as many steps in each branch. */
  transact(transaction: Transaction, signal: AbortSignal): Promise<TransactionResult>;
  /**
   * Delivers changes from a revision on, also such as lie in the past or in the future. It never resumes by itself.
   * Resolves when aborted; rejects with `compacted` if the history does not reach back that far and with `unavailable`
   * when the connection is lost: the caller reads something, and watches again from the revision after the last one.
   * An exception of `onBatch` ends the watch and is passed on.
   */
  watch(
    range: KeyRange,
    fromRevision: Revision,
    signal: AbortSignal,
    onBatch: (batch: WatchBatch) => void,
  ): Promise<void>;
  /** @param ttlSeconds - Whole seconds; etcd raises it to its minimum (2 s by default). */
  grantLease(ttlSeconds: number, signal: AbortSignal): Promise<LeaseId>;
  /** Renews a lease. @returns the seconds that it now has; 0 if there is no such lease (any more). */
  keepAliveOnce(leaseId: LeaseId, signal: AbortSignal): Promise<number>;
  /** Ends a lease and deletes its keys. A lease that is gone already is no error. */
  revokeLease(leaseId: LeaseId, signal: AbortSignal): Promise<void>;
  /** @returns `undefined` if there is no such lease. */
  leaseTimeToLive(leaseId: LeaseId, signal: AbortSignal): Promise<LeaseStatus | undefined>;
  /** Ends all calls and watches with `unavailable` and lets go of every connection. */
  close(): Promise<void>;
}

/** etcd's own limit on the conditions, and on the steps of each branch, of a transaction (`--max-txn-ops`). */
export const transactionLimit = 128;
