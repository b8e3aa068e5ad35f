import { firstFailure, keptSeatChecks } from "./checks/chain.js";
import type { Check } from "./checks/check.js";
import { destroyedSince } from "./dismiss.js";
import { isHeld, type Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Ring, Subject } from "./subject.js";

/**
 * Whether the units that a unit follows are where it is.
 * `undecided`: that depends on units whose place is still open. `never`: one of them is or will be elsewhere.
 */
export type PeersVerdict =
  | { readonly kind: "here" }
  | { readonly kind: "undecided" }
  | { readonly kind: "never"; readonly because: string };

/** Looks for the peers of a unit that has a seat at `place`. */
export function peersAt(p: Planning, subject: Subject, place: Place): PeersVerdict {
  let undecided = false;
  for (const name of subject.peerNames) {
    const peer = subject.peers.find((candidate) => candidate.name === name);
    if (peer !== undefined && subject.cycle?.has(peer)) continue;
    const verdict = peerAt(p, name, peer, place);
    if (verdict.kind === "never") return verdict;
    if (verdict.kind === "undecided") undecided = true;
  }
  return { kind: undecided ? "undecided" : "here" };
}

function peerAt(p: Planning, name: string, peer: Subject | undefined, place: Place): PeersVerdict {
  const never = (why: string): PeersVerdict => ({
    kind: "never",
    because: `machine ${place.id}: its peer ${why}`,
  });
  if (peer === undefined) return never(`"${name}" does not exist`);
  if (peer.kind !== "plain") return otherPeerAt(p, peer, place, never);
  if (peer.progress === "open") return { kind: "undecided" };
  // In a hand-over it is in two places, and so are those who follow it.
  if (peer.predecessor?.place === place) return { kind: "here" };
  if (peer.at === undefined) return never(`${name} has no place`);
  // A peer that is out of reach may be back with the next message; that is no reason to stop those who follow it.
  if (peer.at === place || isHeld(peer.at) || peer.at.presenceRevision === 0) return { kind: "here" };
  return never(`${name} is on ${peer.at.id}`);
}

function otherPeerAt(
  p: Planning,
  peer: Subject,
  place: Place,
  never: (why: string) => PeersVerdict,
): PeersVerdict {
  if (p.draft.hasSeat(peer, place)) return { kind: "here" };
  switch (peer.kind) {
    case "unwanted":
      return never(`${peer.name} is inactive`);
    case "global":
      return peer.progress === "open" ? { kind: "undecided" } : never(`${peer.name} is not there`);
    case "unreadable":
      // What cannot be read may say anything, so nothing is concluded from it.
      return { kind: "here" };
    default:
      // A copy that a mark speaks of is about to go.
      return destroyedSince(p, peer) === 0 && peer.strays.some((stray) => stray.place === place)
        ? { kind: "here" }
        : never(`${peer.name} is not there`);
  }
}

/** Puts a failed check into words about one machine. */
export function objectionAt(p: Planning, check: Check, subject: Subject, place: Place): string {
  return `machine ${place.id} ${check.explain(subject, place, p.draft).one}`;
}

/** Says that the machine itself will not take the unit; `undefined` if it does not say so. */
export function refusalAt(subject: Subject, place: Place): string | undefined {
  const reason = subject.refusedBy.get(place.index);
  if (reason === undefined) return undefined;
  return `machine ${place.id} refuses it${reason === "" ? "" : `: ${reason}`}`;
}

/** What becomes of a ring of units that follow each other. */
export interface RingVerdict {
  /** Whether they are all in one place and may stay there. */
  readonly together: boolean;
  /** Whether that is final. */
  readonly settled: boolean;
  /** What speaks against it. */
  readonly because: string | undefined;
}

/** Judges a ring by the seats its units have. It can be left alone where it is; it can be placed nowhere. */
export function ringVerdict(p: Planning, { members, text }: Ring): RingVerdict {
  const place = members[0]!.claims[0]?.place;
  if (place === undefined || members.some((subject) => subject.claims[0]?.place !== place)) {
    return { together: false, settled: true, because: `MachineOf leads round in a ring: ${text}` };
  }
  if (isHeld(place)) return { together: true, settled: true, because: undefined };
  if (place.stance === "forgotten") {
    return { together: false, settled: true, because: `machine ${place.id} was forgotten` };
  }
  if (place.stance === "released") {
    return { together: true, settled: false, because: `machine ${place.id} is away` };
  }
  if (place.stance === "leaving") {
    return { together: true, settled: false, because: `machine ${place.id} is shutting down` };
  }
  const verdict = judgeTogether(p, members, place);
  if (place.stance !== "drained" || !verdict.together) return verdict;
  return { together: true, settled: false, because: `machine ${place.id} is being drained` };
}

function judgeTogether(p: Planning, ring: readonly Subject[], place: Place): RingVerdict {
  const added: Subject[] = [];
  let because: string | undefined;
  let settled = true;
  for (const subject of ring) {
    const failed = firstFailure(keptSeatChecks, subject, place, p.draft);
    const peers = peersAt(p, subject, place);
    if (failed !== undefined) because = objectionAt(p, failed, subject, place);
    else if (peers.kind === "never") because = peers.because;
    if (because !== undefined) break;
    if (peers.kind === "undecided") settled = false;
    p.draft.add(subject, place, "seat");
    added.push(subject);
  }
  for (const subject of added) p.draft.remove(subject, place);
  return { together: because === undefined, settled, because };
}
