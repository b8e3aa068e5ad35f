import { splitQuotedList } from "./quoted-list.js";
import {
  conflictsKeys,
  machineIdKeys,
  machineMetadataKeys,
  machineOfKeys,
  requirementKeys,
  requirementSection,
} from "./requirement-keys.js";
import { expandSpecifiers } from "./specifiers.js";
import type { UnitOption } from "./unit-file.js";
import type { UnitName } from "./unit-name.js";
import { splitFields } from "./white-space.js";

/** What a unit demands of the place it runs at: the meaning of its `[X-Fleet]` section. */
export interface Requirements {
  /** The machine it is pinned to. Empty is a demand that no machine meets; `undefined` is no demand. */
  readonly machineId: string | undefined;
  /** Units that must be scheduled on the same machine: exact names, in order. An empty name is never met. */
  readonly machineOf: readonly string[];
  /** For each key, the values one of which the machine must have. In order of first appearance. */
  readonly machineMetadata: ReadonlyMap<string, readonly string[]>;
  /** Patterns of units it never shares a machine with. */
  readonly conflicts: readonly string[];
  /** Patterns of units that have to leave the machine it comes to. */
  readonly replaces: readonly string[];
  /** Whether it runs on every eligible machine. */
  readonly global: boolean;
}

/** What counts as true, without regard to case. */
export const truths: readonly string[] = ["true", "yes", "1", "on", "t"];

/**
 * Reads the `[X-Fleet]` section as the original does: what is malformed or unknown is passed over in silence, because
 * stored units contain such things. `strictProblem` refuses and `unitWarnings` mentions them before they get in.
 * @param unitName - Specifiers are expanded from it. Without it they stay as they are.
 */
export function parseRequirements(
  options: readonly UnitOption[],
  unitName?: UnitName | string,
): Requirements {
  const own = options.filter((option) => option.section === requirementSection);
  const valuesOf = (keys: readonly string[]): readonly string[] =>
    keys
      .flatMap((key) => own.filter((option) => option.name === key))
      .flatMap((option) => splitQuotedList(option.value))
      .map((value) => (unitName === undefined ? value : expandSpecifiers(value, unitName)));
  return {
    machineId: valuesOf(machineIdKeys)[0],
    machineOf: valuesOf(machineOfKeys),
    machineMetadata: groupMetadata(valuesOf(machineMetadataKeys)),
    conflicts: valuesOf(conflictsKeys).flatMap(splitFields),
    replaces: valuesOf([requirementKeys.replaces]),
    global: isTruth(valuesOf([requirementKeys.global]).at(-1)),
  };
}

/**
 * Takes a `key=value` demand apart.
 * @returns `undefined` unless there is exactly one `=` with something on both sides. Blanks count.
 */
export function parseMetadataPair(text: string): readonly [key: string, value: string] | undefined {
  const [key, value, ...rest] = text.split("=");
  return key && value && rest.length === 0 ? [key, value] : undefined;
}

function groupMetadata(values: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, Set<string>>();
  for (const text of values) {
    const pair = parseMetadataPair(text);
    if (pair === undefined) continue;
    const [key, value] = pair;
    groups.set(key, (groups.get(key) ?? new Set()).add(value));
  }
  return new Map([...groups].map(([key, group]) => [key, [...group]]));
}

function isTruth(value: string | undefined): boolean {
  return value !== undefined && truths.includes(value.toLowerCase());
}
