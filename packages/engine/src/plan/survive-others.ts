import type { UnitName } from "@fleet/core";
import { unreadableUnitsOn } from "./drain-progress.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";

/** The units beside the plain ones that losses leave without a place: global ones, and those that nobody can read. */
export class OtherUnits {
  readonly #p: Planning;
  readonly #unreadable = new Map<Place, readonly UnitName[]>();
  /** The machines of each global unit, as far as they are there. */
  readonly #machines = new Map<Subject, readonly Place[]>();
  readonly #globals = new Map<Place, readonly Subject[]>();

  /**
   * @param p - A plan in which nothing is under way.
   * @param losses - How many machines are lost at a time at most: units on more survive.
   */
  constructor(p: Planning, losses: number) {
    this.#p = p;
    const seats = [
      ...p.globalClaims.map(({ claim, subject }) => ({ place: claim.place, subject })),
      ...p.globalSeatings,
    ];
    for (const { place, subject } of seats) {
      if (place.presenceRevision === 0) continue;
      this.#machines.set(subject, [...(this.#machines.get(subject) ?? []), place]);
    }
    for (const [subject, places] of this.#machines) {
      if (places.length > losses) continue;
      for (const place of places) this.#globals.set(place, [...(this.#globals.get(place) ?? []), subject]);
    }
  }

  /** Lists the unreadable units of a machine. */
  unreadableOn(place: Place): readonly UnitName[] {
    let known = this.#unreadable.get(place);
    if (known === undefined) {
      known = unreadableUnitsOn(this.#p.world.view, place.id);
      this.#unreadable.set(place, known);
    }
    return known;
  }

  /** Lists the global units that have all their seats on these machines; others may take them afterwards. */
  globalsOnlyOn(lost: readonly Place[]): readonly Subject[] {
    const found = lost
      .flatMap((place) => this.#globals.get(place) ?? [])
      .filter((subject) => this.#machines.get(subject)!.every((place) => lost.includes(place)));
    return [...new Set(found)];
  }
}
