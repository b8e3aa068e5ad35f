import { firstFailure, keptSeatChecks } from "./checks/chain.js";
import { isAttended } from "./place.js";
import { type Planning, unseating } from "./planning.js";
import type { Claim, Subject } from "./subject.js";
import { objectionAt } from "./verdict.js";

/**
 * Judges the seats of global units, older first, after those of all others: where a global unit and a seated unit
 * exclude each other it is the global one that yields, because it has other machines. Its seats on a machine that is away or
 * shutting down stay.
 */
export function keepGlobalSeats(p: Planning): void {
  for (const { subject, claim } of globalClaimsByAge(p)) {
    const { place } = claim;
    const because = objectionTo(p, subject, claim);
    if (because === undefined) {
      p.draft.add(subject, place, "seat");
      p.globalClaims.push({ subject, claim });
    } else {
      p.unseatings.push(unseating(subject, claim, "illegal", because));
    }
  }
}

function objectionTo(p: Planning, subject: Subject, { place }: Claim): string | undefined {
  if (place.stance === "forgotten") return `machine ${place.id} was forgotten`;
  if (!isAttended(place)) return undefined;
  const failed = firstFailure(keptSeatChecks, subject, place, p.draft);
  return failed && objectionAt(p, failed, subject, place);
}

function globalClaimsByAge(p: Planning): readonly { readonly subject: Subject; readonly claim: Claim }[] {
  const claims = [];
  for (const subject of p.world.subjects.values()) {
    if (subject.kind !== "global") continue;
    for (const claim of subject.claims) claims.push({ subject, claim });
  }
  return claims.sort(
    (a, b) =>
      a.claim.seat.createRevision - b.claim.seat.createRevision ||
      (a.subject === b.subject
        ? a.claim.place.index - b.claim.place.index
        : a.subject.name < b.subject.name
          ? -1
          : 1),
  );
}
