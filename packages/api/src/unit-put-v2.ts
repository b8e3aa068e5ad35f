import {
  FleetError,
  type MachineId,
  parseMachineId,
  type UnitContent,
  type UnitName,
  type UnitRecord,
  unitContentFromText,
  validateUnit,
} from "@fleet/core";
import type { UnitChange } from "@fleet/core/ports";
import { HttpError } from "./answer.js";
import { refuseActiveTemplate } from "./unit-decision.js";
import { unitDoesNotExist } from "./unit-does-not-exist.js";
import { decodeDesiredState } from "./unit-put-v1.js";

/** What a v2 PUT says, its fields checked one by one. */
export interface PutV2 {
  readonly text: string | undefined;
  readonly desiredState: ReturnType<typeof decodeDesiredState>;
  readonly replace: boolean;
  readonly restart: boolean;
  readonly machine: MachineId | undefined;
}

/** Reads the fields of a v2 PUT. @throws {HttpError} 400 for unknown fields and wrong kinds. */
export function readPut(put: Readonly<Record<string, unknown>>): PutV2 {
  const { text, desiredState = "", replace = false, restart = false, machineID, ...others } = put;
  const [stranger] = Object.keys(others);
  if (stranger !== undefined) {
    throw new HttpError(400, `unable to decode body: unknown field ${JSON.stringify(stranger)}`, {
      hint: "the fields are text, desiredState, replace, restart and machineID",
    });
  }
  if (text !== undefined && typeof text !== "string") throw wrongField("text", "a string");
  if (typeof desiredState !== "string") throw wrongField("desiredState", "a string");
  if (typeof replace !== "boolean") throw wrongField("replace", "true or false");
  if (typeof restart !== "boolean") throw wrongField("restart", "true or false");
  const state = decodeDesiredState(desiredState);
  if (machineID === undefined) return { text, desiredState: state, replace, restart, machine: undefined };
  if (typeof machineID !== "string") throw wrongField("machineID", "a string");
  if (text !== undefined || replace || state === "inactive") {
    throw new HttpError(400, "machineID goes with desiredState loaded or launched, and with restart", {
      hint: "text and inactive are for the unit as a whole",
    });
  }
  return { text, desiredState: state, replace, restart, machine: parseMachineId(machineID) };
}

/**
 * Says what a v2 PUT makes of a unit, given its present record.
 * @param read - Reads a text; for many units of one text it need not do so again and again.
 * @throws {FleetError} `invalid-argument` at once for a text that is no unit.
 */
export function changeOf(
  name: UnitName,
  put: PutV2,
  read: (text: string) => UnitContent = unitContentFromText,
): (current: UnitRecord | undefined) => UnitChange {
  const content = put.text === undefined ? undefined : read(put.text);
  if (content !== undefined) validateUnit(name, content.options);
  return (current) => decide(name, put, content, current);
}

function decide(
  name: UnitName,
  put: PutV2,
  content: UnitContent | undefined,
  current: UnitRecord | undefined,
): UnitChange {
  if (current === undefined && content === undefined) throw unitDoesNotExist();
  if (current === undefined && content?.options.length === 0) {
    throw new FleetError("invalid-argument", "the unit file is empty", {
      hint: "a unit needs at least one option in a section",
    });
  }
  if (current !== undefined && content !== undefined && content.hash !== current.hash && !put.replace) {
    throw new FleetError("conflict", `unit ${name} exists and says something else`, {
      hint: "replace it, or destroy it first",
    });
  }
  if (put.machine !== undefined) return decideInstance(name, put.machine, put, current);
  const desiredState = put.desiredState ?? current?.desiredState ?? "inactive";
  refuseActiveTemplate(name, desiredState);
  const restart = put.restart && current?.desiredState === "launched" && desiredState === "launched";
  // A text that only differs in comments takes the other's place on request. The same text goes along, too, so that one
  // that was lost from the registry is there again.
  const isSameText = content?.contentId === current?.contentId;
  const taken = content !== undefined && (current === undefined || put.replace || isSameText);
  return {
    ...(taken ? { content } : {}),
    ...(put.desiredState === undefined ? { keepsInstances: true } : {}),
    desiredState,
    ...(restart ? { restart } : {}),
  };
}

function decideInstance(
  name: UnitName,
  machine: MachineId,
  { desiredState = "launched", restart }: PutV2,
  current: UnitRecord | undefined,
): UnitChange {
  if (current?.desiredState === "launched") return { desiredState, machine, restart };
  throw new FleetError("conflict", `unit ${name} is wanted ${current?.desiredState} on all of its machines`, {
    hint: "start it as a whole first",
  });
}

function wrongField(name: string, expected: string): HttpError {
  return new HttpError(400, `unable to decode body: ${name} must be ${expected}`);
}
