import { Bits } from "./bits.js";
import type { Tally } from "./pattern-book.js";
import type { Place } from "./place.js";

/** The machines by their value of one metadata key. */
export class KeyGroups {
  /** For each machine the number of its group; -1 for one without the key. */
  readonly groupOf: Int32Array;
  readonly members: readonly Bits[];
  /** The machines without the key. */
  readonly without: Bits;

  constructor(places: readonly Place[], key: string) {
    const byValue = new Map<string, Bits>();
    this.groupOf = new Int32Array(places.length);
    this.without = new Bits(places.length);
    const numbers = new Map<string, number>();
    for (const { index, metadata } of places) {
      const value = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
      if (value === undefined) {
        this.groupOf[index] = -1;
        this.without.add(index);
        continue;
      }
      const group = byValue.get(value) ?? new Bits(places.length);
      group.add(index);
      byValue.set(value, group);
      if (!numbers.has(value)) numbers.set(value, numbers.size);
      this.groupOf[index] = numbers.get(value)!;
    }
    this.members = [...byValue.values()];
  }
}

/**
 * The machines by how many instances of one template are on machines with the same value of a key. Kept in step with the
 * instances, so that a unit does not have to count them.
 */
export class SpreadLevels {
  readonly #groups: KeyGroups;
  readonly #counts: Int32Array;
  /** The machines of all groups with that many instances. */
  readonly #levels: Bits[] = [];

  /** @param instances - How many there are on each machine now. */
  constructor(groups: KeyGroups, instances: Tally) {
    this.#groups = groups;
    this.#counts = new Int32Array(groups.members.length);
    for (const [machine, count] of instances) {
      const group = groups.groupOf[machine]!;
      if (group >= 0) this.#counts[group]! += count;
    }
    for (const [group, members] of groups.members.entries())
      this.#level(this.#counts[group]!).addAll(members);
  }

  /** Takes in that an instance has come to a machine, or gone from it. */
  change(machine: number, by: 1 | -1): void {
    const group = this.#groups.groupOf[machine]!;
    if (group < 0) return;
    const members = this.#groups.members[group]!;
    this.#level(this.#counts[group]!).removeAll(members);
    this.#counts[group]! += by;
    this.#level(this.#counts[group]!).addAll(members);
  }

  /** How many instances are on machines with the same value as this one; infinitely many if it has none. */
  countFor(machine: number): number {
    const group = this.#groups.groupOf[machine]!;
    return group < 0 ? Number.POSITIVE_INFINITY : this.#counts[group]!;
  }

  /** The machines, those first whose value has the fewest instances, those without the key last. */
  get inOrder(): readonly Bits[] {
    return [...this.#levels, this.#groups.without];
  }

  #level(count: number): Bits {
    while (this.#levels.length <= count) this.#levels.push(new Bits(this.#groups.without.bound));
    return this.#levels[count]!;
  }
}
