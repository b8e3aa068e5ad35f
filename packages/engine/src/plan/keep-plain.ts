import type { Revision, UnitName } from "@fleet/core";
import { firstFailure, keptSeatChecks } from "./checks/chain.js";
import { isAttended, isHeld, type Place } from "./place.js";
import { type Planning, type Unseating, unseating } from "./planning.js";
import type { Claim, Ring, Subject } from "./subject.js";
import { objectionAt, peersAt, refusalAt, ringVerdict } from "./verdict.js";
import { isActive } from "./world.js";

/**
 * Judges the seats of all units but global ones, older first: a seat that breaks no rule stays. A unit that follows
 * others is judged after them and counts as no older than they are.
 */
export function keepPlainSeats(p: Planning, followers: readonly (readonly Subject[])[]): void {
  for (const { subject } of inOrderOfAge(p, followers)) {
    if (subject.kind !== "plain") {
      for (const { place } of subject.claims) p.draft.add(subject, place, "seat");
    } else if (subject.progress === "open" && subject.from === undefined) {
      if (subject.cycle === undefined) judge(p, subject);
      else judgeRing(p, subject.cycle);
    }
  }
}

interface Age {
  readonly subject: Subject;
  readonly revision: Revision;
  readonly name: UnitName;
}

function inOrderOfAge(p: Planning, followers: readonly (readonly Subject[])[]): readonly Age[] {
  const ages = new Map<Subject, Age>();
  for (const subject of p.world.subjects.values()) {
    const claim = subject.claims[0];
    if (claim === undefined || subject.kind === "global") continue;
    // What cannot be read or has no record will stay whatever happens, so the others have to get along with it.
    const revision = subject.kind === "plain" ? claim.seat.createRevision : 0;
    ages.set(subject, { subject, revision, name: subject.name });
  }
  for (const group of followers) {
    const ties = group.flatMap((subject) => [subject, ...subject.peers]);
    const youngest = ties
      .flatMap((subject) => ages.get(subject) ?? [])
      .reduce<Age | undefined>((a, b) => (a !== undefined && compareAges(a, b) >= 0 ? a : b), undefined);
    if (youngest === undefined) continue;
    for (const subject of group) if (ages.has(subject)) ages.set(subject, { ...youngest, subject });
  }
  return [...ages.values()].sort(
    (a, b) =>
      compareAges(a, b) || a.subject.depth - b.subject.depth || (a.subject.name < b.subject.name ? -1 : 1),
  );
}

function compareAges(a: Age, b: Age): number {
  return a.revision - b.revision || (a.name === b.name ? 0 : a.name < b.name ? -1 : 1);
}

type Verdict =
  | { readonly kind: "stays" }
  /** Whether it stays depends on units that are not decided yet. */
  | { readonly kind: "depends" }
  | { readonly kind: "would-go"; readonly because: string }
  | { readonly kind: "must-go"; readonly because: string };

function judge(p: Planning, subject: Subject): void {
  const verdicts = subject.claims.map((claim) => ({ claim, verdict: judgeClaim(p, subject, claim.place) }));
  const chosen =
    verdicts.find(({ verdict }) => verdict.kind === "stays") ??
    verdicts.find(({ verdict }) => verdict.kind !== "must-go") ??
    verdicts[0]!;
  const { claim, verdict } = chosen;
  subject.from = claim;
  if (verdict.kind === "would-go" || verdict.kind === "must-go") subject.leavingBecause = verdict.because;
  if (verdict.kind === "must-go") {
    subject.evicted = true;
  } else {
    subject.at = claim.place;
    p.draft.add(subject, claim.place, "seat");
    if (verdict.kind === "stays") subject.progress = "placed";
  }
  for (const other of verdicts) {
    if (other === chosen) continue;
    const superseded = supersede(p, subject, claim, other.claim, other.verdict);
    if (superseded !== undefined) p.unseatings.push(superseded);
    else p.draft.add(subject, other.claim.place, "seat");
  }
}

function judgeClaim(p: Planning, subject: Subject, place: Place): Verdict {
  if (isHeld(place)) return { kind: "stays" };
  if (place.stance === "forgotten") return { kind: "must-go", because: `machine ${place.id} was forgotten` };
  if (place.stance === "released") return { kind: "would-go", because: `machine ${place.id} is away` };
  if (!isAttended(place)) return { kind: "would-go", because: `machine ${place.id} is shutting down` };
  const failed = firstFailure(keptSeatChecks, subject, place, p.draft);
  if (failed !== undefined) return { kind: "must-go", because: objectionAt(p, failed, subject, place) };
  const peers = peersAt(p, subject, place);
  if (peers.kind === "never") return { kind: "must-go", because: peers.because };
  if (peers.kind === "undecided") return { kind: "depends" };
  const because = refusalAt(subject, place);
  return because === undefined ? { kind: "stays" } : { kind: "would-go", because };
}

/**
 * What becomes of a second seat of a unit that needs only one.
 * @returns `undefined` to let it be: in a hand-over both are there until the new copy is active.
 */
function supersede(
  p: Planning,
  subject: Subject,
  rival: Claim,
  claim: Claim,
  verdict: Verdict,
): Unseating | undefined {
  const { place, seat } = claim;
  const isHandOver = seat.replaces === rival.place.id || rival.seat.replaces === place.id;
  if (isHandOver && verdict.kind !== "must-go") {
    const heir = seat.replaces === rival.place.id ? claim : rival;
    if (heir === claim || !isActive(p.world.view.states.get(heir.place.id)?.get(subject.name))) {
      return undefined;
    }
    return unseating(subject, claim, "moved", `moved to ${heir.place.id}`, rival);
  }
  if (verdict.kind === "must-go") return unseating(subject, claim, "illegal", verdict.because);
  return unseating(subject, claim, "surplus", `has its seat on ${rival.place.id}`, rival);
}

/** Units that follow each other in a ring stay or go together. */
function judgeRing(p: Planning, ring: Ring): void {
  const verdict = ringVerdict(p, ring);
  for (const subject of ring.members) {
    const [claim, ...others] = subject.claims;
    if (claim === undefined) continue;
    subject.from = claim;
    const mayStay = verdict.together || isHeld(claim.place);
    subject.evicted = !mayStay;
    if (mayStay) {
      subject.at = claim.place;
      p.draft.add(subject, claim.place, "seat");
      if (isHeld(claim.place) || verdict.settled) subject.progress = "placed";
    }
    if (verdict.because !== undefined) subject.leavingBecause = verdict.because;
    for (const other of others) {
      const reason = `has its seat on ${claim.place.id}`;
      p.unseatings.push(unseating(subject, other, "surplus", reason, claim));
    }
  }
}
