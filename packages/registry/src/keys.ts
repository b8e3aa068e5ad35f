import {
  type ContentId,
  type MachineId,
  machineIdProblem,
  type UnitName,
  unitNameProblem,
} from "@fleet/core";

/** Where the original fleet kept its keys, in etcd's older keyspace; ours are in the v3 one and cannot meet them. */
export const defaultKeyPrefix = "/_coreos.com/fleet/";

/** How many daemons may be candidates at a time. */
export const candidateSlots = 5;

/** What a key is about, read from its name. */
export type ParsedKey =
  | { readonly kind: "cluster" | "leader" | "status" }
  | { readonly kind: "unit" | "mark"; readonly unit: UnitName }
  | { readonly kind: "unit-file"; readonly contentId: ContentId }
  | { readonly kind: "presence" | "machine-record" | "policy" | "duplicate"; readonly machine: MachineId }
  | { readonly kind: "metadata"; readonly machine: MachineId; readonly name: string }
  | { readonly kind: "seat" | "state"; readonly machine: MachineId; readonly unit: UnitName }
  | { readonly kind: "candidate"; readonly slot: number }
  | { readonly kind: "term"; readonly n: number };

/** The names of all keys under one prefix; docs/keys.md describes each. Nothing else spells a key. */
export class Keys {
  /** Ends in a slash. */
  readonly prefix: string;

  /** @param prefix - Where this cluster's keys are. Clusters with different prefixes can share an etcd. */
  constructor(prefix: string = defaultKeyPrefix) {
    this.prefix = prefix.endsWith("/") ? prefix : `${prefix}/`;
  }

  /** Which cluster this is. */
  get cluster(): string {
    return `${this.prefix}cluster`;
  }

  /** All unit records. */
  get units(): string {
    return `${this.prefix}units/`;
  }

  /** A unit as the users want it. */
  unit(name: UnitName): string {
    return this.units + name;
  }

  /** The mark of a destroyed unit. */
  mark(name: UnitName): string {
    return `${this.prefix}destroyed/${name}`;
  }

  /** All texts. */
  get unitFiles(): string {
    return `${this.prefix}unit-files/`;
  }

  /** An exact text. */
  unitFile(contentId: ContentId): string {
    return this.unitFiles + contentId;
  }

  /** All presences. */
  get presences(): string {
    return `${this.prefix}machines/`;
  }

  /** What a machine says of itself while it is there. */
  presence(machine: MachineId): string {
    return this.presences + machine;
  }

  /** The fact that a machine is known. */
  machineRecord(machine: MachineId): string {
    return `${this.prefix}machine-records/${machine}`;
  }

  /** All dynamic metadata of a machine. */
  machineMetadata(machine: MachineId): string {
    return `${this.prefix}machine-metadata/${machine}/`;
  }

  /** One value of a machine's dynamic metadata. */
  metadataValue(machine: MachineId, name: string): string {
    return this.machineMetadata(machine) + name;
  }

  /** What operators decided about machines. */
  get policies(): string {
    return `${this.prefix}machine-policy/`;
  }

  /** What an operator decided about a machine. */
  policy(machine: MachineId): string {
    return this.policies + machine;
  }

  /** Another machine that was refused because it has this one's id. */
  duplicate(machine: MachineId): string {
    return `${this.prefix}machine-duplicates/${machine}`;
  }

  /** All seats. */
  get schedule(): string {
    return `${this.prefix}schedule/`;
  }

  /** All seats of a machine. */
  seats(machine: MachineId): string {
    return `${this.schedule}${machine}/`;
  }

  /** A placement. */
  seat(machine: MachineId, unit: UnitName): string {
    return this.seats(machine) + unit;
  }

  /** All states that a machine reports. */
  states(machine: MachineId): string {
    return `${this.prefix}states/${machine}/`;
  }

  /** What a machine says of a unit. */
  state(machine: MachineId, unit: UnitName): string {
    return this.states(machine) + unit;
  }

  /** All candidates. */
  get candidates(): string {
    return `${this.prefix}engine/candidates/`;
  }

  /** A place among the candidates. */
  candidate(slot: number): string {
    return `${this.candidates}${slot}`;
  }

  /** Who leads. */
  get leader(): string {
    return `${this.prefix}engine/leader`;
  }

  /** All terms. */
  get terms(): string {
    return `${this.prefix}engine/terms/`;
  }

  /** A term's random name. */
  term(n: number): string {
    return `${this.terms}${n}`;
  }

  /** What the leader holds back. */
  get status(): string {
    return `${this.prefix}engine/status`;
  }

  /** Reads what a key is about. @returns `undefined` for a key that no fleet writes. */
  parse(key: string): ParsedKey | undefined {
    if (!key.startsWith(this.prefix)) return undefined;
    const [area = "", first, second, ...rest] = key.slice(this.prefix.length).split("/");
    if (rest.length > 0) return undefined;
    if (area === "engine") return parseEngineKey(first, second);
    if (first === undefined) return area === "cluster" ? { kind: "cluster" } : undefined;
    return second === undefined ? parseSingle(area, first) : parsePair(area, first, second);
  }
}

function parseEngineKey(first: string | undefined, second: string | undefined): ParsedKey | undefined {
  if (second === undefined) return first === "leader" || first === "status" ? { kind: first } : undefined;
  if (!/^\d{1,15}$/.test(second)) return undefined;
  if (first === "candidates") return { kind: "candidate", slot: Number(second) };
  return first === "terms" ? { kind: "term", n: Number(second) } : undefined;
}

const unitAreas = { units: "unit", destroyed: "mark" } as const;
const machineAreas = {
  machines: "presence",
  "machine-records": "machine-record",
  "machine-policy": "policy",
  "machine-duplicates": "duplicate",
} as const;
const pairAreas = { schedule: "seat", states: "state" } as const;

function parseSingle(area: string, name: string): ParsedKey | undefined {
  if (area === "unit-files") {
    return /^[0-9a-f]{64}$/.test(name) ? { kind: "unit-file", contentId: name } : undefined;
  }
  if (isOneOf(area, unitAreas)) {
    return isUnitName(name) ? { kind: unitAreas[area], unit: name } : undefined;
  }
  if (isOneOf(area, machineAreas)) {
    return isMachineId(name) ? { kind: machineAreas[area], machine: name } : undefined;
  }
  return undefined;
}

function parsePair(area: string, machine: string, name: string): ParsedKey | undefined {
  if (!isMachineId(machine) || name === "") return undefined;
  if (area === "machine-metadata") return { kind: "metadata", machine, name };
  if (!isOneOf(area, pairAreas) || !isUnitName(name)) return undefined;
  return { kind: pairAreas[area], machine, unit: name };
}

function isOneOf<T extends object>(text: string, table: T): text is Extract<keyof T, string> {
  return Object.hasOwn(table, text);
}

function isUnitName(text: string): text is UnitName {
  return unitNameProblem(text) === undefined;
}

function isMachineId(text: string): text is MachineId {
  return machineIdProblem(text) === undefined;
}
