import type { LeaseId, LeaseStatus, StoreEvent } from "../store.js";

interface Lease {
  readonly grantedSeconds: number;
  expiresAtMs: number;
  readonly keys: Set<string>;
}

/** Leases as a snapshot has them: time starts anew when they are restored. */
export type LeaseSnapshot = ReadonlyMap<LeaseId, { grantedSeconds: number; keys: readonly string[] }>;

/** etcd raises shorter leases to this with its default election timeout. */
const leaseSecondsMin = 2;

/** The twin's leases: who has which keys, and until when. Knows no timer; it is told what time it is. */
export class Leases {
  readonly #leases = new Map<LeaseId, Lease>();
  readonly #leaseOf = new Map<string, LeaseId>();
  #raftTerm = 1;
  #lastId = 7_587_850_000_000_000_000n;

  /** Makes a lease. */
  grant(ttlSeconds: number, nowMs: number): LeaseId {
    const grantedSeconds = Math.max(ttlSeconds, leaseSecondsMin);
    this.#lastId += 1n;
    const leaseId = this.#lastId.toString();
    this.#leases.set(leaseId, {
      grantedSeconds,
      expiresAtMs: nowMs + grantedSeconds * 1000,
      keys: new Set(),
    });
    return leaseId;
  }

  /** Says whether there is such a lease. */
  has(leaseId: LeaseId): boolean {
    return this.#leases.has(leaseId);
  }

  /** Begins a lease's time anew. @returns the seconds it has; 0 if there is none. */
  renew(leaseId: LeaseId, nowMs: number): number {
    const lease = this.#leases.get(leaseId);
    if (lease === undefined) return 0;
    lease.expiresAtMs = nowMs + lease.grantedSeconds * 1000;
    return lease.grantedSeconds;
  }

  /** Begins the time of all leases anew, as the leader of another term does. */
  renewAll(nowMs: number): void {
    this.#raftTerm += 1;
    for (const lease of this.#leases.values()) lease.expiresAtMs = nowMs + lease.grantedSeconds * 1000;
  }

  /** How a lease stands, or `undefined`. */
  status(leaseId: LeaseId, nowMs: number): LeaseStatus | undefined {
    const lease = this.#leases.get(leaseId);
    if (lease === undefined) return undefined;
    const remainingSeconds = Math.max(Math.floor((lease.expiresAtMs - nowMs) / 1000), 0);
    return { remainingSeconds, grantedSeconds: lease.grantedSeconds, raftTerm: this.#raftTerm };
  }

  /** Removes a lease. @returns its keys, which must now be deleted. */
  remove(leaseId: LeaseId): readonly string[] {
    const keys = [...(this.#leases.get(leaseId)?.keys ?? [])];
    for (const key of keys) this.#leaseOf.delete(key);
    this.#leases.delete(leaseId);
    return keys;
  }

  /** Follows the keys as they are written and deleted. */
  attach(events: readonly StoreEvent[]): void {
    for (const event of events) {
      const key = event.kind === "put" ? event.item.key : event.key;
      const before = this.#leaseOf.get(key);
      if (before !== undefined) this.#leases.get(before)?.keys.delete(key);
      const now = event.kind === "put" ? event.item.leaseId : undefined;
      if (now === undefined) this.#leaseOf.delete(key);
      else this.#own(now, key);
    }
  }

  /** The leases whose time is over. */
  expired(nowMs: number): readonly LeaseId[] {
    return [...this.#leases].flatMap(([leaseId, lease]) => (lease.expiresAtMs <= nowMs ? [leaseId] : []));
  }

  /** When the next lease ends, or `undefined`. */
  get nextExpiryMs(): number | undefined {
    let next: number | undefined;
    for (const { expiresAtMs } of this.#leases.values()) next = Math.min(next ?? expiresAtMs, expiresAtMs);
    return next;
  }

  /** Copies the leases, without their times. */
  snapshot(): LeaseSnapshot {
    return new Map(
      [...this.#leases].map(([id, lease]) => [
        id,
        { grantedSeconds: lease.grantedSeconds, keys: [...lease.keys] },
      ]),
    );
  }

  /** Goes back to a copy; every lease has its whole time again, as after a restart of etcd. */
  restore(snapshot: LeaseSnapshot, nowMs: number): void {
    this.#leases.clear();
    this.#leaseOf.clear();
    this.#raftTerm += 1;
    for (const [id, { grantedSeconds, keys }] of snapshot) {
      this.#leases.set(id, {
        grantedSeconds,
        expiresAtMs: nowMs + grantedSeconds * 1000,
        keys: new Set(),
      });
      for (const key of keys) this.#own(id, key);
    }
  }

  #own(leaseId: LeaseId, key: string): void {
    this.#leases.get(leaseId)?.keys.add(key);
    this.#leaseOf.set(key, leaseId);
  }
}
