import type { Bits } from "./bits.js";
import type { Draft } from "./draft.js";
import type { Place } from "./place.js";
import type { Subject } from "./subject.js";

/** Of so few candidates all are compared; of more, the list of machines is searched for the first that will do. */
const comparedMax = 64;

/**
 * Finds the machine to prefer among those that `accepts`: the least loaded one, then the one with the fewest instances of
 * the unit's template, then the one whose id comes first.
 * @param candidates - Others are not even asked about.
 */
export function bestPlace(
  draft: Draft,
  subject: Subject,
  candidates: Bits,
  accepts: (place: Place) => boolean,
): Place | undefined {
  return candidates.count <= comparedMax
    ? bestOf(draft, subject, placesIn(draft, candidates), accepts)
    : firstInOrder(draft, subject, candidates, accepts);
}

function placesIn({ places }: Draft, candidates: Bits): readonly Place[] {
  const found: Place[] = [];
  candidates.someIn(candidates, (index) => {
    found.push(places[index]!);
    return false;
  });
  return found;
}

function firstInOrder(
  { order: loadOrder, places }: Draft,
  { siblings }: Subject,
  candidates: Bits,
  accepts: (place: Place) => boolean,
): Place | undefined {
  const { order, count } = loadOrder.listed();
  let best: Place | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (let rank = 0; rank < count; rank += 1) {
    const index = order[rank]!;
    if (best !== undefined && loadOrder.loadOf(index) !== loadOrder.loadOf(best.index)) break;
    if (!candidates.has(index)) continue;
    const beside = siblings?.get(index) ?? 0;
    if (beside >= fewest || !accepts(places[index]!)) continue;
    best = places[index]!;
    fewest = beside;
    if (beside === 0) break;
  }
  return best;
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
    if (best !== undefined && compareAppeal(draft, subject, place, best) >= 0) continue;
    if (accepts(place)) best = place;
  }
  return best;
}

function compareAppeal({ order }: Draft, { siblings }: Subject, a: Place, b: Place): number {
  return (
    order.loadOf(a.index) - order.loadOf(b.index) ||
    (siblings?.get(a.index) ?? 0) - (siblings?.get(b.index) ?? 0) ||
    a.index - b.index
  );
}
