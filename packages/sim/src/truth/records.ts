import {
  type Amounts,
  type MachineId,
  type Metadata,
  parseRequirements,
  type Requirements,
  type UnitName,
  unitContentFromText,
} from "@fleet/core";
import { defaultKeyPrefix } from "@fleet/registry";
import type { Version } from "./key-history.js";

// The records as the checkers read them: by hand, so that a mistake of the code that is checked is not made twice.

/** Under which key something stands. */
export const keyOf = {
  /** What the keys of an area begin with. */
  area: (area: string): string => `${defaultKeyPrefix}${area}/`,
  unit: (unit: string): string => `${defaultKeyPrefix}units/${unit}`,
  mark: (unit: string): string => `${defaultKeyPrefix}destroyed/${unit}`,
  text: (contentId: string): string => `${defaultKeyPrefix}unit-files/${contentId}`,
  presence: (machine: string): string => `${defaultKeyPrefix}machines/${machine}`,
  record: (machine: string): string => `${defaultKeyPrefix}machine-records/${machine}`,
  policy: (machine: string): string => `${defaultKeyPrefix}machine-policy/${machine}`,
  metadata: (machine: string): string => `${defaultKeyPrefix}machine-metadata/${machine}/`,
  seat: (machine: string, unit: string): string => `${defaultKeyPrefix}schedule/${machine}/${unit}`,
  state: (machine: string, unit: string): string => `${defaultKeyPrefix}states/${machine}/${unit}`,
  leader: `${defaultKeyPrefix}engine/leader`,
  status: `${defaultKeyPrefix}engine/status`,
  cluster: `${defaultKeyPrefix}cluster`,
};

/** The parts of a key after fleet's prefix: `["schedule", machine, unit]`. */
export function partsOf(key: string): readonly string[] {
  return key.startsWith(defaultKeyPrefix) ? key.slice(defaultKeyPrefix.length).split("/") : [];
}

/** A unit's record. */
export interface UnitFact {
  readonly contentId: string;
  readonly desiredState: "inactive" | "loaded" | "launched";
  readonly startCount: number;
}

/** A seat. */
export interface SeatFact {
  readonly contentId: string;
  readonly target: "launched" | "loaded" | "absent";
  readonly startCount: number;
  readonly replaces: string | undefined;
}

/** A presence. */
export interface PresenceFact {
  readonly instance: string;
  readonly state: "up" | "leaving" | "frozen";
  readonly metadata: Metadata;
  readonly capacity: Amounts;
}

/** A state. */
export interface StateFact {
  readonly condition: string;
  readonly activeState: string;
  readonly acked: number | undefined;
  /** Why it is not as its seat wants it. */
  readonly reason: string | undefined;
  /** The create revision of the seat that it was last started for. */
  readonly startedFor: number | undefined;
  readonly contentId: string | undefined;
}

/** Reads a unit's record. @returns `undefined` for what is absent or unreadable. */
export function unitOf(version: Version | undefined): UnitFact | undefined {
  const { contentId, desiredState, startCount, hash } = read(version);
  if (typeof contentId !== "string" || typeof startCount !== "number" || typeof hash !== "string")
    return undefined;
  if (!["inactive", "loaded", "launched"].includes(desiredState as string)) return undefined;
  return { contentId, desiredState: desiredState as UnitFact["desiredState"], startCount };
}

/** Reads a seat. */
export function seatOf(version: Version | undefined): SeatFact | undefined {
  const { contentId, target, startCount, replaces } = read(version);
  if (typeof contentId !== "string" || typeof startCount !== "number") return undefined;
  if (!["launched", "loaded", "absent"].includes(target as string)) return undefined;
  const successor = typeof replaces === "string" ? replaces : undefined;
  return { contentId, target: target as SeatFact["target"], startCount, replaces: successor };
}

/** Reads a seat that holds its place. */
export function liveSeatOf(version: Version | undefined): SeatFact | undefined {
  const seat = seatOf(version);
  return seat?.target === "absent" ? undefined : seat;
}

/** Reads a presence. */
export function presenceOf(version: Version | undefined): PresenceFact | undefined {
  const { instance, state, metadata, capacity = {} } = read(version);
  if (typeof instance !== "string" || typeof metadata !== "object" || metadata === null) return undefined;
  if (!["up", "leaving", "frozen"].includes(state as string)) return undefined;
  return {
    instance,
    state: state as PresenceFact["state"],
    metadata: metadata as Metadata,
    capacity: capacity as Amounts,
  };
}

/** Reads a state. */
export function stateOf(version: Version | undefined): StateFact | undefined {
  const { condition, activeState, contentId, acked, reason, started } = read(version);
  if (typeof condition !== "string" || typeof activeState !== "string") return undefined;
  return {
    condition,
    activeState,
    acked: typeof acked === "number" ? acked : undefined,
    reason: typeof reason === "string" ? reason : undefined,
    startedFor: seatRevisionOf(started),
    contentId: typeof contentId === "string" ? contentId : undefined,
  };
}

function seatRevisionOf(started: unknown): number | undefined {
  if (typeof started !== "object" || started === null || !("seatRevision" in started)) return undefined;
  return typeof started.seatRevision === "number" ? started.seatRevision : undefined;
}

/** Reads what an operator decided about a machine; nothing if that is absent or unreadable. */
export function policyOf(version: Version | undefined): {
  readonly cordoned: boolean;
  readonly drained: boolean;
  /** The revision of the machine's record of which it says: do not wait for it. */
  readonly released: number | undefined;
} {
  const { cordoned, drained, released } = read(version);
  return {
    cordoned: cordoned === true,
    drained: drained === true,
    released: typeof released === "number" ? released : undefined,
  };
}

/** Who leads. */
export function leaderOf(
  version: Version | undefined,
): { readonly machine: MachineId; readonly instance: string } | undefined {
  const { machine, instance } = read(version);
  if (typeof machine !== "string" || typeof instance !== "string") return undefined;
  return { machine: machine as MachineId, instance };
}

/** What the leader says it does not do, and why. */
export function statusOf(version: Version | undefined): {
  readonly held: ReadonlySet<string>;
  readonly refused: ReadonlyMap<string, string>;
} {
  const { machines, refusals } = read(version);
  const held = Array.isArray(machines) ? machines.map(({ machine }) => String(machine)) : [];
  const refused = Array.isArray(refusals)
    ? refusals.map(({ unit, reason }) => [String(unit), String(reason)] as const)
    : [];
  return { held: new Set(held), refused: new Map(refused) };
}

const demands = new Map<string, Requirements>();

/** What a text demands of the unit's place. Simulations use few texts, so they are read once. */
export function requirementsOf(unit: string, text: string): Requirements {
  const key = `${unit}\n${text}`;
  let found = demands.get(key);
  if (found === undefined) {
    found = parseRequirements(unitContentFromText(text).options, unit as UnitName);
    demands.set(key, found);
  }
  return found;
}

const nothing: Record<string, unknown> = {};
const parsed = new WeakMap<Version, Record<string, unknown>>();

function read(version: Version | undefined): Record<string, unknown> {
  if (version?.value === undefined) return nothing;
  let fields = parsed.get(version);
  if (fields === undefined) {
    fields = parse(version.value);
    parsed.set(version, fields);
  }
  return fields;
}

function parse(value: string): Record<string, unknown> {
  try {
    const fields: unknown = JSON.parse(value);
    return typeof fields === "object" && fields !== null ? (fields as Record<string, unknown>) : nothing;
  } catch {
    return nothing;
  }
}
