import { FleetError, isFleetError, type Revision } from "@fleet/core";
import type { Etcd3 } from "etcd3";
import { abortable, Scope } from "../async/scope.js";
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
} from "../store.js";
import { createEtcdClient } from "./etcd-client.js";
import {
  toCompare,
  toFound,
  toRangeRequest,
  toRequestOp,
  toRevision,
  toStoredValue,
} from "./etcd-convert.js";
import { translateEtcdError } from "./etcd-errors.js";
import { LeaseRenewals } from "./etcd-lease.js";
import { type CheckedEtcdOptions, checkEtcdOptions, type EtcdStoreOptions } from "./etcd-options.js";
import { watchEtcd } from "./etcd-watch.js";

interface Endpoint {
  readonly url: string;
  client: Etcd3;
  renewals: LeaseRenewals;
  /** When the client was made, on `boottime`. */
  madeAtMs: number;
}

/**
 * How old a client is before another one takes its place. One that began to connect while its member could not be reached
 * goes on with that attempt, and the kernel knocks ever more rarely: after a minute's cut the next time may be a minute away.
 */
const clientAgeMsMin = 5_000;
/** How long a client that was replaced still serves the calls that it has. */
const farewellMs = 30_000;

/**
 * Opens etcd. Nothing is sent until the first call, so a store opens while etcd is away.
 * @throws {FleetError} `invalid-argument` if the options contradict each other.
 */
export function openEtcdStore(options: EtcdStoreOptions): Store {
  const checked = checkEtcdOptions(options);
  try {
    return new EtcdStore(checked);
  } catch (cause) {
    // The TLS library reads certificates at once, and its words are the best there are.
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FleetError("invalid-argument", `cannot use the certificates for etcd: ${reason}`, { cause });
  }
}

/**
 * etcd v3 through etcd3, used for its transport alone. One endpoint is in use at a time; a call that finds it
 * unavailable makes the next one current. Reads are then tried there, watches end as unavailable, writes are not
 * repeated: they may have happened.
 */
class EtcdStore implements Store {
  readonly #options: CheckedEtcdOptions;
  readonly #endpoints: readonly Endpoint[];
  readonly #closed = new AbortController();
  #replaced: { readonly client: Etcd3; readonly atMs: number }[] = [];
  #current = 0;
  /** How many renewals of a lease are under way. */
  readonly #renewing = new Map<LeaseId, number>();
  /** Aborted when another endpoint becomes current: what still listens at the old one would wait for its end. */
  #abandoned = new AbortController();

  constructor(options: CheckedEtcdOptions) {
    this.#options = options;
    const madeAtMs = options.clock.boottime();
    this.#endpoints = options.endpoints.map((url) => {
      const client = createEtcdClient(url, options);
      return { url, client, renewals: new LeaseRenewals(client), madeAtMs };
    });
  }

  async range(request: RangeRequest, signal: AbortSignal): Promise<RangeResult> {
    const answer = await this.#read("read from etcd", signal, (client) =>
      client.kv.range(toRangeRequest(request)),
    );
    return {
      revision: toRevision(answer.header.revision),
      items: answer.kvs.map(toStoredValue),
      more: answer.more,
      count: Number(answer.count),
    };
  }

  async transact(transaction: Transaction, signal: AbortSignal): Promise<TransactionResult> {
    const { compare = [], success = [], failure = [] } = transaction;
    const request = {
      compare: compare.map(toCompare),
      success: success.map(toRequestOp),
      failure: failure.map(toRequestOp),
    };
    const isRead = [...success, ...failure].every((operation) => operation.kind === "get");
    const call = isRead ? this.#read.bind(this) : this.#once.bind(this);
    const answer = await call("commit to etcd", signal, (client) => client.kv.txn(request));
    return {
      succeeded: answer.succeeded,
      revision: toRevision(answer.header.revision),
      results: answer.responses.map(toFound),
    };
  }

  async watch(
    range: KeyRange,
    fromRevision: Revision,
    signal: AbortSignal,
    onBatch: (batch: WatchBatch) => void,
  ): Promise<void> {
    if (signal.aborted) return;
    const abandoned = this.#abandoned.signal;
    const scope = new Scope(signal, this.#closed.signal, abandoned);
    const created = new Scope(scope.signal);
    // What the caller throws is the caller's, and must not come out translated.
    let thrown: { readonly error: unknown } | undefined;
    const deliver = (batch: WatchBatch): void => {
      try {
        onBatch(batch);
      } catch (error) {
        thrown = { error };
        throw error;
      }
    };
    try {
      await this.#once("watch etcd", scope.signal, async (client) => {
        const request = { range, fromRevision, onBatch: deliver, onCreated: () => created.abort() };
        const watching = watchEtcd(client, request, scope.signal);
        watching.catch(() => undefined);
        await Promise.race([watching, this.#timeLimit(created.signal)]);
        await watching;
      });
    } catch (error) {
      if (thrown !== undefined) throw thrown.error;
      if (!signal.aborted) throw error;
    } finally {
      created.abort();
      scope.abort();
    }
    if (signal.aborted) return;
    this.#throwIfClosed();
    abandoned.throwIfAborted();
  }

  async grantLease(ttlSeconds: number, signal: AbortSignal): Promise<LeaseId> {
    const answer = await this.#once("get a lease from etcd", signal, (client) =>
      client.leaseClient.leaseGrant({ TTL: ttlSeconds }),
    );
    return answer.ID;
  }

  async keepAliveOnce(leaseId: LeaseId, signal: AbortSignal): Promise<number> {
    const { clock, requestTimeoutMs } = this.#options;
    const waiting = this.#renewing.get(leaseId) ?? 0;
    this.#renewing.set(leaseId, waiting + 1);
    const scope = new Scope(signal, this.#closed.signal);
    const timer = new Scope(scope.signal);
    clock.sleep(requestTimeoutMs, timer.signal).then(
      () => scope.abort(new FleetError("unavailable", "etcd did not renew a lease in time")),
      () => undefined,
    );
    const renew = (renewals: LeaseRenewals): Promise<number> =>
      renewals.renew(leaseId, clock.boottime(), scope.signal);
    try {
      if (waiting > 0) return await this.#renewAside(waiting, renew, scope.signal);
      const { renewals } = this.#endpoints[this.#current] as Endpoint;
      return await this.#once("renew a lease in etcd", scope.signal, () => renew(renewals));
    } finally {
      timer.abort();
      scope.release();
      const left = (this.#renewing.get(leaseId) ?? 1) - 1;
      if (left > 0) this.#renewing.set(leaseId, left);
      else this.#renewing.delete(leaseId);
    }
  }

  async revokeLease(leaseId: LeaseId, signal: AbortSignal): Promise<void> {
    try {
      await this.#once("end a lease in etcd", signal, (client) =>
        client.leaseClient.leaseRevoke({ ID: leaseId }),
      );
    } catch (error) {
      if (!isFleetError(error, "not-found")) throw error;
    }
  }

  async leaseTimeToLive(leaseId: LeaseId, signal: AbortSignal): Promise<LeaseStatus | undefined> {
    const answer = await this.#read("read a lease in etcd", signal, (client) =>
      client.leaseClient.leaseTimeToLive({ ID: leaseId }),
    );
    // etcd answers with -1 where there is no such lease.
    if (Number(answer.TTL) < 0) return undefined;
    return {
      remainingSeconds: Number(answer.TTL),
      grantedSeconds: Number(answer.grantedTTL),
      raftTerm: Number(answer.header.raft_term),
    };
  }

  async close(): Promise<void> {
    this.#closed.abort(storeClosed());
    for (const { client } of [...this.#endpoints, ...this.#replaced]) client.close();
  }

  /** A call that changes nothing: tried once at each endpoint. */
  async #read<T>(what: string, signal: AbortSignal, perform: (client: Etcd3) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(what, signal, perform);
      } catch (error) {
        const isOver = signal.aborted || this.#closed.signal.aborted || attempt >= this.#endpoints.length;
        if (isOver || !isFleetError(error, "unavailable")) throw error;
      }
    }
  }

  async #once<T>(what: string, signal: AbortSignal, perform: (client: Etcd3) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    this.#throwIfClosed();
    const scope = new Scope(signal, this.#closed.signal);
    const index = this.#current;
    const endpoint = this.#endpoints[index] as Endpoint;
    const { url, client } = endpoint;
    try {
      return await abortable(perform(client), scope.signal);
    } catch (error) {
      // A caller that gave up because it waited too long has found the endpoint as good as dead, too.
      const failed = signal.aborted ? signal.reason : translateEtcdError(error, `${what} at ${url}`);
      const isDead = isFleetError(failed, "unavailable") || isFleetError(failed, "deadline-exceeded");
      const isCurrent = this.#current === index && endpoint.client === client;
      if (isDead) this.#replace(endpoint, client);
      if (isDead && isCurrent) this.#useNext();
      throw failed;
    } finally {
      scope.release();
    }
  }

  /**
   * A renewal beside others that still wait: over a connection of its own, to the endpoint that comes after theirs. The
   * connection stays if it is the one that works.
   */
  async #renewAside(
    waiting: number,
    renew: (renewals: LeaseRenewals) => Promise<number>,
    signal: AbortSignal,
  ): Promise<number> {
    signal.throwIfAborted();
    this.#throwIfClosed();
    const index = (this.#current + waiting) % this.#endpoints.length;
    const endpoint = this.#endpoints[index] as Endpoint;
    const client = createEtcdClient(endpoint.url, this.#options);
    const renewals = new LeaseRenewals(client);
    try {
      const answer = await renew(renewals);
      this.#adopt(endpoint, client, renewals);
      if (index !== this.#current) this.#use(index);
      return answer;
    } catch (error) {
      client.close();
      throw signal.aborted
        ? signal.reason
        : translateEtcdError(error, `renew a lease in etcd at ${endpoint.url}`);
    }
  }

  /** Gives an endpoint that did not answer in time another connection, which begins to knock anew. */
  #replace(endpoint: Endpoint, client: Etcd3): void {
    const ageMs = this.#options.clock.boottime() - endpoint.madeAtMs;
    if (endpoint.client !== client || ageMs < clientAgeMsMin) return;
    const successor = createEtcdClient(endpoint.url, this.#options);
    this.#adopt(endpoint, successor, new LeaseRenewals(successor));
  }

  /** Puts another client in the place of an endpoint's, which goes on serving the calls that it has for a while. */
  #adopt(endpoint: Endpoint, successor: Etcd3, renewals: LeaseRenewals): void {
    const nowMs = this.#options.clock.boottime();
    const { client } = endpoint;
    const isOver = ({ atMs }: { readonly atMs: number }): boolean => nowMs - atMs >= farewellMs;
    for (const replaced of this.#replaced.filter(isOver)) replaced.client.close();
    this.#replaced = [...this.#replaced.filter((replaced) => !isOver(replaced)), { client, atMs: nowMs }];
    endpoint.client = successor;
    endpoint.renewals = renewals;
    endpoint.madeAtMs = nowMs;
  }

  /**
   * Makes the next endpoint current. A member that has lost its power ends no connection, and a watch has nothing to wait
   * for that would tell it so, until a ping of the transport goes unanswered many seconds later.
   */
  #useNext(): void {
    if (this.#endpoints.length > 1) this.#use((this.#current + 1) % this.#endpoints.length);
  }

  #use(index: number): void {
    this.#current = index;
    const abandoned = this.#abandoned;
    this.#abandoned = new AbortController();
    abandoned.abort(new FleetError("unavailable", "cannot watch etcd: another endpoint is used now"));
  }

  /** Rejects when a watch was not accepted in time; ends quietly when it was. */
  async #timeLimit(signal: AbortSignal): Promise<void> {
    try {
      await this.#options.clock.sleep(this.#options.requestTimeoutMs, signal);
    } catch {
      return;
    }
    throw new Error("etcd did not accept the watch in time");
  }

  #throwIfClosed(): void {
    if (this.#closed.signal.aborted) throw storeClosed();
  }
}

function storeClosed(): FleetError {
  return new FleetError("unavailable", "cannot reach etcd: the store was closed");
}
