import { firstFailure } from "./checks/chain.js";
import { machineOf } from "./checks/machine-of.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Reservation } from "./resources.js";
import type { Subject } from "./subject.js";

/** Units that are on one machine and have to go together, often a single one; and where else they could be. */
export interface Group {
  readonly at: Place;
  readonly members: readonly Subject[];
  /** Machines that would take all of them now. */
  readonly alternatives: readonly Place[];
  /** Whether there are no other alternatives. */
  readonly isComplete: boolean;
  /** Whether there is more to it than the checks of its units tell: then only a plan does. */
  readonly isIntricate: boolean;
}

/** What is known of machines that may be lost together. */
export interface LossBook {
  readonly p: Planning;
  /** For how many machines at a time alternatives have to be known. */
  readonly losses: 1 | 2;
  /** The most that is reserved of each resource on any machine, by the index of the resource. */
  readonly reservedMost: readonly number[];
  /** The machines that take units, those with fewer seats first. */
  readonly open: readonly Place[];
}

/** Prepares to look for groups. */
export function openLossBook(p: Planning, losses: 1 | 2): LossBook {
  const reservedMost: number[] = [];
  for (const place of p.draft.places) {
    for (const { resource, amount } of reservedAt(p, place)) {
      reservedMost[resource.index] = Math.max(reservedMost[resource.index] ?? 0, amount);
    }
  }
  const open = p.draft.places.filter(({ stance }) => stance === "open");
  open.sort((a, b) => p.draft.loadOf(a) - p.draft.loadOf(b) || a.index - b.index);
  return { p, losses, reservedMost, open };
}

/**
 * Whether something on the machine is on its way to or from somewhere, so that its loss changes more than where its units
 * are.
 */
export function isUnsettled({ p }: LossBook, at: Place): boolean {
  for (const [subject, residence] of p.draft.residentsOf(at)) {
    if (residence === "stray") return true;
    if (subject.kind === "plain" && !isAtHome(p, subject, at)) return true;
  }
  for (const [name, { target }] of p.world.view.seats.get(at.id) ?? []) {
    const subject = p.world.subjects.get(name);
    if (target !== "absent" && subject?.kind === "plain" && subject.at !== at) return true;
  }
  return false;
}

/** Puts together, by machine, the units that would have to go if it were lost. */
export function groupsAt(book: LossBook, at: Place): readonly Group[] {
  const { p } = book;
  const seen = new Set<Subject>();
  const groups: Group[] = [];
  for (const [subject, residence] of p.draft.residentsOf(at)) {
    if (residence !== "seat" || seen.has(subject) || !isAtHome(p, subject, at)) continue;
    const members = tiedTo(p, subject, at);
    for (const member of members) seen.add(member);
    groups.push(makeGroup(book, at, members));
  }
  return groups;
}

function isAtHome(p: Planning, subject: Subject, at: Place): boolean {
  return subject.kind === "plain" && subject.at === at && !p.refusals.has(subject);
}

function tiedTo(p: Planning, subject: Subject, at: Place): readonly Subject[] {
  const members = new Set([subject]);
  for (const member of members) {
    for (const tied of [...member.peers, ...member.followers]) if (isAtHome(p, tied, at)) members.add(tied);
  }
  return [...members];
}

function makeGroup(book: LossBook, at: Place, members: readonly Subject[]): Group {
  const { p } = book;
  const isIntricate = members.some((member) => isIntricateUnit(p, member, members, at));
  const alternatives: Place[] = [];
  let rank = 0;
  let wanted: number = book.losses;
  if (!isIntricate) {
    for (; rank < book.open.length; rank += 1) {
      const place = book.open[rank]!;
      if (place === at || !takesAll(p, members, place)) continue;
      alternatives.push(place);
      if (alternatives.length < wanted) continue;
      if (isPlenty(book, { at, members, alternatives })) break;
      // Looked at again when there are half as many more.
      wanted = Math.ceil(alternatives.length * 1.5);
    }
  }
  return { at, members, alternatives, isComplete: rank >= book.open.length, isIntricate };
}

function isIntricateUnit(p: Planning, subject: Subject, members: readonly Subject[], at: Place): boolean {
  if (subject.cycle !== undefined || subject.claims.length > 1 || subject.strays.length > 0) return true;
  if (subject.exclusive || subject.replaces.length > 0 || subject.replacedBy.length > 0) return true;
  if (subject.reserve.length > 0 && members.length > 1) return true;
  // Those that one unit follows are placed one after the other, and may part.
  if (new Set(subject.peerNames).size > 1) return true;
  if (p.draft.hasConflict(subject, at)) return true;
  // Where a unit goes depends on who wants to follow it, be that possible or not.
  if (subject.followers.some((follower) => follower.kind === "plain" && !members.includes(follower)))
    return true;
  return new Set(subject.peerNames).size > subject.peers.filter((peer) => members.includes(peer)).length;
}

function takesAll(p: Planning, members: readonly Subject[], place: Place): boolean {
  const checks = members.length === 1 ? p.checks : p.checks.filter((check) => check !== machineOf);
  return members.every((member) => firstFailure(checks, member, place, p.draft) === undefined);
}

/** Whether the group is safe whatever is lost with its machine. */
function isPlenty(
  { losses, p, reservedMost }: LossBook,
  { alternatives, at, members }: Pick<Group, "alternatives" | "at" | "members">,
): boolean {
  const others = losses - 1;
  const spoilt = others === 0 ? 0 : others + rivalsMost(members);
  if (alternatives.length <= spoilt) return false;
  return needsOf(members).every(({ resource, amount }) => {
    const most = reservedOn(p, at, resource) - amount + others * (reservedMost[resource.index] ?? 0);
    return hasSlack(p, alternatives, { resource, amount }, spoilt, most);
  });
}

/** What a group comes to if machines are lost. `unclear`: ask the planner. */
export type Fate = "safe" | "doomed" | "unclear";

/**
 * Judges a group without planning. It is safe if more machines take it than are lost with it, and than those that are lost
 * too and mind it, or need the same room, can take from it. It is doomed if no machine takes it.
 * @param lost - Its own machine among them.
 */
export function fateOf({ p }: LossBook, group: Group, lost: readonly Place[]): Fate {
  if (group.isIntricate) return "unclear";
  const { alternatives, at, isComplete, members } = group;
  const left = alternatives.filter((place) => !lost.includes(place));
  // Of a group that no machine takes as a whole some may go on alone.
  if (left.length === 0) return isComplete && members.length === 1 ? "doomed" : "unclear";
  const others = lost.filter((place) => place !== at);
  const rivals = others.reduce((sum, place) => sum + rivalsAt(members, place), 0);
  if (left.length <= rivals) return "unclear";
  const isRoomy = needsOf(members).every(({ resource, amount }) => {
    const most = lost.reduce((sum, place) => sum + reservedOn(p, place, resource), -amount);
    return hasSlack(p, left, { resource, amount }, rivals, most);
  });
  return isRoomy ? "safe" : "unclear";
}

/** Whether one of the machines is left when so many are spoilt and others take so much of the room of the rest. */
function hasSlack(
  { draft: { room } }: Planning,
  places: readonly Place[],
  { resource, amount }: Reservation,
  spoilt: number,
  others: number,
): boolean {
  const slacks = places.map(
    (place) => room.capacityOf(place, resource) - room.reservedOf(place, resource) - amount,
  );
  slacks.sort((a, b) => b - a);
  const rest = slacks.slice(spoilt);
  // To keep the group away, the others must use up more than the slack of every machine.
  return rest.length > 0 && rest.reduce((sum, slack) => sum + slack, 0) >= others;
}

function needsOf(members: readonly Subject[]): readonly Reservation[] {
  return members.flatMap(({ reserve }) => reserve);
}

function reservedOn({ draft: { room } }: Planning, place: Place, resource: Reservation["resource"]): number {
  return room.reservedOf(place, resource);
}

function reservedAt(p: Planning, place: Place): readonly Reservation[] {
  const sums = new Map<Reservation["resource"], number>();
  for (const { reserve } of p.draft.residentsOf(place).keys()) {
    for (const { resource, amount } of reserve) sums.set(resource, (sums.get(resource) ?? 0) + amount);
  }
  return [...sums].map(([resource, amount]) => ({ resource, amount }));
}

/** How many of those that the units mind, or that mind them, are on a machine; none is counted too few times. */
function rivalsAt(members: readonly Subject[], { index }: Place): number {
  let rivals = 0;
  for (const { conflictedBy, conflicts } of members) {
    for (const pattern of conflicts) rivals += pattern.matched.get(index) ?? 0;
    for (const pattern of conflictedBy) rivals += pattern.declared.get(index) ?? 0;
  }
  return rivals;
}

function rivalsMost(members: readonly Subject[]): number {
  let rivals = 0;
  for (const { conflictedBy, conflicts } of members) {
    for (const { matched } of conflicts) rivals += largest(matched.values());
    for (const { declared } of conflictedBy) rivals += largest(declared.values());
  }
  return rivals;
}

function largest(counts: Iterable<number>): number {
  let most = 0;
  for (const count of counts) if (count > most) most = count;
  return most;
}
