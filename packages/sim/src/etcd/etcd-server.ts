import type { Revision } from "@fleet/core";
import type { Clock } from "@fleet/core/ports";
import { MemoryEtcd, type MemorySnapshot, type StoreEvent, type WatchBatch } from "@fleet/registry";
import type { Scheduler } from "../time/scheduler.js";

/** Who changed etcd: a process, an operator with etcdctl, or time. */
export interface Origin {
  readonly kind: "process" | "operator" | "lease";
  /** The process's name. */
  readonly who: string;
  /** The token of a process of fleetd. */
  readonly instance: string;
}

/** A revision of etcd's history as it came about. */
export interface EtcdChange {
  readonly revision: Revision;
  readonly events: readonly StoreEvent[];
  readonly origin: Origin;
}

/** Someone who hears of every change the moment it happens, without any network between. */
export interface EtcdWitness {
  onChange(change: EtcdChange): void;
  /** Everything is as it was then; empty after a wipe. */
  onRestore(restored: RestorePoint | undefined): void;
}

/** A backup. */
export interface RestorePoint {
  readonly snapshot: MemorySnapshot;
  readonly takenAtMs: number;
  readonly revision: Revision;
}

/** A client's watch, which is told that there may be something for it. */
export interface Watcher {
  concerns(key: string): boolean;
  wake(): void;
  break(): void;
}

/** Nobody: a lease ended by itself. */
export const byLease: Origin = { kind: "lease", who: "etcd", instance: "" };

/** An operator with etcdctl. */
export const byOperator: Origin = { kind: "operator", who: "operator", instance: "" };

/** The etcd of a simulated world: the twin, and who is connected to it. */
export class EtcdServer {
  readonly #scheduler: Scheduler;
  readonly #etcd: MemoryEtcd;
  readonly #watchers = new Set<Watcher>();
  #seen: Revision;
  #isUp = true;
  witness: EtcdWitness = { onChange: () => {}, onRestore: () => {} };
  /** Called when every connection breaks. */
  onBreak: () => void = () => {};

  constructor(scheduler: Scheduler, clock: Clock) {
    this.#scheduler = scheduler;
    this.#etcd = new MemoryEtcd(clock);
    this.#seen = this.#etcd.revision;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get revision(): Revision {
    return this.#etcd.revision;
  }

  /** Serves a request. */
  serve<T>(origin: Origin, perform: (etcd: MemoryEtcd) => T): T {
    this.#settleLeases();
    try {
      return perform(this.#etcd);
    } finally {
      this.#publish(origin);
    }
  }

  /** Tells of what leases have done; to be called whenever time has passed. */
  look(): void {
    if (this.#etcd.revision !== this.#seen) this.#publish(byLease);
  }

  /** What a watch is to be told next. */
  batchSince(range: Parameters<MemoryEtcd["batchSince"]>[0], from: Revision, revisionsMax: number) {
    const batch = this.#etcd.batchSince(range, from);
    return batch === undefined || batch instanceof Error ? batch : firstRevisions(batch, revisionsMax);
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** All members go down; no lease ends meanwhile. */
  goDown(): void {
    this.#isUp = false;
    this.#etcd.haltLeases();
    this.breakAll();
  }

  /** Members are back, and one is elected: all leases begin anew. */
  comeUp(): void {
    this.#isUp = true;
    this.#etcd.renewLeases();
  }

  /** Another member leads: all leases begin anew. */
  changeLeader(): void {
    if (this.#isUp) this.#etcd.renewLeases();
  }

  compact(): void {
    const { revision } = this.#etcd;
    try {
      this.#etcd.compact(revision);
    } catch {
      // It has been compacted up to there already.
    }
  }

  save(): RestorePoint {
    const { revision } = this.#etcd;
    return { snapshot: this.#etcd.snapshot(), takenAtMs: this.#scheduler.nowMs, revision };
  }

  /** Goes back to a backup, or to nothing. */
  restore(point: RestorePoint | undefined): void {
    if (point === undefined) this.#etcd.wipe();
    else this.#etcd.restore(point.snapshot);
    this.#seen = this.#etcd.revision;
    this.witness.onRestore(point);
    this.breakAll();
  }

  /** Breaks every connection. */
  breakAll(): void {
    for (const watcher of [...this.#watchers]) watcher.break();
    this.onBreak();
  }

  /** The lease of a key, if it has one. */
  leaseOf(key: string): string | undefined {
    return this.#etcd.range({ key }).items[0]?.leaseId;
  }

  /** Whether a lease lives; no lease at all does. */
  hasLease(leaseId: string | undefined): boolean {
    return leaseId !== undefined && this.#etcd.leaseStatus(leaseId) !== undefined;
  }

  /** Reads everything, for the witness. */
  readAll() {
    return this.#etcd.range({ prefix: "" }).items;
  }

  /** Ends leases that are due, so that what they change is not taken for the change of a request. */
  #settleLeases(): void {
    this.#etcd.leaseStatus("none");
    this.look();
  }

  #publish(origin: Origin): void {
    while (this.#seen < this.#etcd.revision) {
      const batch = this.#etcd.batchSince({ prefix: "" }, this.#seen + 1);
      if (batch === undefined || batch instanceof Error) return;
      this.#seen = batch.revision;
      for (const change of splitRevisions(batch)) this.#tell({ ...change, origin });
    }
  }

  #tell(change: EtcdChange): void {
    this.witness.onChange(change);
    for (const watcher of this.#watchers) {
      if (change.events.some((event) => watcher.concerns(keyOf(event)))) watcher.wake();
    }
  }
}

/** The key that an event is about. */
export function keyOf(event: StoreEvent): string {
  return event.kind === "put" ? event.item.key : event.key;
}

function revisionOf(event: StoreEvent): Revision {
  return event.kind === "put" ? event.item.modRevision : event.modRevision;
}

function* splitRevisions({ events }: WatchBatch): Iterable<Omit<EtcdChange, "origin">> {
  let part: StoreEvent[] = [];
  for (const event of events) {
    if (part[0] !== undefined && revisionOf(part[0]) !== revisionOf(event)) {
      yield { revision: revisionOf(part[0]), events: part };
      part = [];
    }
    part.push(event);
  }
  if (part[0] !== undefined) yield { revision: revisionOf(part[0]), events: part };
}

function firstRevisions(batch: WatchBatch, revisionsMax: number): WatchBatch {
  let count = 0;
  let last = 0;
  for (const [index, event] of batch.events.entries()) {
    if (revisionOf(event) === last) continue;
    count += 1;
    if (count > revisionsMax) return { events: batch.events.slice(0, index), revision: last };
    last = revisionOf(event);
  }
  return batch;
}
