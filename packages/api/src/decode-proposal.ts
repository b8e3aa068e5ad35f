import {
  type Amounts,
  type ClusterView,
  type DesiredState,
  FleetError,
  type MachineId,
  type Metadata,
  type Proposal,
  parseAmounts,
  parseMachineId,
  parseUnitName,
  type UnitContent,
  type UnitName,
  unitContentFromText,
  validateUnit,
} from "@fleet/core";
import { HttpError } from "./answer.js";
import { decodeJson, isJsonObject } from "./json.js";
import { refuseActiveTemplate } from "./unit-decision.js";

/** How many units, or machines, a proposal may be about. */
const proposedMax = 1_000;

/**
 * Reads what somebody thinks of doing.
 * @throws {HttpError} 400 for what is malformed, and for units and machines that do not exist.
 */
export function decodeProposal(body: string, view: ClusterView): Proposal {
  const proposal = new ProposalReader(decodeObject(body), view).read();
  const units = proposal.put.length + proposal.want.length;
  const added = proposal.add.reduce((sum, { count }) => sum + count, 0);
  if (units > proposedMax) throw new HttpError(400, `a proposal is about ${proposedMax} units at most`);
  if (added > proposedMax) throw new HttpError(400, `a proposal adds ${proposedMax} machines at most`);
  return proposal;
}

/** Reads a body that has to be an object. */
export function decodeObject(body: string): Readonly<Record<string, unknown>> {
  const decoded = decodeJson(body);
  if ("problem" in decoded) throw new HttpError(400, `unable to decode body: ${decoded.problem}`);
  if (!isJsonObject(decoded.value)) throw new HttpError(400, "unable to decode body: expected an object");
  return decoded.value;
}

/** Refuses fields that nobody reads. */
export function refuseStrangers(object: object, known: readonly string[]): void {
  const stranger = Object.keys(object).find((key) => !known.includes(key));
  if (stranger === undefined) return;
  throw new HttpError(400, `unable to decode body: unknown field ${JSON.stringify(stranger)}`, {
    hint: `the fields are ${known.join(", ")}`,
  });
}

const fields = [
  "add",
  "cordon",
  "drain",
  "load",
  "lose",
  "loseMetadata",
  "start",
  "stop",
  "uncordon",
  "unload",
] as const;

interface ProposedUnit {
  readonly unit: UnitName;
  /** Absent for a unit of the cluster as it is. */
  readonly content: UnitContent | undefined;
  readonly desiredState: DesiredState;
}

class ProposalReader {
  readonly #body: Readonly<Record<string, unknown>>;
  readonly #view: ClusterView;

  constructor(body: Readonly<Record<string, unknown>>, view: ClusterView) {
    refuseStrangers(body, fields);
    this.#body = body;
    this.#view = view;
  }

  read(): Proposal {
    const load = this.#units("load", "loaded");
    const start = this.#units("start", "launched");
    const stop = this.#names("stop", "loaded");
    const unload = this.#names("unload", "inactive");
    refuseContradictions({ load, start, stop, unload });
    const units = [...load, ...start];
    return {
      put: units.flatMap(({ content, ...unit }) => (content === undefined ? [] : { ...unit, content })),
      want: [
        ...units.flatMap(({ content, ...unit }) => (content === undefined ? unit : [])),
        ...stop,
        ...unload,
      ],
      cordon: this.#machines("cordon"),
      uncordon: this.#machines("uncordon"),
      drain: this.#machines("drain"),
      lose: [...new Set([...this.#machines("lose"), ...this.#machinesWith("loseMetadata")])],
      add: this.#list("add").map((entry) => this.#addition(entry)),
    };
  }

  #list(field: (typeof fields)[number]): readonly unknown[] {
    const value = this.#body[field] ?? [];
    if (!Array.isArray(value)) throw wrong(field, "a list");
    return value;
  }

  #texts(field: (typeof fields)[number]): readonly string[] {
    return this.#list(field).map((entry) => {
      if (typeof entry !== "string") throw wrong(field, "a list of texts");
      return entry;
    });
  }

  #units(field: "load" | "start", desiredState: DesiredState): readonly ProposedUnit[] {
    return this.#list(field).map((entry) => {
      if (!isJsonObject(entry) || typeof entry.name !== "string") throw wrong(field, "a list of units");
      refuseStrangers(entry, ["name", "text"]);
      const unit = parseUnitName(entry.name);
      refuseActiveTemplate(unit, desiredState);
      if (entry.text === undefined) return { unit: this.#existing(unit), content: undefined, desiredState };
      if (typeof entry.text !== "string") throw wrong(`${field}.text`, "a text");
      const content = unitContentFromText(entry.text);
      validateUnit(unit, content.options);
      return { unit, content, desiredState };
    });
  }

  #names(field: "stop" | "unload", desiredState: DesiredState): Proposal["want"] {
    return this.#texts(field).map((name) => ({ unit: this.#existing(parseUnitName(name)), desiredState }));
  }

  #existing(unit: UnitName): UnitName {
    if (this.#view.units.has(unit)) return unit;
    throw new HttpError(400, `unit ${unit} does not exist`);
  }

  #machines(field: "cordon" | "uncordon" | "drain" | "lose"): readonly MachineId[] {
    return this.#texts(field).map((text) => {
      const id = parseMachineId(text);
      if (this.#view.machines.has(id)) return id;
      throw new HttpError(400, `machine ${id} does not exist`);
    });
  }

  #machinesWith(field: "loseMetadata"): readonly MachineId[] {
    const wanted = Object.entries(readMap(field, this.#body[field] ?? {}));
    if (wanted.length === 0) return [];
    const found = [...this.#view.machines.values()].filter(
      ({ metadata, presence }) =>
        presence !== undefined &&
        wanted.every(([key, value]) => Object.hasOwn(metadata, key) && metadata[key] === value),
    );
    if (found.length > 0) return found.map(({ id }) => id).sort();
    const text = wanted.map(([key, value]) => `${key}=${value}`).join(",");
    throw new HttpError(400, `no machine that is present has ${text}`);
  }

  #addition(entry: unknown): Proposal["add"][number] {
    if (!isJsonObject(entry)) throw wrong("add", "a list of objects");
    refuseStrangers(entry, ["count", "metadata", "capacity"]);
    const { capacity = {}, count, metadata = {} } = entry;
    const isCount = typeof count === "number" && Number.isInteger(count) && count >= 1;
    if (!isCount || count > proposedMax) throw wrong("add.count", `a number from 1 to ${proposedMax}`);
    return {
      count,
      metadata: readMap("add.metadata", metadata),
      capacity: readAmounts(readMap("add.capacity", capacity)),
    };
  }
}

/** Refuses to guess which of two things a unit is to be. */
function refuseContradictions(lists: Readonly<Record<string, readonly { readonly unit: UnitName }[]>>): void {
  const fieldOf = new Map<UnitName, string>();
  for (const [field, units] of Object.entries(lists)) {
    for (const { unit } of units) {
      const other = fieldOf.get(unit);
      // What is unloaded is stopped before.
      const isSame = other === undefined || other === field || (other === "stop" && field === "unload");
      if (!isSame) {
        throw new HttpError(400, `unit ${unit} cannot be both in ${other} and in ${field}`);
      }
      fieldOf.set(unit, field);
    }
  }
}

function readMap(field: string, value: unknown): Metadata {
  if (!isJsonObject(value)) throw wrong(field, "an object");
  for (const entry of Object.values(value)) {
    if (typeof entry !== "string") throw wrong(field, "an object of texts");
  }
  return value as Metadata;
}

function readAmounts(texts: Metadata): Amounts {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => {
      const read = parseAmounts(`${name}=${text}`);
      const amount = "problem" in read || read.amounts.size > 1 ? undefined : read.amounts.get(name);
      if (amount === undefined) {
        const problem = "problem" in read ? read.problem : `"${text}" is no amount of ${name}`;
        throw new FleetError("invalid-argument", problem, { hint: "cpu=4, memory=8G, gpu=2" });
      }
      return [name, amount];
    }),
  );
}

function wrong(field: string, expected: string): HttpError {
  return new HttpError(400, `unable to decode body: ${field} must be ${expected}`);
}
