import type { UnitName } from "@fleet/core";
import { conflictAt } from "./checks/conflicts.js";
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

type FactsOf = (subject: Subject, place: Place, draft: Draft, words: string) => Facts;

/** Checks that are not listed have no facts beyond their own words. */
const factsByCheck: { readonly [name in CheckName]?: FactsOf } = {
  "machine-metadata": (subject, { metadata }, _draft, words) => {
    const wanted = words.replace(/^lacks /, "");
    const keys = [...subject.machineMetadata.keys()].filter((key) => wanted.includes(key));
    const found = keys.map((key) => (Object.hasOwn(metadata, key) ? `${key}=${metadata[key]}` : `no ${key}`));
    return { key: words, wanted, ...(found.length === 0 ? {} : { found: found.join(", ") }) };
  },
  "machine-of": (subject, place, draft, words) => {
    const peer = subject.peers.find((candidate) => !draft.hasSeat(candidate, place));
    const absent = subject.peerNames.find((name) => subject.peers.every((known) => known.name !== name));
    if (absent !== undefined || peer === undefined) return { key: words };
    return { key: words, other: peer.name, found: `${peer.name} ${whereabouts(peer)}` };
  },
  conflicts: (subject, place, draft, words) => {
    const found = conflictAt(subject, place, draft);
    if (found === undefined) return { key: words };
    const { other, pattern, own } = found;
    return { key: `${own ? "own" : "their"} ${pattern.text}`, other: other.name, pattern: pattern.text, own };
  },
};

/** Looks for the facts behind the words of a check that a machine has failed. */
export function factsOf(
  check: CheckName,
  subject: Subject,
  place: Place,
  draft: Draft,
  words: string,
): Facts {
  return factsByCheck[check]?.(subject, place, draft, words) ?? { key: words };
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
