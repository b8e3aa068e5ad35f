import type { MachineV1 } from "@fleet/client";
import { closest } from "@fleet/core";
import type { OptionSpec } from "../command.js";
import type { Offer } from "../completion/offer.js";
import { expandBraces, splitOutsideBraces } from "../patterns/expand-braces.js";
import { parseUnitAddress } from "../patterns/unit-address.js";
import { compilePattern, compileUnitPattern, isPattern } from "../patterns/unit-pattern.js";
import { UsageError } from "../usage-error.js";

/** What the rows of a list can be told apart by. */
export interface FilterSpec<Row> {
  /** The name of its unit; absent for lists of something else. */
  readonly unit?: (row: Row) => string;
  /** The machine it is on, as far as it is known. */
  readonly machine: (row: Row) => MachineV1 | undefined;
  /** Its other keys: texts of which one must match. */
  readonly texts: Readonly<Record<string, (row: Row) => readonly string[]>>;
  /** All words that there are for a key, beside the empty one; absent for keys that may be anything. */
  readonly words?: Readonly<Record<string, readonly string[]>>;
  /** What shells may offer for the values of keys, beside machines. */
  readonly offers?: Readonly<Record<string, readonly Offer[]>>;
}

/** A filter, read. */
export interface Filter<Row> {
  matches(row: Row): boolean;
  /** Whether it needs more of machines than their ids. */
  readonly needsMachines: boolean;
}

const metadataPrefix = "metadata.";

type Test<Row> = (row: Row) => boolean;

/** `--filter`, as all lists have it. */
export function filterOption<Row>(spec: FilterSpec<Row>): OptionSpec {
  return {
    name: "filter",
    type: "text",
    fallback: "",
    joinedBy: ",",
    offers: [{ kind: "terms", keys: termOffers(spec) }],
    help: `Print only what KEY=PATTERN or KEY!=PATTERN holds for, all of several separated by commas: ${keysOf(spec).join(", ")}.`,
  };
}

function termOffers<Row>(spec: FilterSpec<Row>): Readonly<Record<string, readonly Offer[]>> {
  const words = Object.entries(spec.words ?? {}).map(([key, all]): readonly [string, readonly Offer[]] => [
    key,
    [{ kind: "words", words: all }],
  ]);
  const offers: Readonly<Record<string, readonly Offer[]>> = {
    machine: [{ kind: "machines" }],
    ...Object.fromEntries(words),
    ...spec.offers,
  };
  return Object.fromEntries(keysOf(spec).map((key) => [beginTerm(key), offers[key] ?? []]));
}

/** The key of a metadata term is still to come. */
function beginTerm(key: string): string {
  return key.startsWith(metadataPrefix) ? metadataPrefix : `${key}=`;
}

/** The keys that a filter can have. */
export function keysOf<Row>(spec: FilterSpec<Row>): readonly string[] {
  const unit = spec.unit === undefined ? [] : ["unit"];
  return [...unit, "machine", ...Object.keys(spec.texts), `${metadataPrefix}KEY`];
}

/**
 * Reads the value of `--filter`: terms with commas between, all of which must hold. The grammar is in docs/output.md.
 * @throws {UsageError} for what is none, and for keys that this list does not have.
 */
export function parseFilter<Row>(text: string, spec: FilterSpec<Row>): Filter<Row> {
  const terms = splitOutsideBraces(text, ",")
    .map((term) => term.trim())
    .filter((term) => term !== "")
    .map((term) => parseTerm(term, spec));
  return {
    matches: (row) => terms.every(({ holds }) => holds(row)),
    needsMachines: terms.some((term) => term.needsMachines),
  };
}

interface Term<Row> {
  readonly holds: Test<Row>;
  readonly needsMachines: boolean;
}

function parseTerm<Row>(term: string, spec: FilterSpec<Row>): Term<Row> {
  const parts = /^([^=!]+)(!?=)(.*)$/.exec(term);
  if (parts === null) {
    throw new UsageError(`Error: malformed filter ${JSON.stringify(term)}`, {
      hint: "A filter is KEY=PATTERN or KEY!=PATTERN, for example --filter 'unit=web@*,machine=113f16a7'",
    });
  }
  const [, key = "", operator, value = ""] = parts;
  const alternatives = expandBraces(value).map((alternative) => readTest(key, alternative, spec));
  const holdsOne: Test<Row> = (row) => alternatives.some((test) => test(row));
  return {
    holds: operator === "=" ? holdsOne : (row) => !holdsOne(row),
    needsMachines: key === "machine" || key.startsWith(metadataPrefix),
  };
}

function readTest<Row>(key: string, value: string, spec: FilterSpec<Row>): Test<Row> {
  const { unit, machine, texts } = spec;
  if (key === "unit" && unit !== undefined) return unitTest(value, unit, machine);
  if (key === "machine") return machineTest(value, machine);
  if (key === metadataPrefix) {
    throw new UsageError(`Error: ${JSON.stringify(`${key}=${value}`)} in --filter names no metadata`, {
      hint: "Write the key behind the dot, for example metadata.region=eu",
    });
  }
  if (key.startsWith(metadataPrefix)) {
    const name = key.slice(metadataPrefix.length);
    const matches = compilePattern(value);
    return (row) => matches(metadataOf(machine(row), name));
  }
  const read = Object.hasOwn(texts, key) ? texts[key] : undefined;
  if (read === undefined) throw unknownKey(key, spec);
  const words = spec.words?.[key];
  if (words !== undefined && value !== "" && !isPattern(value) && !words.includes(value)) {
    throw unknownWord(key, value, words);
  }
  const matches = compilePattern(value);
  return (row) => read(row).some(matches);
}

function unitTest<Row>(
  value: string,
  unit: (row: Row) => string,
  machine: (row: Row) => MachineV1 | undefined,
): Test<Row> {
  const address = parseUnitAddress(value);
  const matches = compileUnitPattern(address.unit);
  const prefix = address.machine ?? "";
  return (row) => matches(unit(row)) && (prefix === "" || (machine(row)?.id ?? "").startsWith(prefix));
}

/** A machine is meant by the beginning of its id, or by its address; a pattern must match one of them. */
function machineTest<Row>(value: string, machine: (row: Row) => MachineV1 | undefined): Test<Row> {
  if (value === "-" || value === "") return (row) => machine(row) === undefined;
  const matches = isPattern(value) ? compilePattern(value) : undefined;
  return (row) => {
    const { id = "", primaryIP = "" } = machine(row) ?? {};
    return matches === undefined
      ? id.startsWith(value) || primaryIP === value
      : (id !== "" && matches(id)) || (primaryIP !== "" && matches(primaryIP));
  };
}

/** Metadata that a machine does not have read as an empty text. */
function metadataOf(machine: MachineV1 | undefined, key: string): string {
  const metadata = machine?.metadata ?? {};
  return Object.hasOwn(metadata, key) ? (metadata[key] ?? "") : "";
}

/** A list that is empty because of a misspelt word looks like good news. */
function unknownWord(key: string, value: string, words: readonly string[]): UsageError {
  const meant = closest(value, words);
  return new UsageError(`Error: ${key} is never ${JSON.stringify(value)} in --filter`, {
    suggestions: meant === undefined ? [] : [`${key}=${meant}`],
    hint: `It is one of ${words.join(", ")}`,
  });
}

function unknownKey<Row>(key: string, spec: FilterSpec<Row>): UsageError {
  const keys = keysOf(spec);
  const meant = closest(key, keys);
  return new UsageError(`Error: unknown key ${JSON.stringify(key)} in --filter`, {
    suggestions: meant === undefined ? [] : [meant],
    hint: `The keys are ${keys.join(", ")}`,
  });
}
