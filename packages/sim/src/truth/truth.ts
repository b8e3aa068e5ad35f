import { effectiveMetadata, type Metadata, type Requirements } from "@fleet/core";
import type { EtcdChange, EtcdServer, EtcdWitness, RestorePoint } from "../etcd/etcd-server.js";
import { byOperator, keyOf as keyOfEvent } from "../etcd/etcd-server.js";
import type { Scheduler } from "../time/scheduler.js";
import { KeyHistory, type Version } from "./key-history.js";
import { keyOf, liveSeatOf, partsOf, presenceOf, requirementsOf, unitOf } from "./records.js";

/** One record of etcd that has changed. */
export interface RecordChange {
  readonly before: Version | undefined;
  readonly after: Version;
  /** The parts of its key. */
  readonly parts: readonly string[];
}

/** What really is the case in etcd, and was. */
export class Truth implements EtcdWitness {
  readonly history = new KeyHistory();
  readonly #scheduler: Scheduler;
  readonly #server: EtcdServer;
  readonly #touchedMetadata = new Set<string>();
  /** How often etcd was wiped or restored. */
  branch = 0;
  #revision = 0;
  /** When, to which backup, and whether that had everything. */
  restores: { readonly atMs: number; readonly takenAtMs: number; readonly isLossless: boolean }[] = [];
  /** Told of everything. */
  onRecord: (change: RecordChange) => void = () => {};
  onRevision: (change: EtcdChange) => void = () => {};

  constructor(scheduler: Scheduler, server: EtcdServer) {
    this.#scheduler = scheduler;
    this.#server = server;
    server.witness = this;
  }

  onChange(change: EtcdChange): void {
    this.#revision = change.revision;
    const records: RecordChange[] = [];
    for (const event of change.events) {
      const key = keyOfEvent(event);
      const before = this.history.current(key);
      const after: Version = {
        key,
        value: event.kind === "put" ? event.item.value : undefined,
        createRevision: event.kind === "put" ? event.item.createRevision : (before?.createRevision ?? 0),
        revision: change.revision,
        sinceMs: this.#scheduler.nowMs,
        branch: this.branch,
        origin: change.origin,
        isRestored: false,
      };
      this.history.add(after);
      if (key.includes("/machine-metadata/")) this.#touchedMetadata.add(key);
      records.push({ before, after, parts: partsOf(key) });
    }
    for (const record of records) this.onRecord(record);
    this.onRevision(change);
  }

  onRestore(point: RestorePoint | undefined): void {
    this.branch += 1;
    this.restores.push({
      atMs: this.#scheduler.nowMs,
      takenAtMs: point?.takenAtMs ?? Number.NEGATIVE_INFINITY,
      isLossless: point !== undefined && point.revision >= this.#revision,
    });
    this.#revision = point?.revision ?? 0;
    const gone = new Set(this.history.keys);
    const common = {
      sinceMs: this.#scheduler.nowMs,
      branch: this.branch,
      origin: byOperator,
      isRestored: true,
    };
    for (const { key, value, createRevision, modRevision } of this.#server.readAll()) {
      gone.delete(key);
      this.history.add({ key, value, createRevision, revision: modRevision, ...common });
    }
    for (const key of gone) {
      this.history.add({ key, value: undefined, createRevision: 0, revision: 0, ...common });
    }
  }

  /** The units that have a record, readable or not. */
  units(): readonly string[] {
    return this.#named("units");
  }

  /** The machines that are known. */
  knownMachines(): readonly string[] {
    return this.#named("machine-records");
  }

  /** The machines that are present. */
  presentMachines(): readonly string[] {
    return this.#named("machines");
  }

  /** All seats that stand in etcd, tombstones included: machine and unit. */
  seats(): readonly (readonly [machine: string, unit: string])[] {
    const found: (readonly [string, string])[] = [];
    const prefix = keyOf.area("schedule");
    for (const key of this.history.keys) {
      if (!key.startsWith(prefix)) continue;
      const [, machine, unit] = partsOf(key);
      if (machine !== undefined && unit !== undefined) found.push([machine, unit]);
    }
    return found;
  }

  /** The units that a machine says anything of. */
  unitsSaidOn(machine: string): readonly string[] {
    const prefix = keyOf.state(machine, "");
    return [...this.history.keys].flatMap((key) =>
      key.startsWith(prefix) ? [key.slice(prefix.length)] : [],
    );
  }

  /** The versions of a key that were current at some time within the last so many ms. */
  lately(key: string, ms: number): readonly Version[] {
    return this.history.since(key, this.#scheduler.nowMs - ms);
  }

  /** What a content demands, if its text is or was in etcd. */
  demandsOf(unit: string, contentId: string): Requirements | undefined {
    const text = this.history.all(keyOf.text(contentId)).findLast(({ value }) => value !== undefined)?.value;
    return text === undefined ? undefined : requirementsOf(unit, text);
  }

  /** What a unit demands by its record of now. */
  demandsNow(unit: string): Requirements | undefined {
    const record = unitOf(this.history.current(keyOf.unit(unit)));
    return record === undefined ? undefined : this.demandsOf(unit, record.contentId);
  }

  /**
   * What a unit demands of its neighbours: by its record; or, where that cannot be read or is gone though nobody destroyed the
   * unit, by the newest of its live seats, for it runs on there and occupies its machine.
   */
  demandsHeld(unit: string): Requirements | undefined {
    if (unitOf(this.history.current(keyOf.unit(unit))) !== undefined) return this.demandsNow(unit);
    if (this.history.current(keyOf.mark(unit)) !== undefined) return undefined;
    const seats = this.seats().flatMap(([machine, of]) => {
      const version = this.history.current(keyOf.seat(machine, unit));
      const seat = of === unit ? liveSeatOf(version) : undefined;
      return version === undefined || seat === undefined ? [] : [{ seat, revision: version.revision }];
    });
    const [newest] = seats.sort((a, b) => b.revision - a.revision);
    return newest === undefined ? undefined : this.demandsOf(unit, newest.seat.contentId);
  }

  /** Effective metadata of a machine that is present, by what stands in etcd. */
  metadataOf(machine: string): Metadata {
    const configured = presenceOf(this.history.current(keyOf.presence(machine)))?.metadata ?? {};
    const prefix = keyOf.metadata(machine);
    const dynamic: Record<string, string> = {};
    for (const key of this.history.keys) {
      if (key.startsWith(prefix)) dynamic[key.slice(prefix.length)] = this.history.current(key)?.value ?? "";
    }
    return effectiveMetadata(configured, dynamic);
  }

  /** Whether anything that a machine's metadata consists of has changed within the last so many ms. */
  metadataChangedWithin(machine: string, ms: number): boolean {
    const sinceMs = this.#scheduler.nowMs - ms;
    const prefix = keyOf.metadata(machine);
    for (const key of this.#touchedMetadata) {
      if (key.startsWith(prefix) && (this.history.newest(key)?.sinceMs ?? 0) >= sinceMs) return true;
    }
    return false;
  }

  #named(area: string): readonly string[] {
    const found: string[] = [];
    const prefix = keyOf.area(area);
    for (const key of this.history.keys) {
      if (key.startsWith(prefix) && !key.includes("/", prefix.length)) found.push(key.slice(prefix.length));
    }
    return found;
  }
}
