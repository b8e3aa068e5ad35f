import type { Bits } from "./bits.js";
import type { Draft } from "./draft.js";
import type { Place } from "./place.js";
import type { Subject } from "./subject.js";

/**
 * Finds the machine to prefer among those that `accepts`: the one with the fewest seats, then the one with the fewest
 * instances of the unit's template, then the one whose id comes first.
 * @param candidates - Others are not even asked about.
 */
export function bestPlace(
  draft: Draft,
  subject: Subject,
  candidates: Bits,
  accepts: (place: Place) => boolean,
): Place | undefined {
  for (const bucket of draft.byLoad) {
    if (bucket.count === 0) continue;
    let best: Place | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    bucket.someIn(candidates, (index) => {
      const siblings = subject.siblings?.get(index) ?? 0;
      const place = draft.places[index]!;
      if (siblings >= fewest || !accepts(place)) return false;
      best = place;
      fewest = siblings;
      return siblings === 0;
    });
    if (best !== undefined) return best;
  }
  return undefined;
}

/** The same choice among a few machines, listed by id. */
export function bestOf(
  draft: Draft,
  subject: Subject,
  candidates: readonly Place[],
  accepts: (place: Place) => boolean,
): Place | undefined {
  let best: Place | undefined;
  for (const place of candidates) {
    if (!accepts(place)) continue;
    if (best === undefined || compareAppeal(draft, subject, place, best) < 0) best = place;
  }
  return best;
}

function compareAppeal(draft: Draft, subject: Subject, a: Place, b: Place): number {
  const siblings = (place: Place): number => subject.siblings?.get(place.index) ?? 0;
  return draft.loadOf(a) - draft.loadOf(b) || siblings(a) - siblings(b) || a.index - b.index;
}
