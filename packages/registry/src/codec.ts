import {
  type ClusterIdentity,
  contentId,
  type DestroyedMark,
  type Drift,
  desiredStates,
  FleetError,
  type Generation,
  type LeaderRecord,
  type MachineDuplicate,
  type MachineId,
  type MachinePolicy,
  type Presence,
  type PresenceContent,
  parseMachineId,
  type Seat,
  type SeatContent,
  type Term,
  type UnitInstance,
  type UnitName,
  type UnitRecord,
  type UnitState,
  type UnitStateContent,
  type Versioned,
} from "@fleet/core";
import { Fields } from "./fields.js";
import type { StoredValue } from "./store.js";

// What stands under each key, as JSON. Decoding is strict, so that a record is either right or reported; fields that
// are not known are left alone, so that a newer fleetd may add some. Each decoder throws `FleetError` `internal`.

const contentIdForm = /^[0-9a-f]{64}$/;
const hashForm = /^[0-9a-f]{40}$/;
const contentIdOrNone = /^([0-9a-f]{64})?$/;
const hashOrNone = /^([0-9a-f]{40})?$/;

/** The layout of keys and values that this fleetd reads and writes. */
export const schemaVersion = 1;

/** The cluster as it is stored: with the epochs that an operator declared to be continued by the present one. */
export interface StoredCluster extends ClusterIdentity {
  readonly supersedes: readonly string[];
}

/** A unit record as it is stored: with a random name of its newest write, by which the writer knows it again. */
export interface StoredUnit extends UnitRecord {
  readonly write: string;
}

/** What a frozen machine says beside its presence, so that an operator can accept exactly this freeze. */
export interface Freeze {
  readonly nonce: string;
  /** The epoch that the machine remembers, if any. */
  readonly remembers?: string;
}

/** A presence as it is stored. */
export interface StoredPresence extends Presence {
  readonly freeze?: Freeze;
}

/** A policy as it is stored: with the freeze that it lifts, if any. */
export interface StoredPolicy extends MachinePolicy {
  readonly accept?: string;
}

/** The leader as it is stored: with its term, so that the next one can be counted on. */
export interface StoredLeader extends LeaderRecord {
  readonly term: number;
  /** How often it has voided those of its writes that had got no answer; absent: never. */
  readonly voided?: number;
}

const versions = ({ createRevision, modRevision }: StoredValue): Versioned => ({
  createRevision,
  modRevision,
});

/** Writes `cluster`. */
export function encodeCluster(cluster: StoredCluster): string {
  const { uuid, epoch, supersedes } = cluster;
  return JSON.stringify({ uuid, epoch, schema: cluster.schemaVersion, supersedes });
}

/** Reads `cluster`. */
export function decodeCluster(item: StoredValue): StoredCluster {
  const fields = Fields.parse(item.value);
  return {
    uuid: fields.string("uuid"),
    epoch: fields.string("epoch"),
    schemaVersion: fields.count("schema"),
    supersedes: fields.strings("supersedes"),
  };
}

/** Writes `units/<name>`. */
export function encodeUnit(unit: Omit<StoredUnit, "name" | keyof Versioned>): string {
  const { contentId, hash, desiredState, startCount, changedAtMs, write } = unit;
  const instances = [...(unit.instances ?? [])].map(([machine, { isStopped, starts }]) => {
    return { machine, stopped: isStopped, starts };
  });
  const differing = instances.length === 0 ? {} : { instances };
  return JSON.stringify({ contentId, hash, desiredState, startCount, ...differing, changedAtMs, write });
}

/** Reads `units/<name>`. */
export function decodeUnit(item: StoredValue, name: UnitName): StoredUnit {
  const fields = Fields.parse(item.value);
  return {
    name,
    contentId: fields.matching("contentId", contentIdForm, "a content id"),
    hash: fields.matching("hash", hashForm, "a hash"),
    desiredState: fields.word("desiredState", desiredStates),
    startCount: fields.count("startCount"),
    ...fields.optional("instances", (field) => new Map(fields.list(field).map(decodeInstance))),
    changedAtMs: fields.count("changedAtMs"),
    write: fields.string("write"),
    ...versions(item),
  };
}

function decodeInstance(fields: Fields): readonly [MachineId, UnitInstance] {
  const machine = fields.parsed("machine", parseMachineId);
  return [machine, { isStopped: fields.boolean("stopped"), starts: fields.count("starts") }];
}

/** Writes `destroyed/<name>`. */
export function encodeMark(recordRevision: number): string {
  return JSON.stringify({ recordRevision });
}

/** Reads `destroyed/<name>`. */
export function decodeMark(item: StoredValue, name: UnitName): DestroyedMark {
  return { name, recordRevision: Fields.parse(item.value).count("recordRevision"), ...versions(item) };
}

/** Reads `unit-files/<content id>`: the text, which must be the one that its key names. */
export function decodeUnitFile(item: StoredValue, id: string): string {
  if (contentId(item.value) !== id) throw new FleetError("internal", "the text is not the one its key names");
  return item.value;
}

/** Writes `machines/<id>`. */
export function encodePresence(presence: PresenceContent & { readonly freeze?: Freeze }): string {
  const { id: _, ...stored } = presence;
  return JSON.stringify(stored);
}

/** Reads `machines/<id>`. */
export function decodePresence(item: StoredValue, id: MachineId): StoredPresence {
  const fields = Fields.parse(item.value);
  if (item.leaseId === undefined) throw new FleetError("internal", "a presence without a lease");
  return {
    id,
    primaryIp: fields.string("primaryIp"),
    apiAddresses: fields.strings("apiAddresses"),
    metadata: fields.texts("metadata"),
    ...fields.optional("capacity", (name) => fields.counts(name)),
    version: fields.string("version"),
    bootId: fields.string("bootId"),
    instance: fields.string("instance"),
    state: fields.word("state", ["up", "leaving", "frozen"]),
    ...fields.optional("reason", (name) => fields.string(name)),
    ...fields.optional("freeze", (name) => decodeFreeze(fields.fields(name))),
    leaseId: item.leaseId,
    ...versions(item),
  };
}

function decodeFreeze(fields: Fields): Freeze {
  return { nonce: fields.string("nonce"), ...fields.optional("remembers", (name) => fields.string(name)) };
}

/** Writes `machine-policy/<id>`. */
export function encodePolicy(policy: StoredPolicy): string {
  const { cordoned, drained, handOversMax, note, released, accept } = policy;
  return JSON.stringify({ cordoned, drained, handOversMax, note, released, accept });
}

/** Reads `machine-policy/<id>`. */
export function decodePolicy(item: StoredValue): StoredPolicy {
  const fields = Fields.parse(item.value);
  return {
    cordoned: fields.boolean("cordoned"),
    drained: fields.boolean("drained"),
    ...fields.optional("handOversMax", (name) => fields.count(name)),
    ...fields.optional("note", (name) => fields.string(name)),
    ...fields.optional("released", (name) => fields.count(name)),
    ...fields.optional("accept", (name) => fields.string(name)),
  };
}

/** Writes `machine-duplicates/<id>`. */
export function encodeDuplicate({ primaryIp, apiAddresses, refusedAtMs }: MachineDuplicate): string {
  return JSON.stringify({ primaryIp, apiAddresses, refusedAtMs });
}

/** Reads `machine-duplicates/<id>`. */
export function decodeDuplicate(item: StoredValue): MachineDuplicate {
  const fields = Fields.parse(item.value);
  return {
    primaryIp: fields.string("primaryIp"),
    apiAddresses: fields.strings("apiAddresses"),
    refusedAtMs: fields.count("refusedAtMs"),
  };
}

/** Writes `schedule/<machine>/<unit>`. */
export function encodeSeat(seat: SeatContent): string {
  const { contentId, hash, target, startCount, term, reason, replaces, unconfirmed } = seat;
  return JSON.stringify({ contentId, hash, target, startCount, term, reason, replaces, unconfirmed });
}

/** Reads `schedule/<machine>/<unit>`. */
export function decodeSeat(item: StoredValue, machine: MachineId, unit: UnitName): Seat {
  const fields = Fields.parse(item.value);
  return {
    machine,
    unit,
    contentId: fields.matching("contentId", contentIdOrNone, "a content id"),
    hash: fields.matching("hash", hashOrNone, "a hash"),
    target: fields.word("target", ["launched", "loaded", "absent"]),
    startCount: fields.count("startCount"),
    term: decodeTerm(fields.fields("term")),
    reason: fields.string("reason"),
    ...fields.optional("replaces", (name) => fields.parsed(name, parseMachineId)),
    ...(fields.optional("unconfirmed", (name) => fields.boolean(name)).unconfirmed === true
      ? { unconfirmed: true }
      : {}),
    ...versions(item),
  };
}

function decodeTerm(fields: Fields): Term {
  return { n: fields.count("n"), uuid: fields.string("uuid") };
}

/** Writes `states/<machine>/<unit>`. */
export function encodeState(state: UnitStateContent): string {
  const { machine: _, unit: __, ...stored } = state;
  return JSON.stringify(stored);
}

/** Reads `states/<machine>/<unit>`. */
export function decodeState(item: StoredValue, machine: MachineId, unit: UnitName): UnitState {
  const fields = Fields.parse(item.value);
  return {
    machine,
    unit,
    condition: fields.word("condition", ["loaded", "unloaded", "refused"]),
    loadState: fields.string("loadState"),
    activeState: fields.string("activeState"),
    subState: fields.string("subState"),
    contentId: fields.matching("contentId", contentIdOrNone, "a content id"),
    hash: fields.matching("hash", hashOrNone, "a hash"),
    ...fields.optional("started", (name) => decodeGeneration(fields.fields(name))),
    ...fields.optional("jobResult", (name) => fields.string(name)),
    ...fields.optional("reason", (name) => fields.string(name)),
    ...fields.optional("drift", (name) => fields.word<Drift>(name, ["stopped", "started", "masked"])),
    sinceMs: fields.count("sinceMs"),
    ...fields.optional("acked", (name) => fields.count(name)),
    ...versions(item),
  };
}

function decodeGeneration(fields: Fields): Generation {
  return {
    bootId: fields.string("bootId"),
    seatRevision: fields.count("seatRevision"),
    contentId: fields.matching("contentId", contentIdOrNone, "a content id"),
    startCount: fields.count("startCount"),
  };
}

/** Writes `engine/leader` and `engine/candidates/<slot>`. */
export function encodeOffice(office: {
  machine: MachineId;
  instance: string;
  /** The term's number; for the leader only. */
  term?: number;
  /** How often late writes were voided; for the leader only, and absent for never. */
  voided?: number;
}): string {
  const { machine, instance, term, voided } = office;
  return JSON.stringify({ machine, instance, term, voided });
}

/** Reads `engine/leader`. */
export function decodeLeader(item: StoredValue): StoredLeader {
  const fields = Fields.parse(item.value);
  return {
    ...decodeCandidate(item),
    term: fields.count("term"),
    ...fields.optional("voided", (name) => fields.count(name)),
  };
}

/** Reads `engine/candidates/<slot>`. */
export function decodeCandidate(item: StoredValue): LeaderRecord {
  const fields = Fields.parse(item.value);
  return {
    machine: fields.parsed("machine", parseMachineId),
    instance: fields.string("instance"),
    ...versions(item),
  };
}
