import type { UnitName } from "@fleet/core";

/** A unit that waits, and the earliest turn at which it is decided about: its own name, or that of one who follows it. */
export interface Waiting {
  readonly name: UnitName;
  readonly turn: UnitName;
}

/** Units that wait for the same, in the order of their earliest turns. */
export class TurnQueue {
  readonly #turns = new Map<UnitName, UnitName>();
  #sorted: Waiting[] = [];
  /** Added since the list was sorted. */
  #added: Waiting[] = [];

  get size(): number {
    return this.#turns.size;
  }

  add(name: UnitName, turn: UnitName): void {
    this.#turns.set(name, turn);
    this.#added.push({ name, turn });
  }

  delete(name: UnitName): void {
    const turn = this.#turns.get(name);
    if (turn === undefined) return;
    this.#turns.delete(name);
    this.#mend();
    this.#sorted.splice(indexOf(this.#sorted, { name, turn }), 1);
  }

  /** The first one that is not in a plan. */
  firstOut(isIn: (name: UnitName) => boolean): Waiting | undefined {
    this.#mend();
    return this.#sorted.find(({ name }) => !isIn(name));
  }

  /** How many from the beginning of the queue are in a plan. */
  admitted(isIn: (name: UnitName) => boolean): number {
    this.#mend();
    const first = this.#sorted.findIndex(({ name }) => !isIn(name));
    return first < 0 ? this.size : first;
  }

  /** The first `count` that are not in a plan. */
  next(count: number, isIn: (name: UnitName) => boolean): readonly UnitName[] {
    this.#mend();
    const names: UnitName[] = [];
    for (const { name } of this.#sorted) {
      if (names.length >= count) break;
      if (!isIn(name)) names.push(name);
    }
    return names;
  }

  #mend(): void {
    if (this.#added.length === 0) return;
    if (this.#added.length > addedSingly) this.#sorted = [...this.#sorted, ...this.#added].sort(compare);
    else for (const entry of this.#added) this.#sorted.splice(indexOf(this.#sorted, entry), 0, entry);
    this.#added = [];
  }
}

/** When more are added, sorting the whole list is quicker. */
const addedSingly = 32;

function compare(a: Waiting, b: Waiting): number {
  if (a.turn !== b.turn) return a.turn < b.turn ? -1 : 1;
  return a.name === b.name ? 0 : a.name < b.name ? -1 : 1;
}

function indexOf(sorted: readonly Waiting[], entry: Waiting): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(sorted[middle]!, entry) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
