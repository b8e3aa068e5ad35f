import { formatAmount } from "@fleet/core";
import type { Draft } from "../draft.js";
import type { Place } from "../place.js";
import type { Reservation } from "../resources.js";
import type { Subject } from "../subject.js";
import type { Check, Objection } from "./check.js";

/** A machine must have room for what the unit reserves, beside what is reserved there already. */
export const resources: Check = {
  name: "resources",
  // What is there already is counted already.
  passes: (subject, place, draft) => draft.hasRoomFor(subject, place),
  inGeneral: { one: "has too little room", many: "have too little room" },
  explain: (subject, place, draft) => {
    const lacking = lackAt(subject, place, draft);
    return lacking === undefined ? { one: "has room", many: "have room" } : wordsFor(lacking);
  },
};

/** What a machine has too little of, in the measure of {@link Reservation}. */
export interface Lack {
  readonly name: string;
  readonly needed: number;
  readonly capacity: number;
  /** Never below 0. */
  readonly free: number;
}

/** The first resource that the machine has too little of for the unit. */
export function lackAt(subject: Subject, place: Place, draft: Draft): Lack | undefined {
  if (draft.residentsOf(place).has(subject)) return undefined;
  for (const reservation of subject.reserve) {
    const lack = lackOf(reservation, place, draft);
    if (lack.needed > lack.free) return lack;
  }
  return undefined;
}

/** What the machine has of each resource that the unit reserves, too little or not. */
export function lacksAt(subject: Subject, place: Place, draft: Draft): readonly Lack[] {
  return subject.reserve.map((reservation) => lackOf(reservation, place, draft));
}

function lackOf({ resource, amount }: Reservation, place: Place, { room }: Draft): Lack {
  const capacity = room.capacityOf(place, resource);
  const free = Math.max(0, capacity - room.reservedOf(place, resource));
  return { name: resource.name, needed: amount, capacity, free };
}

function wordsFor({ name, needed, capacity, free }: Lack): Objection {
  const print = (amount: number): string => formatAmount(name, amount);
  const need = `needs ${name}=${print(needed)}`;
  if (capacity === 0) return { one: `has no ${name} (${need})`, many: `have no ${name} (${need})` };
  if (needed > capacity) {
    const what = `${name}=${print(capacity)} in all (${need})`;
    return { one: `has ${what}`, many: `have less than ${name}=${print(needed)} in all` };
  }
  return {
    one: `has ${print(free)} of ${name}=${print(capacity)} free (${need})`,
    many: `have too little ${name} free (${need})`,
  };
}
