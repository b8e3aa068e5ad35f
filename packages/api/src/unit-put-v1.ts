import { type DesiredState, FleetError, isDesiredState, type UnitOption } from "@fleet/core";
import { HttpError } from "./answer.js";
import { decodeJson, isJsonObject, jsonField, jsonKind } from "./json.js";

/** What a `PUT units/<name>` of v1 says. */
export interface UnitPut {
  readonly name: string;
  readonly options: readonly UnitOption[];
  readonly desiredState: DesiredState | undefined;
}

/**
 * Insists on one `Content-Type`, and on JSON.
 * @throws {HttpError} 415 with the original's message.
 */
export function requireJson(contentTypes: readonly string[]): void {
  if (contentTypes.length !== 1) {
    throw new HttpError(415, `expected 1 Content-Type, got ${contentTypes.length}`);
  }
  const [mediaType = ""] = (contentTypes[0] ?? "").split(";");
  if (mediaType.trim().toLowerCase() !== "application/json") {
    throw new HttpError(415, "only acceptable Content-Type is application/json");
  }
}

/**
 * Reads the body of a v1 PUT. Its name may be left out; `currentState` and `machineID` are ignored.
 * @throws {HttpError} 400.
 */
export function decodeUnitPut(body: string): UnitPut {
  const decoded = decodeJson(body);
  if ("problem" in decoded) throw undecodable(decoded.problem);
  const unit = decoded.value ?? {};
  if (!isJsonObject(unit)) throw wrongKind(unit, "value of type schema.Unit");
  const options = jsonField(unit, "options") ?? [];
  if (!Array.isArray(options)) {
    throw wrongKind(options, "struct field Unit.options of type []*schema.UnitOption");
  }
  return {
    name: textField(unit, "name", "Unit.name"),
    options: options.map(decodeOption),
    desiredState: decodeDesiredState(textField(unit, "desiredState", "Unit.desiredState")),
  };
}

/**
 * Reads a desired state; an empty text stands for none.
 * @throws {FleetError} `invalid-argument`, with the words there are.
 */
export function decodeDesiredState(text: string): DesiredState | undefined {
  if (text === "") return undefined;
  if (isDesiredState(text)) return text;
  throw new FleetError(
    "invalid-argument",
    `invalid desiredState ${JSON.stringify(text)}: expected inactive, loaded or launched`,
  );
}

function decodeOption(option: unknown): UnitOption {
  if (!isJsonObject(option)) throw wrongKind(option, "value of type schema.UnitOption");
  return {
    section: textField(option, "section", "UnitOption.options.section"),
    name: textField(option, "name", "UnitOption.options.name"),
    value: textField(option, "value", "UnitOption.options.value"),
  };
}

function textField(object: Readonly<Record<string, unknown>>, key: string, label: string): string {
  const value = jsonField(object, key) ?? "";
  if (typeof value !== "string") throw wrongKind(value, `struct field ${label} of type string`);
  return value;
}

function wrongKind(value: unknown, target: string): HttpError {
  return undecodable(`json: cannot unmarshal ${jsonKind(value)} into Go ${target}`);
}

function undecodable(reason: string): HttpError {
  return new HttpError(400, `unable to decode body: ${reason}`);
}
