import {
  type DrainProgress,
  type EngineStatus,
  type FencingMachine,
  parseMachineId,
  parseUnitName,
  type Quarantine,
  type RefusedUnit,
  type RollOut,
} from "@fleet/core";
import { Fields } from "./fields.js";
import type { StoredValue } from "./store.js";

/** Writes `engine/status`. */
export function encodeStatus(status: EngineStatus): string {
  return JSON.stringify(status);
}

/** Reads `engine/status`. @throws {FleetError} `internal` if it is none. */
export function decodeStatus(item: StoredValue): EngineStatus {
  const fields = Fields.parse(item.value);
  return {
    machines: fields.list("machines").map((machine) => ({
      machine: machine.parsed("machine", parseMachineId),
      held: machine.string("held"),
      ...machine.optional("untilMs", (name) => machine.count(name)),
    })),
    refusals: fields.list("refusals").map(decodeRefusal),
    ...fields.optional("moreRefusals", (name) => fields.count(name)),
    ...fields.optional("paced", (name) => fields.count(name)),
    ...fields.optional("drains", (name) => fields.list(name).map(decodeDrain)),
    ...fields.optional("rollOuts", (name) => fields.list(name).map(decodeRollOut)),
    ...fields.optional("quarantine", (name) => decodeQuarantine(fields.fields(name))),
    ...fields.optional("fencing", (name) => fields.list(name).map(decodeFencing)),
  };
}

function decodeRefusal(fields: Fields): RefusedUnit {
  return { unit: fields.parsed("unit", parseUnitName), reason: fields.string("reason") };
}

function decodeDrain(fields: Fields): DrainProgress {
  return {
    machine: fields.parsed("machine", parseMachineId),
    leaving: fields.count("leaving"),
    waiting: fields.count("waiting"),
    stuck: fields.count("stuck"),
    staying: fields.count("staying"),
    problems: fields.list("problems").map(decodeRefusal),
  };
}

function decodeRollOut(fields: Fields): RollOut {
  return { unit: fields.parsed("unit", parseUnitName), left: fields.count("left") };
}

function decodeFencing(fields: Fields): FencingMachine {
  return { machine: fields.parsed("machine", parseMachineId), untilMs: fields.count("untilMs") };
}

function decodeQuarantine(fields: Fields): Quarantine {
  return {
    count: fields.count("count"),
    records: fields
      .list("records")
      .map((record) => ({ key: record.string("key"), problem: record.string("problem") })),
  };
}
