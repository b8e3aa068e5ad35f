import type { FleetError, Revision } from "@fleet/core";
import type { Clock } from "@fleet/core/ports";
import { Bell } from "../async/bell.js";
import type {
  KeyRange,
  LeaseId,
  LeaseStatus,
  RangeRequest,
  RangeResult,
  Transaction,
  TransactionResult,
  WatchBatch,
} from "../store.js";
import { type LeaseSnapshot, Leases } from "./leases.js";
import { MemoryConnection, type MemoryConnectionOptions } from "./memory-connection.js";
import { Mvcc, type MvccSnapshot } from "./mvcc.js";

/** A copy of everything, as `etcdctl snapshot save` makes one. */
export interface MemorySnapshot {
  readonly mvcc: MvccSnapshot;
  readonly leases: LeaseSnapshot;
}

/** One watch delivers at most this many revisions at once, as etcd does. */
const batchRevisionsMax = 1_000;

/**
 * etcd in this process: the twin that unit tests, the simulation and the development mode run on. It keeps everything
 * in memory and loses it with the process. Leases end by the clock it is given. It does not model members of a
 * cluster: it is one etcd that answers or does not.
 */
export class MemoryEtcd {
  readonly #clock: Clock;
  readonly #mvcc = new Mvcc();
  readonly #leases = new Leases();
  readonly #connections = new Set<MemoryConnection>();
  /** Rings when there are new events. */
  readonly changed = new Bell();
  readonly #ended = new AbortController();
  /** When the next lease is looked at; `undefined` while nobody waits. */
  #awaitedExpiryMs: number | undefined;
  #isHalted = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The newest revision. */
  get revision(): Revision {
    return this.#mvcc.revision;
  }

  /** A client of its own, with faults of its own. */
  connect(options: MemoryConnectionOptions = {}): MemoryConnection {
    const connection = new MemoryConnection(this, this.#clock, options, () => {
      this.#connections.delete(connection);
    });
    this.#connections.add(connection);
    return connection;
  }

  /** Forgets the history before a revision. */
  compact(revision: Revision): void {
    this.#mvcc.compact(revision);
    this.changed.ring();
  }

  /** Loses everything, as an etcd does whose data directory was removed; all connections break. */
  wipe(): void {
    this.#replace({ mvcc: new Mvcc().snapshot(), leases: new Map() });
  }

  /** Copies everything. */
  snapshot(): MemorySnapshot {
    return { mvcc: this.#mvcc.snapshot(), leases: this.#leases.snapshot() };
  }

  /** Goes back to a copy; all connections break. */
  restore(snapshot: MemorySnapshot): void {
    this.#replace(snapshot);
  }

  /** Lets no lease end until `renewLeases`: members that do not lead end none. */
  haltLeases(): void {
    this.#isHalted = true;
  }

  /** Begins all leases anew, as a member does that becomes the leader. */
  renewLeases(): void {
    this.#isHalted = false;
    this.#leases.renewAll(this.#clock.boottime());
    this.#awaitedExpiryMs = undefined;
    this.#awaitExpiry();
  }

  /** Ends all connections and lets no lease end any more. */
  async close(): Promise<void> {
    this.#ended.abort();
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  /** Serves a connection. */
  range(request: RangeRequest): RangeResult {
    this.#expire();
    return this.#mvcc.range(request);
  }

  /** Serves a connection. @throws {FleetError} as etcd would refuse. */
  transact(transaction: Transaction): TransactionResult {
    this.#expire();
    const before = this.#mvcc.revision;
    const result = this.#mvcc.transact(transaction, (leaseId) => this.#leases.has(leaseId));
    this.#announce(before);
    return result;
  }

  /** Serves a connection. */
  grantLease(ttlSeconds: number): LeaseId {
    const leaseId = this.#leases.grant(ttlSeconds, this.#clock.boottime());
    this.#awaitExpiry();
    return leaseId;
  }

  /** Serves a connection. */
  keepAlive(leaseId: LeaseId): number {
    this.#expire();
    return this.#leases.renew(leaseId, this.#clock.boottime());
  }

  /** Serves a connection. */
  revokeLease(leaseId: LeaseId): void {
    const before = this.#mvcc.revision;
    this.#mvcc.deleteKeys(this.#leases.remove(leaseId));
    this.#announce(before);
  }

  /** Serves a connection. */
  leaseStatus(leaseId: LeaseId): LeaseStatus | undefined {
    this.#expire();
    return this.#leases.status(leaseId, this.#clock.boottime());
  }

  /** What a watch has to deliver next. @throws {FleetError} `compacted`. */
  batchSince(range: KeyRange, from: Revision): WatchBatch | FleetError | undefined {
    if (from < this.#mvcc.compactRevision) return this.#mvcc.compactedError(from);
    const found = this.#mvcc.eventsSince(range, from).slice(0, batchRevisionsMax);
    const last = found.at(-1);
    if (last === undefined) return undefined;
    return { events: found.flatMap(({ events }) => events), revision: last.revision };
  }

  #replace(snapshot: MemorySnapshot): void {
    this.#mvcc.restore(snapshot.mvcc);
    this.#leases.restore(snapshot.leases, this.#clock.boottime());
    for (const connection of this.#connections) connection.breakLine();
    this.#awaitExpiry();
  }

  #announce(before: Revision): void {
    if (this.#mvcc.revision === before) return;
    const all: KeyRange = { prefix: "" };
    for (const { events } of this.#mvcc.eventsSince(all, before + 1)) this.#leases.attach(events);
    this.changed.ring();
  }

  #expire(): void {
    if (this.#isHalted) return;
    // The awaited moment is never later than the first lease's end, so most calls need not look at all leases.
    if (this.#awaitedExpiryMs === undefined || this.#clock.boottime() < this.#awaitedExpiryMs) return;
    for (const leaseId of this.#leases.expired(this.#clock.boottime())) this.revokeLease(leaseId);
  }

  /** Makes sure that somebody wakes when the next lease ends, so that watchers hear of it without being asked. */
  #awaitExpiry(): void {
    const next = this.#leases.nextExpiryMs;
    if (next === undefined || this.#isHalted || this.#ended.signal.aborted) return;
    if (this.#awaitedExpiryMs !== undefined && this.#awaitedExpiryMs <= next) return;
    this.#awaitedExpiryMs = next;
    const wait = Math.max(next - this.#clock.boottime(), 0);
    this.#clock.sleep(wait, this.#ended.signal).then(
      () => {
        if (this.#awaitedExpiryMs !== next) return;
        this.#expire();
        this.#awaitedExpiryMs = undefined;
        this.#awaitExpiry();
      },
      () => undefined,
    );
  }
}

/** A client of a new etcd in memory, for who needs only one. */
export function createMemoryStore(clock: Clock): MemoryConnection {
  return new MemoryEtcd(clock).connect();
}
