import type { Revision } from "@fleet/core";
import { type Compare, Keys, type Operation, type Store, type Transaction } from "@fleet/registry";

const keys = new Keys();

/** Passes everything on to a store, and keeps the transactions that write seats. */
export class Recorder {
  readonly store: Store;
  /** When the office was won. */
  electedMs = Number.NaN;
  /** When the first of them was sent, and the last one answered. */
  firstMs = Number.NaN;
  lastMs = Number.NaN;
  /** How many were sent in vain, or without an answer. They are sent again. */
  lost = 0;
  /** By the first key that they write, so that one that was sent twice is kept once. */
  readonly #transactions = new Map<string, Transaction>();
  #underWay = 0;
  underWayMax = 0;

  constructor(store: Store) {
    this.store = {
      range: (request, signal) => store.range(request, signal),
      transact: (transaction, signal) => this.#transact(store, transaction, signal),
      watch: (range, from, signal, onBatch) => store.watch(range, from, signal, onBatch),
      grantLease: (seconds, signal) => store.grantLease(seconds, signal),
      keepAliveOnce: (lease, signal) => store.keepAliveOnce(lease, signal),
      revokeLease: (lease, signal) => store.revokeLease(lease, signal),
      leaseTimeToLive: (lease, signal) => store.leaseTimeToLive(lease, signal),
      close: () => store.close(),
    };
  }

  get transactions(): readonly Transaction[] {
    return [...this.#transactions.values()];
  }

  async #passOn(store: Store, transaction: Transaction, signal: AbortSignal) {
    const result = await store.transact(transaction, signal);
    const isElection = (transaction.success ?? []).some(
      (operation) => operation.kind === "put" && operation.key === keys.leader,
    );
    // The leader writes its key again when it voids what was not answered.
    // Who waits for the election is told only after the first plan, which holds the event loop.
    if (isElection && result.succeeded && Number.isNaN(this.electedMs)) this.electedMs = performance.now();
    return result;
  }

  async #transact(store: Store, transaction: Transaction, signal: AbortSignal) {
    const [first] = (transaction.success ?? []).filter(isSeat);
    if (first === undefined) return await this.#passOn(store, transaction, signal);
    if (Number.isNaN(this.firstMs)) this.firstMs = performance.now();
    this.#underWay += 1;
    this.underWayMax = Math.max(this.underWayMax, this.#underWay);
    try {
      const result = await store.transact(transaction, signal);
      this.lastMs = performance.now();
      // One that finds itself done was sent before without an answer, and is kept as such.
      if (result.succeeded) this.#transactions.set(first.key, transaction);
      return result;
    } catch (error) {
      this.lost += 1;
      this.#transactions.set(first.key, transaction);
      throw error;
    } finally {
      this.#underWay -= 1;
    }
  }
}

function isSeat(operation: Operation): operation is Extract<Operation, { kind: "put" }> {
  return operation.kind === "put" && operation.key.startsWith(keys.schedule);
}

/** The same transactions, in the name of whoever made the leader key that is there now. */
export function inTheNameOf(
  transactions: readonly Transaction[],
  leader: { readonly revision: Revision; readonly value: string },
): readonly Transaction[] {
  const rewrite = (compare: Compare): Compare => {
    if (compare.key !== keys.leader) return compare;
    return compare.target === "create"
      ? { ...compare, operand: leader.revision }
      : { key: compare.key, target: "value", is: "=", operand: leader.value };
  };
  return transactions.map((transaction) => ({
    ...transaction,
    compare: (transaction.compare ?? []).map(rewrite),
  }));
}
