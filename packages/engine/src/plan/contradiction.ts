import { metadataContradictions } from "@fleet/core";
import type { Subject } from "./subject.js";

const known = new WeakMap<Subject, readonly (readonly string[])[]>();

/** What a unit demands of one metadata key that no machine can meet together, for each such key; mostly nothing. */
export function contradictionsOf(subject: Subject): readonly (readonly string[])[] {
  if (subject.metadataRules.length === 0) return none;
  let contradictions = known.get(subject);
  if (contradictions === undefined) {
    contradictions = metadataContradictions(subject);
    known.set(subject, contradictions);
  }
  return contradictions;
}

const none: readonly (readonly string[])[] = [];

/**
 * Says that a unit rules out all machines, whatever they are like: `no machine can meet both gpu and !gpu`.
 * @returns `undefined` if it does not.
 */
export function contradictionText(subject: Subject): string | undefined {
  const contradictions = contradictionsOf(subject);
  if (contradictions.length === 0) return undefined;
  return `no machine can meet ${contradictions.map(together).join(", nor ")}`;
}

function together(demands: readonly string[]): string {
  const [first = "", second, ...others] = demands;
  if (second === undefined) return first;
  if (others.length === 0) return `both ${first} and ${second}`;
  return `all of ${demands.slice(0, -1).join(", ")} and ${demands.at(-1)}`;
}
