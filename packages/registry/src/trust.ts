import { FleetError, RegistryDistrustError, type Revision } from "@fleet/core";
import type {
  KeyRange,
  LeaseId,
  LeaseStatus,
  RangeRequest,
  RangeResult,
  Store,
  Transaction,
  TransactionResult,
  WatchBatch,
} from "./store.js";

/**
 * Whether this process believes its etcd. An etcd that was wiped or restored keeps its identity and answers as if
 * nothing had happened; but it cannot answer with a revision that is older than one known before it was asked. Only
 * linearizable answers are compared; what watches say is known, and never compared, for their member may lag behind.
 *
 * It does not notice an etcd that was restored and has overtaken the old revision while this process was not there:
 * that is found by the machine session, from what it remembers on disk.
 */
export class Trust {
  /** For everything that acts upon what it reads: refuses with `unavailable` while etcd is not believed. */
  readonly store: Store;
  /** For finding out: works also while etcd is not believed. */
  readonly probe: Store;
  readonly #listeners = new Set<() => void>();
  #highest: Revision = 0;
  #problem: string | undefined;
  #question: string | undefined;
  /** Answers to questions that were asked before a new beginning count for nothing. */
  #beginnings = 0;

  constructor(store: Store) {
    this.store = new ObservedStore(store, this, true);
    this.probe = new ObservedStore(store, this, false);
  }

  /** The newest revision that is known to have existed. */
  get highest(): Revision {
    return this.#highest;
  }

  /** Why etcd is not believed, for people; `undefined` while it is. */
  get problem(): string | undefined {
    return this.#problem ?? this.#question;
  }

  /** The reason of `distrust` alone: what somebody found, as opposed to what nobody has asked yet. */
  get finding(): string | undefined {
    return this.#problem;
  }

  /** How often it was decided to believe again; what was read before the last time may be of another history. */
  get beginnings(): number {
    return this.#beginnings;
  }

  /** Takes note of a revision that existed. */
  know(revision: Revision): void {
    this.#highest = Math.max(this.#highest, revision);
  }

  /** Begins a question. @returns what to call with the revision of the answer. */
  ask(): (revision: Revision) => void {
    const known = this.#highest;
    const beginning = this.#beginnings;
    return (revision) => {
      if (beginning !== this.#beginnings) return;
      if (revision < known) {
        this.distrust(
          `etcd is at revision ${revision}, but was at ${known} before: it was wiped or restored`,
        );
      }
      this.know(revision);
    };
  }

  /** Believes nothing yet, until `confirm`, `believe` or `distrust`. */
  question(why: string): void {
    this.#change(() => {
      this.#question = why;
    });
  }

  /** The question is answered: nothing speaks against etcd. */
  confirm(): void {
    this.#change(() => {
      this.#question = undefined;
    });
  }

  /** Stops believing. The first reason stays. */
  distrust(problem: string): void {
    this.#change(() => {
      this.#problem ??= problem;
      this.#question = undefined;
    });
  }

  /** Believes again, and counts from this revision on. */
  believe(revision: Revision): void {
    this.#highest = revision;
    this.#beginnings += 1;
    this.#change(() => {
      this.#problem = undefined;
      this.#question = undefined;
    });
  }

  /** Calls `listener` when belief is lost or regained. @returns the unsubscription. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Waits until etcd is believed, or until aborted. */
  untilBelieved(signal: AbortSignal): Promise<void> {
    return this.#until(() => this.problem === undefined, signal);
  }

  /** Waits until etcd is not believed any more, or until aborted. */
  untilDistrusted(signal: AbortSignal): Promise<void> {
    return this.#until(() => this.problem !== undefined, signal);
  }

  /** @throws {FleetError} `unavailable` while etcd is not believed; {RegistryDistrustError} once something was found. */
  throwIfDistrusted(): void {
    if (this.#question !== undefined && this.#problem === undefined) {
      throw new FleetError("unavailable", `the registry is not believed yet: ${this.#question}`);
    }
    if (this.#problem !== undefined) throw new RegistryDistrustError(this.#problem);
  }

  #until(isSo: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise<void>((resolve) => {
      const look = (): void => {
        if (!signal.aborted && !isSo()) return;
        unsubscribe();
        signal.removeEventListener("abort", look);
        resolve();
      };
      const unsubscribe = this.subscribe(look);
      signal.addEventListener("abort", look, { once: true });
      look();
    });
  }

  #change(change: () => void): void {
    const before = this.problem;
    change();
    if (before !== this.problem) for (const listener of [...this.#listeners]) listener();
  }
}

class ObservedStore implements Store {
  readonly #inner: Store;
  readonly #trust: Trust;
  readonly #isStrict: boolean;

  constructor(inner: Store, trust: Trust, isStrict: boolean) {
    this.#inner = inner;
    this.#trust = trust;
    this.#isStrict = isStrict;
  }

  range(request: RangeRequest, signal: AbortSignal): Promise<RangeResult> {
    return this.#observe(() => this.#inner.range(request, signal));
  }

  transact(transaction: Transaction, signal: AbortSignal): Promise<TransactionResult> {
    return this.#observe(() => this.#inner.transact(transaction, signal));
  }

  async watch(
    range: KeyRange,
    fromRevision: Revision,
    signal: AbortSignal,
    onBatch: (batch: WatchBatch) => void,
  ): Promise<void> {
    await this.#inner.watch(range, fromRevision, signal, (batch) => {
      this.#trust.know(batch.revision);
      onBatch(batch);
    });
  }

  grantLease(ttlSeconds: number, signal: AbortSignal): Promise<LeaseId> {
    return this.#inner.grantLease(ttlSeconds, signal);
  }

  keepAliveOnce(leaseId: LeaseId, signal: AbortSignal): Promise<number> {
    return this.#inner.keepAliveOnce(leaseId, signal);
  }

  revokeLease(leaseId: LeaseId, signal: AbortSignal): Promise<void> {
    return this.#inner.revokeLease(leaseId, signal);
  }

  leaseTimeToLive(leaseId: LeaseId, signal: AbortSignal): Promise<LeaseStatus | undefined> {
    return this.#inner.leaseTimeToLive(leaseId, signal);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #observe<T extends { readonly revision: Revision }>(call: () => Promise<T>): Promise<T> {
    if (this.#isStrict) this.#trust.throwIfDistrusted();
    const answered = this.#trust.ask();
    const answer = await call();
    answered(answer.revision);
    // Whatever was read or done, it was in a history that is not the one the caller decided by.
    if (this.#isStrict) this.#trust.throwIfDistrusted();
    return answer;
  }
}
