import type { UnitName } from "@fleet/core";

/** Names of units in their order, so that those that begin alike are found together. */
export class SortedNames {
  #names: UnitName[];

  constructor(names: Iterable<UnitName>) {
    this.#names = [...names].sort();
  }

  add(name: UnitName): void {
    const at = this.#indexOf(name);
    if (this.#names[at] !== name) this.#names.splice(at, 0, name);
  }

  delete(name: UnitName): void {
    const at = this.#indexOf(name);
    if (this.#names[at] === name) this.#names.splice(at, 1);
  }

  /** The names that begin with `prefix`, in order. */
  *beginningWith(prefix: string): Iterable<UnitName> {
    for (let at = this.#indexOf(prefix); at < this.#names.length; at += 1) {
      const name = this.#names[at]!;
      if (!name.startsWith(prefix)) return;
      yield name;
    }
  }

  /** Where the first name is that is not less than `text`. */
  #indexOf(text: string): number {
    let low = 0;
    let high = this.#names.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#names[middle]! < text) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
