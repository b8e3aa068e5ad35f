import type { Requirements, Unit } from "@fleet/core";
import type { PatternBook } from "../pattern-book.js";
import type { SubjectBooks } from "../subject.js";

/** A pattern that has come up: units whose names it matches do not know of it yet. */
export interface NewPattern {
  readonly text: string;
  readonly matches: (name: string) => boolean;
}

/**
 * Keeps the books of patterns to those that some record declares, as a planner finds them that reads all records anew: a
 * pattern ties units to each other even if nobody who declares it is placed.
 */
export class PatternLedger {
  readonly #books: SubjectBooks;
  readonly #conflicts = new Map<string, number>();
  readonly #replaces = new Map<string, number>();
  readonly #wishes = new Map<string, number>();

  /** @param books - In which the patterns of all `units` are. */
  constructor(books: SubjectBooks, units: Iterable<Unit>) {
    this.#books = books;
    for (const unit of units) {
      for (const text of unit.requirements?.conflicts ?? []) count(this.#conflicts, text, 1);
      for (const text of unit.requirements?.replaces ?? []) count(this.#replaces, text, 1);
      for (const text of wishedUnits(unit.requirements)) count(this.#wishes, text, 1);
    }
  }

  /** Takes in that a record has changed, come or gone. @returns the patterns that nobody declared before. */
  change(before: Unit | undefined, after: Unit | undefined): readonly NewPattern[] {
    const added: NewPattern[] = [];
    const { conflicts, replaces, wishes } = this.#books;
    const old = before?.requirements;
    const now = after?.requirements;
    enter(this.#conflicts, conflicts, now?.conflicts ?? [], added);
    enter(this.#replaces, replaces, now?.replaces ?? [], added);
    enter(this.#wishes, wishes, wishedUnits(now), added);
    strike(this.#conflicts, conflicts, old?.conflicts ?? []);
    strike(this.#replaces, replaces, old?.replaces ?? []);
    strike(this.#wishes, wishes, wishedUnits(old));
    return added;
  }
}

function wishedUnits(requirements: Requirements | undefined): readonly string[] {
  if (requirements === undefined || requirements.wishes.length === 0) return [];
  return requirements.wishes.flatMap((wish) => (wish.kind === "unit" ? wish.pattern : []));
}

function enter(
  counts: Map<string, number>,
  book: PatternBook,
  texts: readonly string[],
  added: NewPattern[],
): void {
  for (const text of texts) if (count(counts, text, 1) === 1) added.push(book.intern(text));
}

function strike(counts: Map<string, number>, book: PatternBook, texts: readonly string[]): void {
  for (const text of texts) if (count(counts, text, -1) === 0) book.forget(text);
}

function count(counts: Map<string, number>, text: string, by: 1 | -1): number {
  const sum = (counts.get(text) ?? 0) + by;
  if (sum === 0) counts.delete(text);
  else counts.set(text, sum);
  return sum;
}
