import { isFleetError, metadataKeyProblem, parseMachineId } from "@fleet/core";
import type { MetadataChange } from "@fleet/core/ports";
import { HttpError } from "./answer.js";
import { decodeJson, isJsonObject, jsonField, jsonKind } from "./json.js";

/** More operations than this in one request would not fit into one transaction. */
const operationsMax = 100;

/**
 * Reads the body of `PATCH machines`: a list of operations, all good or none.
 * A value may be `{"value": "x"}`, as the original demanded, or `"x"`, as it documented.
 * @throws {HttpError} 400 with the original's message.
 */
export function decodeMetadataOperations(body: string): readonly MetadataChange[] {
  const decoded = decodeJson(body);
  if ("problem" in decoded) throw new HttpError(400, decoded.problem);
  const operations = decoded.value ?? [];
  if (!Array.isArray(operations)) {
    throw new HttpError(
      400,
      `json: cannot unmarshal ${jsonKind(operations)} into Go value of type []api.machineMetadataOp`,
    );
  }
  if (operations.length > operationsMax) {
    throw new HttpError(400, `too many operations: at most ${operationsMax} in one request`);
  }
  return operations.map(decodeOperation);
}

function decodeOperation(operation: unknown): MetadataChange {
  if (!isJsonObject(operation)) {
    throw new HttpError(
      400,
      `json: cannot unmarshal ${jsonKind(operation)} into Go value of type api.machineMetadataOp`,
    );
  }
  const op = jsonField(operation, "op");
  if (op !== "add" && op !== "replace" && op !== "remove") {
    throw new HttpError(400, "invalid op: expect add, remove, or replace");
  }
  const place = decodePath(jsonField(operation, "path"));
  // An empty value hides what the machine's own configuration says under this key; taking the value away would not.
  if (op === "remove") return { ...place, value: "" };
  return { ...place, value: decodeValue(jsonField(operation, "value")) };
}

function decodePath(path: unknown): Pick<MetadataChange, "machine" | "key"> {
  const invalid = new HttpError(400, "machine metadata path invalid");
  const [, machine, key] = /^\/([^/]+)\/metadata\/([^/]+)$/.exec(typeof path === "string" ? path : "") ?? [];
  if (machine === undefined || key === undefined || metadataKeyProblem(key) !== undefined) throw invalid;
  try {
    return { machine: parseMachineId(machine), key };
  } catch (error) {
    throw isFleetError(error, "invalid-argument") ? invalid : error;
  }
}

function decodeValue(given: unknown): string {
  const value = isJsonObject(given) ? jsonField(given, "value") : given;
  if (typeof value !== "string" || value === "") {
    throw new HttpError(400, "invalid value: add and replace require a value");
  }
  // What is said of a machine is one word in a line of it, in logs and on terminals.
  if (/[\p{Cc}\u2028\u2029]/u.test(value)) {
    throw new HttpError(400, "invalid value: metadata must not contain control characters");
  }
  return value;
}
