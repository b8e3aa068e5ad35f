import { quote } from "../unit/quote.js";
import { compareUnitNames } from "../unit/unit-name.js";
import { trimWhiteSpace } from "../unit/white-space.js";

/**
 * What is said of a machine, by key. Look keys up with `Object.hasOwn`, since a key may be any text. JavaScript keeps
 * keys that look like integers in front; where order matters, use {@link formatMetadata}.
 */
export type Metadata = Readonly<Record<string, string>>;

/**
 * Reads static metadata from the configuration: `region=eu,disk=ssd`.
 * Each part is split at its first `=` and trimmed on both sides; parts without `=` are dropped; of equal keys the last
 * counts; empty keys and values are kept, as the original does.
 */
export function parseMetadata(text: string): Metadata {
  const entries = new Map<string, string>();
  for (const part of text.split(",")) {
    const equals = part.indexOf("=");
    if (equals < 0) continue;
    entries.set(trimWhiteSpace(part.slice(0, equals)), trimWhiteSpace(part.slice(equals + 1)));
  }
  return fromEntries(entries);
}

/**
 * Lays what was set while the machine runs over what its configuration says.
 * An empty dynamic value hides the key altogether; an empty static value is a value.
 */
export function effectiveMetadata(staticMetadata: Metadata, dynamicMetadata: Metadata): Metadata {
  const entries = new Map(Object.entries(staticMetadata));
  for (const [key, value] of Object.entries(dynamicMetadata)) {
    if (value === "") entries.delete(key);
    else entries.set(key, value);
  }
  return fromEntries(entries);
}

/** Prints metadata as listings do: `disk=ssd,region=eu`, by key. Empty if there are none. */
export function formatMetadata(metadata: Metadata): string {
  return sorted(Object.entries(metadata))
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

/**
 * Says why a key cannot be set while the machine runs, or `undefined`. Keys consisting of dots only are refused beyond
 * the original's rule, because they vanish when a client normalises the path they stand in.
 */
export function metadataKeyProblem(key: string): string | undefined {
  if (!/^[A-Za-z0-9_.-]+$/.test(key)) {
    return `invalid metadata key ${quote(key)}: it must consist of A-Z, a-z, 0-9, "_", "." and "-"`;
  }
  return /^\.+$/.test(key)
    ? `invalid metadata key ${quote(key)}: it must not consist of dots only`
    : undefined;
}

/** `Object.fromEntries` defines own properties, so a key such as `__proto__` is a key like any other. */
function fromEntries(entries: ReadonlyMap<string, string>): Metadata {
  return Object.fromEntries(sorted([...entries]));
}

function sorted(entries: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] {
  return entries.toSorted(([a], [b]) => compareUnitNames(a, b));
}
