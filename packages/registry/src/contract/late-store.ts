import { FleetError } from "@fleet/core";
import type { RangeRequest, RangeResult, Store, Transaction, TransactionResult } from "../store.js";
import { never } from "./store-words.js";

/**
 * What becomes of a transaction. `pass`: it goes through; `late`: its caller gets no answer, and it reaches etcd when the
 * test delivers it; `lost`: its caller gets no answer, and it never happens; `unheard`: it goes through, and then `meanwhile`, but its
 * caller gets no answer; `held`: its caller waits until it is delivered;
 * `refused`: etcd does not take it, as if it were too large.
 */
export type Fate = "pass" | "late" | "lost" | "unheard" | "held" | "refused";

/** A store whose transactions can reach etcd after others that were sent later, as if each had its own way there. */
export class LateStore implements Store {
  readonly watch: Store["watch"];
  readonly grantLease: Store["grantLease"];
  readonly keepAliveOnce: Store["keepAliveOnce"];
  readonly revokeLease: Store["revokeLease"];
  readonly leaseTimeToLive: Store["leaseTimeToLive"];
  readonly close: Store["close"];
  /** Asked for each transaction. */
  fate: (transaction: Transaction) => Fate = () => "pass";
  /** What others do between an `unheard` transaction and the moment when its caller learns that there is no answer. */
  meanwhile: () => Promise<unknown> = async () => undefined;
  /** Asked for each reading of a range: whether it gets no answer. */
  isUnread: (request: RangeRequest) => boolean = () => false;
  readonly #inner: Store;
  readonly #kept: (() => Promise<TransactionResult>)[] = [];

  constructor(inner: Store) {
    this.#inner = inner;
    this.watch = (...call) => inner.watch(...call);
    this.grantLease = (...call) => inner.grantLease(...call);
    this.keepAliveOnce = (...call) => inner.keepAliveOnce(...call);
    this.revokeLease = (...call) => inner.revokeLease(...call);
    this.leaseTimeToLive = (...call) => inner.leaseTimeToLive(...call);
    this.close = () => inner.close();
  }

  /** How many transactions wait to be delivered. */
  get kept(): number {
    return this.#kept.length;
  }

  async range(request: RangeRequest, signal: AbortSignal): Promise<RangeResult> {
    if (this.isUnread(request)) throw unavailable();
    return await this.#inner.range(request, signal);
  }

  async transact(transaction: Transaction, signal: AbortSignal): Promise<TransactionResult> {
    const fate = this.fate(transaction);
    if (fate === "refused") throw new FleetError("invalid-argument", "cannot commit: request is too large");
    if (fate === "pass") return await this.#inner.transact(transaction, signal);
    if (fate === "held") {
      return await new Promise((resolve, reject) => {
        this.#kept.push(() => {
          const sent = this.#inner.transact(transaction, never);
          sent.then(resolve, reject);
          return sent;
        });
      });
    }
    if (fate === "late") this.#kept.push(() => this.#inner.transact(transaction, never));
    if (fate === "unheard") {
      await this.#inner.transact(transaction, signal);
      await this.meanwhile();
    }
    throw unavailable();
  }

  /** Lets what was kept reach etcd now, in its order. @returns what etcd made of it. */
  async deliver(): Promise<readonly TransactionResult[]> {
    const results: TransactionResult[] = [];
    for (const send of this.#kept.splice(0)) results.push(await send());
    return results;
  }
}

function unavailable(): FleetError {
  return new FleetError("unavailable", "cannot reach etcd: the answer was lost");
}

/** Says whether a transaction writes under a prefix. */
export function writesUnder(prefix: string, { success = [] }: Transaction): boolean {
  return success.some((step) => step.kind !== "get" && "key" in step && step.key.startsWith(prefix));
}
