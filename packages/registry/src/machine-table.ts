import {
  effectiveMetadata,
  type Machine,
  type MachineDuplicate,
  type MachineId,
  type MachinePolicy,
  noPolicy,
  type Presence,
  type Revision,
} from "@fleet/core";
import { decodeDuplicate, decodePolicy, decodePresence } from "./codec.js";
import type { ParsedKey } from "./keys.js";
import type { StoredValue } from "./store.js";

/** The keys that a machine is made of. */
export type MachineKey = Extract<
  ParsedKey,
  { kind: "presence" | "machine-record" | "policy" | "duplicate" | "metadata" }
>;

interface Parts {
  presence: Presence | undefined;
  /** The mod revision of a presence that cannot be read; 0 if it can, or there is none. */
  unreadable: Revision;
  /** The mod revision of the record; 0 if there is none. */
  recordRevision: Revision;
  policy: MachinePolicy | undefined;
  duplicate: MachineDuplicate | undefined;
  readonly dynamic: Map<string, string>;
}

/** Of a policy that cannot be read it is not known what it forbids: nothing new goes there, and nothing is taken away. */
const unreadablePolicy: MachinePolicy = { cordoned: true, drained: false };

/** Puts machines together from the keys that each speak of one side of them. */
export class MachineTable {
  readonly #parts = new Map<MachineId, Parts>();
  readonly #machines = new Map<MachineId, Machine>();

  /** All machines of which anything is stored. */
  get all(): ReadonlyMap<MachineId, Machine> {
    return this.#machines;
  }

  /**
   * Takes a key's new value in, or its deletion. Of what cannot be read, the last that could be stays; a machine whose
   * presence cannot be read is not away.
   * @throws {FleetError} if it is unreadable.
   */
  take(key: MachineKey, item: StoredValue | undefined): void {
    const parts = this.#parts.get(key.machine) ?? {
      presence: undefined,
      unreadable: 0,
      recordRevision: 0,
      policy: undefined,
      duplicate: undefined,
      dynamic: new Map(),
    };
    try {
      takePart(parts, key, item);
    } finally {
      this.#rebuild(key.machine, parts);
    }
  }

  #rebuild(id: MachineId, parts: Parts): void {
    const { presence, unreadable, recordRevision, policy, duplicate, dynamic } = parts;
    const isEmpty = presence === undefined && policy === undefined && dynamic.size === 0;
    if (isEmpty && unreadable === 0 && recordRevision === 0) {
      // That somebody was refused makes no machine.
      if (duplicate === undefined) this.#parts.delete(id);
      else this.#parts.set(id, parts);
      this.#machines.delete(id);
      return;
    }
    this.#parts.set(id, parts);
    this.#machines.set(id, {
      id,
      presence,
      ...(unreadable === 0 ? {} : { unreadable }),
      known: recordRevision > 0,
      recordRevision,
      metadata: effectiveMetadata(presence?.metadata ?? {}, Object.fromEntries(dynamic)),
      policy: policy ?? noPolicy,
      ...(duplicate === undefined ? {} : { duplicate }),
    });
  }
}

function takePart(parts: Parts, key: MachineKey, item: StoredValue | undefined): void {
  switch (key.kind) {
    case "presence":
      parts.unreadable = item?.modRevision ?? 0;
      parts.presence = item === undefined ? undefined : decodePresence(item, key.machine);
      parts.unreadable = 0;
      break;
    case "machine-record":
      parts.recordRevision = item?.modRevision ?? 0;
      break;
    case "policy":
      if (item !== undefined) parts.policy ??= unreadablePolicy;
      parts.policy = item === undefined ? undefined : decodePolicy(item);
      break;
    case "duplicate":
      parts.duplicate = item === undefined ? undefined : decodeDuplicate(item);
      break;
    case "metadata":
      if (item === undefined) parts.dynamic.delete(key.name);
      else parts.dynamic.set(key.name, item.value);
      break;
  }
}
