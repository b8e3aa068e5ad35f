import {
  effectiveMetadata,
  type Machine,
  type MachineId,
  type MachinePolicy,
  type Presence,
} from "@fleet/core";
import { decodePolicy, decodePresence } from "./codec.js";
import type { ParsedKey } from "./keys.js";
import type { StoredValue } from "./store.js";

/** The keys that a machine is made of. */
export type MachineKey = Extract<ParsedKey, { kind: "presence" | "machine-record" | "policy" | "metadata" }>;

interface Parts {
  presence: Presence | undefined;
  known: boolean;
  policy: MachinePolicy | undefined;
  readonly dynamic: Map<string, string>;
}

const noPolicy: MachinePolicy = { cordoned: false, drained: false };

/** Puts machines together from the keys that each speak of one side of them. */
export class MachineTable {
  readonly #parts = new Map<MachineId, Parts>();
  readonly #machines = new Map<MachineId, Machine>();

  /** All machines of which anything is stored. */
  get all(): ReadonlyMap<MachineId, Machine> {
    return this.#machines;
  }

  /** Takes a key's new value in, or its deletion. @throws {FleetError} if it is unreadable; nothing has then changed. */
  take(key: MachineKey, item: StoredValue | undefined): void {
    const parts = this.#parts.get(key.machine) ?? {
      presence: undefined,
      known: false,
      policy: undefined,
      dynamic: new Map(),
    };
    switch (key.kind) {
      case "presence":
        parts.presence = item === undefined ? undefined : decodePresence(item, key.machine);
        break;
      case "machine-record":
        parts.known = item !== undefined;
        break;
      case "policy":
        parts.policy = item === undefined ? undefined : decodePolicy(item);
        break;
      case "metadata":
        if (item === undefined) parts.dynamic.delete(key.name);
        else parts.dynamic.set(key.name, item.value);
        break;
    }
    this.#rebuild(key.machine, parts);
  }

  #rebuild(id: MachineId, parts: Parts): void {
    const { presence, known, policy, dynamic } = parts;
    if (presence === undefined && policy === undefined && !known && dynamic.size === 0) {
      this.#parts.delete(id);
      this.#machines.delete(id);
      return;
    }
    this.#parts.set(id, parts);
    const metadata = effectiveMetadata(presence?.metadata ?? {}, Object.fromEntries(dynamic));
    this.#machines.set(id, { id, presence, known, metadata, policy: policy ?? noPolicy });
  }
}
