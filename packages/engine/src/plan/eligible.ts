import { Bits } from "./bits.js";
import type { Place } from "./place.js";
import type { Subject } from "./subject.js";

/** The machines that metadata do not rule out, found by key and value instead of machine by machine. */
export class EligiblePlaces {
  readonly #places: readonly Place[];
  readonly #byDemand = new Map<string, Bits>();
  readonly #byKey = new Map<string, ReadonlyMap<string, readonly number[]>>();
  readonly #all: Bits;

  constructor(places: readonly Place[]) {
    this.#places = places;
    this.#all = new Bits(places.length);
    for (const place of places) this.#all.add(place.index);
  }

  /** The machines whose metadata the unit accepts. */
  of(subject: Subject): Bits {
    if (subject.machineMetadata.size === 0) return this.#all;
    const demand = demandKey(subject);
    const known = this.#byDemand.get(demand);
    if (known !== undefined) return known;
    const found = this.#find(subject);
    this.#byDemand.set(demand, found);
    return found;
  }

  #find(subject: Subject): Bits {
    let candidates: readonly number[] | undefined;
    for (const [key, values] of subject.machineMetadata) {
      const having = values.flatMap((value) => this.#having(key).get(value) ?? []);
      if (candidates === undefined) {
        candidates = having;
      } else {
        const narrower = new Set(having);
        candidates = candidates.filter((index) => narrower.has(index));
      }
    }
    const found = new Bits(this.#places.length);
    for (const index of candidates ?? []) found.add(index);
    return found;
  }

  /** Machines by their value of a key. */
  #having(key: string): ReadonlyMap<string, readonly number[]> {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const byValue = new Map<string, number[]>();
    for (const { index, metadata } of this.#places) {
      if (!Object.hasOwn(metadata, key)) continue;
      const value = metadata[key]!;
      const group = byValue.get(value);
      if (group === undefined) byValue.set(value, [index]);
      else group.push(index);
    }
    this.#byKey.set(key, byValue);
    return byValue;
  }
}

/** Equal for units that demand the same metadata in the same words. */
export function demandKey(subject: Subject): string {
  return subject.machineMetadata.size === 0 ? "" : JSON.stringify([...subject.machineMetadata]);
}
