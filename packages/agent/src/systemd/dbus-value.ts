import { FleetError } from "@fleet/core";

/** Reads a string out of a message; D-Bus messages are typed, so anything else is a broken peer. */
export function asString(value: unknown): string {
  if (typeof value === "string") return value;
  throw surprise("a string", value);
}

/** Reads a boolean. */
export function asBoolean(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw surprise("a boolean", value);
}

/** Reads a number of up to 32 bits. */
export function asNumber(value: unknown): number {
  if (typeof value === "number") return value;
  throw surprise("a number", value);
}

/** Reads an array or a struct. */
export function asArray(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw surprise("an array", value);
}

/** Reads a dictionary with string keys; its values are still wrapped as variants. */
export function asDictionary(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw surprise("a dictionary", value);
}

/** Takes the value out of a variant. */
export function unwrap(value: unknown): unknown {
  if (typeof value === "object" && value !== null && "signature" in value && "value" in value) {
    return value.value;
  }
  throw surprise("a variant", value);
}

/** Reads an array of bytes as lower-case hexadecimal digits. */
export function asHex(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  // An empty array of bytes arrives as an empty text.
  if (value === "" || (Array.isArray(value) && value.length === 0)) return "";
  throw surprise("bytes", value);
}

function surprise(expected: string, value: unknown): FleetError {
  return new FleetError("internal", `unexpected D-Bus value: ${expected} was expected, not ${typeof value}`);
}
