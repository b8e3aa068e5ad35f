import { checksAt } from "./explain-checks.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { CheckName } from "./refusal.js";
import type { Subject } from "./subject.js";

/** A machine, and every check that it fails for a unit. */
export interface NearMiss {
  readonly place: Place;
  /** In the order of the checks; at least one. */
  readonly failed: readonly CheckName[];
}

/** Lists, for each machine that may ever do, what it fails; those with fewer seats first. A machine that fails nothing is left out. */
export function listNearMisses(p: Planning, subject: Subject): readonly NearMiss[] {
  const misses: NearMiss[] = [];
  for (const place of p.draft.places) {
    if (place.stance === "forgotten") continue;
    const failed: CheckName[] = [];
    for (const check of checksAt(p, subject, place))
      if (!check.passes(subject, place, p.draft)) failed.push(check.name);
    if (failed.length > 0) misses.push({ place, failed });
  }
  return misses.sort(
    (a, b) => p.draft.loadOf(a.place) - p.draft.loadOf(b.place) || a.place.index - b.place.index,
  );
}

/** The machines that fail this one check and no other. */
export function failingOnly(misses: readonly NearMiss[], check: CheckName): readonly Place[] {
  return misses.flatMap(({ failed, place }) => (failed.length === 1 && failed[0] === check ? place : []));
}
