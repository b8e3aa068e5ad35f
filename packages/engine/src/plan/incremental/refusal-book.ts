import { compareUnitNames, type UnitName } from "@fleet/core";
import type { Pattern } from "../pattern-book.js";
import { compareRefusals } from "../plan.js";
import type { Planning } from "../planning.js";
import type { Refusal } from "../refusal.js";
import type { Resource } from "../resources.js";
import type { Subject } from "../subject.js";
import type { Unwilling } from "../world.js";
import { addTo, deleteFrom } from "./standing-cluster.js";

/** When those of more units are different, sorting all refusals is quicker. */
const mendedMax = 64;

/**
 * Who is refused, and why; and who has refused. A refusal holds, word by word, until something happens to a unit that is
 * tied to the refused one, or to a machine.
 */
export class RefusalBook {
  readonly #refusals = new Map<UnitName, readonly Refusal[]>();
  readonly #unwilling = new Map<UnitName, readonly Unwilling[]>();
  readonly #byTie = new Map<Tie, Set<UnitName>>();
  readonly #tiesOf = new Map<UnitName, ReadonlySet<Tie>>();
  #sortedRefusals: readonly Refusal[] | undefined;
  /** Whose refusals may have changed since they were sorted, and what they were. */
  readonly #before = new Map<UnitName, readonly Refusal[]>();
  #sortedUnwilling: readonly Unwilling[] | undefined;

  /** All units that are refused something. */
  get names(): Iterable<UnitName> {
    return this.#refusals.keys();
  }

  has(name: UnitName): boolean {
    return this.#refusals.has(name);
  }

  /** Whether a machine refuses the unit. */
  isUnwanted(name: UnitName): boolean {
    return this.#unwilling.has(name);
  }

  /** The refused units to whom it matters what becomes of others that have the same tie. */
  tiedBy(tie: Tie): Iterable<UnitName> {
    return this.#byTie.get(tie) ?? [];
  }

  /** Forgets a unit. */
  delete(name: UnitName): void {
    this.#keepBefore(name);
    this.#refusals.delete(name);
    if (this.#unwilling.delete(name)) this.#sortedUnwilling = undefined;
    for (const tie of this.#tiesOf.get(name) ?? []) deleteFrom(this.#byTie, tie, name);
    this.#tiesOf.delete(name);
  }

  /** Takes in what a plan says of the units that it has decided about, all of which must have been forgotten. */
  enter(p: Planning, subjects: ReadonlyMap<UnitName, Subject>): void {
    const found = new Map<UnitName, Refusal[]>();
    for (const refusal of [...p.refusals.values(), ...p.remarks]) {
      const others = found.get(refusal.unit);
      if (others === undefined) found.set(refusal.unit, [refusal]);
      else others.push(refusal);
    }
    for (const [name, refusals] of found) {
      this.#keepBefore(name);
      this.#refusals.set(name, refusals.sort(compareRefusals));
      this.index(subjects.get(name)!);
    }
  }

  /** Takes in which machines refuse units, in the order of the machines. */
  enterUnwilling(unwilling: readonly Unwilling[]): void {
    for (const entry of unwilling) {
      this.#unwilling.set(entry.unit, [...(this.#unwilling.get(entry.unit) ?? []), entry]);
      this.#sortedUnwilling = undefined;
    }
  }

  /**
   * Finds a refused unit by its ties, also by those that have come up since. Those that are no more were a reason to refuse
   * it, so it is found by them until it has been decided about again.
   */
  index(subject: Subject): void {
    const { name } = subject;
    if (!this.#refusals.has(name)) return;
    const ties = new Set([...(this.#tiesOf.get(name) ?? []), ...tiesOf(subject)]);
    this.#tiesOf.set(name, ties);
    for (const tie of ties) addTo(this.#byTie, tie, name);
  }

  /** By unit and machine. The same list as before if nothing is different. */
  get refusals(): readonly Refusal[] {
    const sorted = this.#sortedRefusals;
    const different = [...this.#before.keys()].filter((name) => this.#isDifferent(name));
    if (sorted === undefined || different.length > mendedMax) {
      this.#sortedRefusals = [...this.#refusals.values()].flat().sort(compareRefusals);
    } else if (different.length > 0) {
      const mended = [...sorted];
      for (const name of different) {
        const at = indexOf(mended, name);
        mended.splice(at, this.#before.get(name)!.length, ...(this.#refusals.get(name) ?? []));
      }
      this.#sortedRefusals = mended;
    }
    this.#before.clear();
    return this.#sortedRefusals!;
  }

  #keepBefore(name: UnitName): void {
    if (this.#sortedRefusals === undefined || this.#before.has(name)) return;
    this.#before.set(name, this.#refusals.get(name) ?? []);
  }

  #isDifferent(name: UnitName): boolean {
    const after = this.#refusals.get(name) ?? [];
    const before = this.#before.get(name)!;
    return before.length !== after.length || before.some((refusal, index) => !isSame(refusal, after[index]!));
  }

  /** By unit and machine. The same list as before if nothing is different. */
  get unwilling(): readonly Unwilling[] {
    this.#sortedUnwilling ??= [...this.#unwilling.keys()]
      .sort()
      .flatMap((name) => this.#unwilling.get(name) ?? []);
    return this.#sortedUnwilling;
  }
}

/** Something by which units that have it in common can be in each other's way. */
export type Tie = Pattern | Resource;

/** Everything by which a unit can be in the way of others, wherever they are. */
export function tiesOf(subject: Subject): readonly Tie[] {
  const { conflicts, conflictedBy, replaces, replacedBy, reserve } = subject;
  return [
    ...conflicts,
    ...conflictedBy,
    ...replaces,
    ...replacedBy,
    ...reserve.map(({ resource }) => resource),
  ];
}

/** Where the first refusal is that is not of a unit before `name`. */
function indexOf(sorted: readonly Refusal[], name: UnitName): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareUnitNames(sorted[middle]!.unit, name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Compares the sentences first, because they are different nearly always when anything is. */
function isSame(a: Refusal, b: Refusal): boolean {
  if (a.reason !== b.reason) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof Refusal>;
  for (const key of keys) {
    if (a[key] !== b[key] && JSON.stringify(a[key]) !== JSON.stringify(b[key])) return false;
  }
  return true;
}
