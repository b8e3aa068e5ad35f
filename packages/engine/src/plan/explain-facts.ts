import { formatAmount, type Metadata, meetsMetadataRule, metadataRuleText, type UnitName } from "@fleet/core";
import { conflictAt } from "./checks/conflicts.js";
import { lackAt } from "./checks/resources.js";
import type { Draft } from "./draft.js";
import type { Place } from "./place.js";
import type { CheckName } from "./refusal.js";
import type { Subject } from "./subject.js";

/** What stands behind an objection: the facts on both sides. */
export interface Facts {
  /** Machines with equal keys are told of together. */
  readonly key: string;
  readonly wanted?: string;
  readonly found?: string;
  readonly other?: UnitName;
  readonly pattern?: string;
  /** Whether the pattern is the unit's own, not the other's. */
  readonly own?: boolean;
}

type FactsOf = (subject: Subject, place: Place, draft: Draft) => Facts | undefined;

/** Checks that are not listed have no facts beyond their own words. */
const factsByCheck: { readonly [name in CheckName]?: FactsOf } = {
  "machine-metadata": (subject, { metadata }) => {
    const { keys, wanted } = unmetDemands(subject, metadata);
    const found = keys.map((key) => (Object.hasOwn(metadata, key) ? `${key}=${metadata[key]}` : `no ${key}`));
    return { key: wanted, wanted, found: found.join(", ") };
  },
  "machine-of": (subject, place, draft) => {
    const isUnknown = subject.peerNames.some((name) => subject.peers.every((peer) => peer.name !== name));
    const peer = subject.peers.find((candidate) => !draft.hasSeat(candidate, place));
    if (isUnknown || peer === undefined) return undefined;
    return { key: peer.name, other: peer.name, found: `${peer.name} ${whereabouts(peer)}` };
  },
  conflicts: (subject, place, draft) => {
    const found = conflictAt(subject, place, draft);
    if (found === undefined) return undefined;
    const { other, pattern, own } = found;
    return { key: `${own ? "own" : "their"} ${pattern.text}`, other: other.name, pattern: pattern.text, own };
  },
  resources: (subject, place, draft) => {
    const lack = lackAt(subject, place, draft);
    if (lack === undefined) return undefined;
    const { capacity, free, name, needed } = lack;
    const wanted = `${name}=${formatAmount(name, needed)}`;
    const found =
      capacity === 0
        ? `no ${name}`
        : `${formatAmount(name, free)} of ${name}=${formatAmount(name, capacity)} free`;
    const kind = capacity === 0 ? "none" : needed > capacity ? "small" : "full";
    return { key: `${wanted} ${kind}`, wanted, found };
  },
};

/**
 * Looks for the facts behind a check that a machine has failed.
 * @returns `undefined` if there are none beyond the check's own words.
 */
export function factsOf(check: CheckName, subject: Subject, place: Place, draft: Draft): Facts | undefined {
  return factsByCheck[check]?.(subject, place, draft);
}

/** One thing that a unit demands of a machine's metadata. */
export interface MetadataDemandPart {
  readonly key: string;
  /** As it would be written, with `|` between alternatives. */
  readonly text: string;
  isMet(metadata: Metadata): boolean;
  /** What to give the key so that it is met; `null` to take it away; `undefined` if that cannot be told. */
  readonly cure: string | null | undefined;
}

/** Those demands of a unit that some machine does not meet. */
export interface UnmetDemands {
  readonly demands: readonly MetadataDemandPart[];
  /** As they would be written. */
  readonly wanted: string;
  readonly keys: readonly string[];
}

interface Demands {
  readonly all: readonly MetadataDemandPart[];
  /** There are few combinations and many machines. */
  readonly unmet: Map<number, UnmetDemands>;
}

/** They are asked of every machine. */
const knownDemands = new WeakMap<Subject, Demands>();

/** The same object for all machines that fail the same demands. */
export function unmetDemands(subject: Subject, metadata: Metadata): UnmetDemands {
  const { all, unmet } = demandsOf(subject);
  let combination = 0;
  // Beyond thirty demands, which nobody has, machines would be taken together that fail others.
  for (const [index, demand] of all.entries()) {
    if (!demand.isMet(metadata)) combination += 2 ** Math.min(index, 30);
  }
  let known = unmet.get(combination);
  if (known === undefined) {
    const demands = all.filter(({ isMet }) => !isMet(metadata));
    known = {
      demands,
      wanted: demands.map(({ text }) => text).join(" and "),
      keys: [...new Set(demands.map(({ key }) => key))],
    };
    unmet.set(combination, known);
  }
  return known;
}

/** All that a unit demands of a machine's metadata, each by itself. */
export function metadataDemands(subject: Subject): readonly MetadataDemandPart[] {
  return demandsOf(subject).all;
}

function demandsOf(subject: Subject): Demands {
  let demands = knownDemands.get(subject);
  if (demands === undefined) {
    demands = { all: listDemands(subject), unmet: new Map() };
    knownDemands.set(subject, demands);
  }
  return demands;
}

function listDemands({ machineMetadata, metadataRules }: Subject): readonly MetadataDemandPart[] {
  return [
    ...[...machineMetadata].map(
      ([key, values]): MetadataDemandPart => ({
        key,
        text: `${key}=${values.join("|")}`,
        isMet: (metadata) => Object.hasOwn(metadata, key) && values.includes(metadata[key] ?? ""),
        cure: values[0],
      }),
    ),
    ...metadataRules.map(
      (rule): MetadataDemandPart => ({
        key: rule.key,
        text: metadataRuleText(rule),
        isMet: (metadata) => meetsMetadataRule(rule, metadata),
        cure: cureOf(rule),
      }),
    ),
  ];
}

function cureOf({ operator, values }: Subject["metadataRules"][number]): string | null | undefined {
  switch (operator) {
    case "absent":
    case "!=":
      return null;
    case "present":
      return "true";
    case ">=":
    case "<=":
      return values[0];
    case ">":
      return `${values[0]}.1`;
    case "~=":
      return values.find((value) => !/[*?[\\]/.test(value));
    default:
      return undefined;
  }
}

/** Says where a unit that others follow is to be. */
export function whereabouts(peer: Subject): string {
  switch (peer.kind) {
    case "plain":
      return peer.at === undefined ? "has no place" : `is on ${peer.at.id}`;
    case "unwanted":
      return "is inactive";
    case "global":
      return "is global and has no place there";
    case "unreadable":
      return "has a record that cannot be read";
    case "recordless":
      return "does not exist";
  }
}
