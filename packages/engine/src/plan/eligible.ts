import { type MetadataRule, valueMeetsRule } from "@fleet/core";
import { Bits } from "./bits.js";
import type { Place } from "./place.js";
import type { Subject } from "./subject.js";

/** The machines that metadata do not rule out, found by key and value instead of machine by machine. */
export class EligiblePlaces {
  readonly #places: readonly Place[];
  readonly #byDemand = new Map<string, Bits>();
  readonly #byRule = new Map<string, Bits>();
  readonly #byKey = new Map<string, ReadonlyMap<string, readonly number[]>>();
  readonly #all: Bits;

  constructor(places: readonly Place[]) {
    this.#places = places;
    this.#all = new Bits(places.length);
    for (const place of places) this.#all.add(place.index);
  }

  /** The machines whose metadata the unit accepts. */
  of(subject: Subject): Bits {
    const demand = demandKey(subject);
    if (demand === "") return this.#all;
    const known = this.#byDemand.get(demand);
    if (known !== undefined) return known;
    const found = this.#withPairs(subject);
    for (const rule of subject.metadataRules) found.keepOnly(this.meeting(rule));
    this.#byDemand.set(demand, found);
    return found;
  }

  /** The machines that meet one demand. */
  meeting(rule: MetadataRule): Bits {
    const id = ruleKey(rule);
    const known = this.#byRule.get(id);
    if (known !== undefined) return known;
    const found = new Bits(this.#places.length);
    const isMetWithout = valueMeetsRule(rule, undefined);
    if (isMetWithout) for (const { index } of this.#places) found.add(index);
    for (const [value, having] of this.#having(rule.key)) {
      const isMet = valueMeetsRule(rule, value);
      if (isMet === isMetWithout) continue;
      for (const index of having) {
        if (isMet) found.add(index);
        else found.delete(index);
      }
    }
    this.#byRule.set(id, found);
    return found;
  }

  #withPairs(subject: Subject): Bits {
    const found = new Bits(this.#places.length);
    if (subject.machineMetadata.size === 0) {
      found.fillFrom(this.#all);
      return found;
    }
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

/** Equal for units that demand the same metadata in the same words. Empty for units that demand none. */
export function demandKey({ machineMetadata, metadataRules }: Subject): string {
  if (metadataRules.length === 0)
    return machineMetadata.size === 0 ? "" : JSON.stringify([...machineMetadata]);
  return JSON.stringify([[...machineMetadata], metadataRules]);
}

function ruleKey({ key, operator, values }: MetadataRule): string {
  return JSON.stringify([key, operator, values]);
}
