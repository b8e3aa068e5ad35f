import type { Subject } from "../subject.js";

/** Where units stand in a draft, by the index of the machine. Nearly all stand on one machine, and there are many units. */
export class Residences {
  readonly #places = new Map<Subject, number | Set<number>>();

  /** The machines where a unit stands. */
  of(subject: Subject): Iterable<number> {
    const places = this.#places.get(subject);
    return places === undefined ? [] : typeof places === "number" ? [places] : places;
  }

  /** On how many machines a unit stands. */
  count(subject: Subject): number {
    const places = this.#places.get(subject);
    return places === undefined ? 0 : typeof places === "number" ? 1 : places.size;
  }

  /** Says anew where a unit stands. */
  set(subject: Subject, places: ReadonlySet<number>): void {
    const [first] = places;
    if (first === undefined) this.#places.delete(subject);
    else this.#places.set(subject, places.size === 1 ? first : new Set(places));
  }

  /** Adds a machine. */
  enter(subject: Subject, place: number): void {
    const places = this.#places.get(subject);
    if (places === undefined) this.#places.set(subject, place);
    else if (typeof places === "number") this.#places.set(subject, new Set([places, place]));
    else places.add(place);
  }

  /** Takes a machine out. @returns whether the unit stood there. */
  leave(subject: Subject, place: number): boolean {
    const places = this.#places.get(subject);
    if (places === undefined || (typeof places === "number" && places !== place)) return false;
    return typeof places === "number" ? this.#places.delete(subject) : places.delete(place);
  }

  /** Forgets a unit. */
  delete(subject: Subject): void {
    this.#places.delete(subject);
  }
}
