import { parseAmounts } from "../machine/resources.js";
import {
  type MetadataExpression,
  parseMetadataExpression,
  parseMetadataPair,
} from "./metadata-expression.js";
import { groupMetadata, type MetadataRule } from "./metadata-rule.js";
import { splitQuotedList } from "./quoted-list.js";
import {
  conflictsKeys,
  machineIdKeys,
  machineOfKeys,
  requirementKeys,
  requirementSection,
} from "./requirement-keys.js";
import { expandSpecifiers } from "./specifiers.js";
import type { UnitOption } from "./unit-file.js";
import type { UnitName } from "./unit-name.js";
import { splitFields } from "./white-space.js";
import { parseWish, type Wish } from "./wish.js";

/** What a unit demands of the place it runs at: the meaning of its `[X-Fleet]` section. */
export interface Requirements {
  /** The machine it is pinned to. Empty is a demand that no machine meets; `undefined` is no demand. */
  readonly machineId: string | undefined;
  /** Units that must be scheduled on the same machine: exact names, in order. An empty name is never met. */
  readonly machineOf: readonly string[];
  /** For each key, the values one of which the machine must have. In order of first appearance. */
  readonly machineMetadata: ReadonlyMap<string, readonly string[]>;
  /** What else the machine's metadata must meet: all of it. */
  readonly metadataRules: readonly MetadataRule[];
  /** Patterns of units it never shares a machine with. */
  readonly conflicts: readonly string[];
  /** Patterns of units that have to leave the machine it comes to. */
  readonly replaces: readonly string[];
  /** Whether it runs on every eligible machine. */
  readonly global: boolean;
  /** What it takes of its machine's resources, by name, each above 0: cpu in thousandths of a core, memory in bytes. */
  readonly reserve: ReadonlyMap<string, number>;
  /** What makes a machine better or worse for it: what it prefers, then what it avoids. */
  readonly wishes: readonly Wish[];
  /** The metadata key over whose values the instances of its template are to be spread. */
  readonly spread: string | undefined;
  /** Whether it must never run twice, whatever becomes of the machine it runs on. */
  readonly exclusive: boolean;
  /** Whether a machine that boots while it cannot reach the registry may start it by what it last knew. */
  readonly offlineStart: boolean;
}

/** What counts as true, without regard to case. */
export const truths: readonly string[] = ["true", "yes", "1", "on", "t"];

/** What people write for false. Everything that is not true counts as false, so that nobody else cares. */
export const falsehoods: readonly string[] = ["false", "no", "0", "off", "f", "n", ""];

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
    ...groupMetadata([
      ...valuesOf([requirementKeys.machineMetadata]).flatMap(known(parseMetadataExpression)),
      // The legacy spelling stands in old files only and means what it meant there.
      ...valuesOf([requirementKeys.legacyMachineMetadata]).flatMap(known(parseOldDemand)),
    ]),
    conflicts: valuesOf(conflictsKeys).flatMap(splitFields),
    replaces: valuesOf([requirementKeys.replaces]),
    global: isTruth(valuesOf([requirementKeys.global]).at(-1)),
    reserve: parseReserve(valuesOf([requirementKeys.reserve])),
    wishes: [
      ...valuesOf([requirementKeys.prefer]).flatMap((text) => parseKnownWish(text, 1)),
      ...valuesOf([requirementKeys.avoid]).flatMap((text) => parseKnownWish(text, -1)),
    ],
    spread: valuesOf([requirementKeys.spread])[0] || undefined,
    exclusive: isTruth(valuesOf([requirementKeys.exclusive]).at(-1)),
    offlineStart: isTruth(valuesOf([requirementKeys.offlineStart]).at(-1)),
  };
}

/** Of a value that is not understood nothing counts; of a resource that is given twice the first amount does. */
function parseReserve(values: readonly string[]): ReadonlyMap<string, number> {
  if (values.length === 0) return nothingReserved;
  const reserve = new Map<string, number>();
  for (const text of values) {
    const parsed = parseAmounts(text);
    if ("problem" in parsed) continue;
    for (const [name, amount] of parsed.amounts)
      if (amount > 0 && !reserve.has(name)) reserve.set(name, amount);
  }
  return reserve;
}

function parseKnownWish(text: string, sign: 1 | -1): readonly Wish[] {
  const parsed = parseWish(text, sign);
  return "wish" in parsed ? [parsed.wish] : [];
}

const nothingReserved: ReadonlyMap<string, number> = new Map();

function parseOldDemand(text: string): MetadataExpression | undefined {
  const pair = parseMetadataPair(text);
  return pair === undefined ? undefined : { key: pair[0], operator: "=", value: pair[1] };
}

function known<T>(parse: (text: string) => T | undefined): (text: string) => readonly T[] {
  return (text) => {
    const parsed = parse(text);
    return parsed === undefined ? [] : [parsed];
  };
}

function isTruth(value: string | undefined): boolean {
  return value !== undefined && truths.includes(value.toLowerCase());
}
