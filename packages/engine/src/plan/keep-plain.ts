import { belongsToMachine, type Revision, type UnitName } from "@fleet/core";
import { firstFailure, keptSeatChecks } from "./checks/chain.js";
import { isOfOtherText, isOver, unguarded } from "./exclusive.js";
import { countHandOver, handOverTrouble, isHandedOver, isUntried, type Pair, pairOf } from "./hand-over.js";
import { isBesideForNow, isLikelyBeside } from "./likely-peers.js";
import { isAttended, isHeld, type Place } from "./place.js";
import { type Planning, unseating } from "./planning.js";
import type { Claim, Ring, Subject } from "./subject.js";
import type { UnseatCause } from "./task.js";
import { objectionAt, peersAt, refusalAt, ringVerdict } from "./verdict.js";

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
  /** It goes as soon as a copy elsewhere has taken over. */
  | { readonly kind: "hands-over"; readonly because: string }
  | { readonly kind: "would-go"; readonly because: string }
  | { readonly kind: "must-go"; readonly because: string };

function judge(p: Planning, subject: Subject): void {
  const pair = continuedPair(p, subject);
  if (pair === undefined) judgeOne(p, subject);
  else judgePair(p, subject, pair);
}

function judgeOne(p: Planning, subject: Subject): void {
  const verdicts = subject.claims.map((claim) => ({ claim, verdict: judgeClaim(p, subject, claim) }));
  const depending = verdicts.filter(({ verdict }) => verdict.kind === "depends");
  const chosen =
    verdicts.find(({ verdict }) => verdict.kind === "stays") ??
    depending.find(({ claim }) => isLikelyBeside(p, subject, claim.place)) ??
    depending.find(({ claim }) => isBesideForNow(p, subject, claim.place)) ??
    depending[0] ??
    verdicts.find(({ verdict }) => verdict.kind !== "must-go") ??
    verdicts[0]!;
  hold(p, subject, chosen.claim, chosen.verdict);
  if (subject.exclusive && chosen.claim.place.stance === "released") remarkOnDoubt(p, subject, chosen.claim);
  for (const { claim, verdict } of verdicts) {
    if (claim === chosen.claim) continue;
    const isIllegal = verdict.kind === "must-go";
    const because = isIllegal ? verdict.because : `has its seat on ${chosen.claim.place.id}`;
    const rival = isIllegal ? undefined : chosen.claim;
    p.unseatings.push(unseating(subject, claim, isIllegal ? "illegal" : "surplus", because, rival));
  }
}

function remarkOnDoubt(p: Planning, subject: Subject, claim: Claim): void {
  if (isOver(subject, claim)) return;
  const { id } = claim.place;
  const isUnguarded = isOfOtherText(subject, claim);
  const text = isUnguarded ? ` ${unguarded}` : "";
  const reason = `stays on ${id}, which is away, because it is exclusive and may still be running there${text}`;
  const fencing = isUnguarded ? {} : { fencing: id };
  p.remarks.push({ unit: subject.name, machine: id, reason, failed: [], ...fencing });
}

/** Lets the unit have the seat for the time being, or for good, as the verdict says. */
function hold(p: Planning, subject: Subject, claim: Claim, verdict: Verdict): void {
  subject.from = claim;
  if ("because" in verdict) subject.leavingBecause = verdict.because;
  subject.handsOver = verdict.kind === "hands-over";
  subject.evicted = verdict.kind === "must-go";
  if (subject.evicted) return;
  subject.at = claim.place;
  p.draft.add(subject, claim.place, "seat");
  if (verdict.kind === "stays") subject.progress = "placed";
}

function judgeClaim(p: Planning, subject: Subject, claim: Claim): Verdict {
  const { place } = claim;
  if (isHeld(place)) return { kind: "stays" };
  if (place.stance === "forgotten") return { kind: "must-go", because: `machine ${place.id} was forgotten` };
  if (place.stance === "released") {
    // Until it is certain that it does not run there any more it must not run elsewhere.
    if (subject.exclusive && !isOver(subject, claim)) return { kind: "stays" };
    return { kind: "would-go", because: `machine ${place.id} is away` };
  }
  if (!isAttended(place)) return { kind: "would-go", because: `machine ${place.id} is shutting down` };
  const failed = firstFailure(keptSeatChecks, subject, place, p.draft);
  if (failed !== undefined) return { kind: "must-go", because: objectionAt(p, failed, subject, place) };
  const peers = peersAt(p, subject, place);
  if (peers.kind === "never") return { kind: "must-go", because: peers.because };
  const because = refusalAt(subject, place);
  if (place.stance === "drained" && because === undefined && !belongsThere(p, subject, place)) {
    const kind = subject.exclusive ? "would-go" : "hands-over";
    return { kind, because: `machine ${place.id} is being drained` };
  }
  if (peers.kind === "undecided") return { kind: "depends" };
  return because === undefined ? { kind: "stays" } : { kind: "would-go", because };
}

function belongsThere({ world }: Planning, { unit }: Subject, { id }: Place): boolean {
  const requirementsOf = (name: string) => world.view.units.get(name as UnitName)?.requirements;
  return belongsToMachine(unit?.requirements, id, requirementsOf);
}

/**
 * The two seats of a unit that goes on being handed over. If the hand-over is at its end, one of the two is taken away:
 * the old one, when all who leave together have taken over, or cannot stay any longer; the new one, when nothing makes
 * the unit leave any more.
 */
function continuedPair(p: Planning, subject: Subject): Pair | undefined {
  const pair = subject.exclusive ? undefined : pairOf(subject);
  if (pair === undefined) return undefined;
  const { heir, old } = pair;
  const oldVerdict = judgeClaim(p, subject, old);
  const heirVerdict = judgeClaim(p, subject, heir);
  const drop = (claim: Claim, cause: UnseatCause, reason: string, rival?: Claim): undefined => {
    subject.claims = subject.claims.filter((other) => other !== claim);
    p.unseatings.push(unseating(subject, claim, cause, reason, rival));
  };
  const handOver = (): undefined => {
    p.arrived.add(subject);
    return drop(old, "moved", `handed over to ${heir.place.id}`, heir);
  };
  if (oldVerdict.kind === "must-go") return drop(old, "illegal", oldVerdict.because);
  if (isHeld(old.place)) return pair;
  if (oldVerdict.kind === "would-go") {
    return heirVerdict.kind === "must-go" ? drop(heir, "illegal", heirVerdict.because) : handOver();
  }
  const heirStays =
    heirVerdict.kind === "stays" ||
    (heirVerdict.kind === "depends" && isLikelyBeside(p, subject, heir.place));
  if (heirStays && isHandedOver(p, subject, old.place)) return handOver();
  if (oldVerdict.kind === "hands-over") {
    // The old copy runs on, so another place can be found for all who leave together.
    if ("because" in heirVerdict) return drop(heir, "surplus", heirVerdict.because, old);
    const isRetried = p.world.options.retriedHeirs?.get(subject.name) === heir.place.id;
    if (!isRetried || handOverTrouble(p, subject, pair) === undefined) return pair;
    return drop(heir, "surplus", "could not take over for long: tried anew", old);
  }
  return drop(heir, "surplus", `machine ${old.place.id} is not being drained any more`, old);
}

function judgePair(p: Planning, subject: Subject, pair: Pair): void {
  const { heir, old } = pair;
  const verdict = judgeClaim(p, subject, heir);
  // The old copy runs on, so the new one is free to go wherever it may.
  hold(p, subject, heir, verdict.kind === "hands-over" ? { ...verdict, kind: "would-go" } : verdict);
  subject.predecessor = old;
  p.draft.add(subject, old.place, "seat");
  countHandOver(p, old.place);
  for (const claim of subject.claims) {
    if (claim === heir || claim === old) continue;
    p.unseatings.push(unseating(subject, claim, "surplus", `has its seat on ${heir.place.id}`, heir));
  }
  const trouble = handOverTrouble(p, subject, pair);
  if (trouble === undefined) return;
  const reason = `stays on ${old.place.id} (machine ${old.place.id} is being drained): ${trouble}`;
  const what = "has not taken over yet";
  const failed = isUntried(p, subject, pair) ? [{ check: "hand-over" as const, machines: 1, what }] : [];
  p.remarks.push({ unit: subject.name, machine: old.place.id, reason, failed, heir: heir.place.id });
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
