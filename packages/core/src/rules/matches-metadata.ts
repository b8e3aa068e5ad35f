import type { Metadata } from "../machine/metadata.js";

/**
 * Says whether a machine has what a unit demands: for every key, one of the values. Exact and case-sensitive.
 * No demand is met by every machine.
 */
export function matchesMetadata(required: ReadonlyMap<string, readonly string[]>, actual: Metadata): boolean {
  for (const [key, values] of required) {
    const value = Object.hasOwn(actual, key) ? actual[key] : undefined;
    if (value === undefined || !values.includes(value)) return false;
  }
  return true;
}
