import { Bits } from "./bits.js";
import type { Planning } from "./planning.js";
import type { Subject, WishTerm } from "./subject.js";

/**
 * Cuts the machines that a unit may go to into classes, the most wanted one first: by how its template is spread, then by
 * what it prefers and avoids. Within a class the load decides.
 */
export function byAppeal(p: Planning, subject: Subject, candidates: Bits): Iterable<Bits> {
  if (subject.spread === undefined && subject.wishes.length === 0) return [candidates];
  return cutByAppeal(p, subject, candidates);
}

function* cutByAppeal(p: Planning, subject: Subject, candidates: Bits): Iterable<Bits> {
  const { spread, siblings, wishes } = subject;
  const levels =
    spread === undefined || siblings === undefined
      ? [undefined]
      : p.draft.spreadLevels(siblings, spread).inOrder;
  for (const level of levels) {
    const within = level === undefined ? candidates : Bits.common(candidates, level);
    if (within.count === 0) continue;
    if (wishes.length === 0) yield within;
    else yield* byScore(p, wishes, within);
  }
}

/** Machines of equal score are one class, whichever wishes they fulfil. */
function byScore(p: Planning, wishes: readonly WishTerm[], candidates: Bits): readonly Bits[] {
  let classes = new Map<number, Bits>([[0, candidates]]);
  for (const wish of wishes) {
    const fulfilling = machinesThatFulfil(p, wish);
    const next = new Map<number, Bits>();
    for (const [score, machines] of classes) {
      const better = Bits.common(machines, fulfilling);
      if (better.count < machines.count) join(next, score, Bits.without(machines, fulfilling));
      if (better.count > 0) join(next, score + wish.weight, better);
    }
    classes = next;
  }
  return [...classes].sort(([a], [b]) => b - a).map(([, machines]) => machines);
}

function machinesThatFulfil(p: Planning, wish: WishTerm): Bits {
  return wish.kind === "metadata" ? p.eligible.meeting(wish.rule) : p.draft.machinesWith(wish.pattern);
}

function join(classes: Map<number, Bits>, score: number, machines: Bits): void {
  const others = classes.get(score);
  if (others === undefined) classes.set(score, machines);
  else others.addAll(machines);
}

/** What a unit's wishes come to on one machine. */
export function scoreAt(p: Planning, { wishes }: Subject, index: number): number {
  return wishes.reduce(
    (score, wish) => (machinesThatFulfil(p, wish).has(index) ? score + wish.weight : score),
    0,
  );
}
