import type { Place } from "./place.js";

/** A resource that some unit reserves, shared by all units that do. */
export interface Resource {
  readonly name: string;
  readonly index: number;
}

/** What a unit takes of its machine: cpu in thousandths of a core, memory in bytes, the rest counted. */
export interface Reservation {
  readonly resource: Resource;
  readonly amount: number;
}

/** Numbers the resources that units reserve. */
export class ResourceBook {
  readonly #byName = new Map<string, Resource>();

  /** The one resource of this name. */
  intern(name: string): Resource {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const resource = { name, index: this.#byName.size };
    this.#byName.set(name, resource);
    return resource;
  }

  /** Prepares what a unit reserves. */
  reservations(amounts: ReadonlyMap<string, number>): readonly Reservation[] {
    if (amounts.size === 0) return nothingReserved;
    return [...amounts].map(([name, amount]) => ({ resource: this.intern(name), amount }));
  }
}

/** What most units reserve. */
export const nothingReserved: readonly Reservation[] = [];

/** One resource on all machines, by index. */
interface Column {
  readonly resource: Resource;
  readonly capacity: Float64Array;
  readonly reserved: Float64Array;
}

/** A share that is as bad as any: something is reserved of what is not there. */
const shareMax = 1_000;

/** How much of each resource is there and reserved on each machine, kept for those resources that some unit reserves. */
export class Room {
  readonly #places: readonly Place[];
  readonly #columns: (Column | undefined)[] = [];
  /** How many reservations of more than nothing there are. */
  #count = 0;

  constructor(places: readonly Place[]) {
    this.#places = places;
  }

  /** Whether nothing is reserved anywhere, so that shares decide nothing. */
  get isUnreserved(): boolean {
    return this.#count === 0;
  }

  /** Reserves, or gives back. */
  take(place: Place, reservations: readonly Reservation[], by: 1 | -1): void {
    for (const { resource, amount } of reservations) {
      this.#column(resource).reserved[place.index]! += by * amount;
      if (amount > 0) this.#count += by;
    }
  }

  /** Whether there is room for all of `reservations`. */
  hasRoom(place: Place, reservations: readonly Reservation[]): boolean {
    const at = place.index;
    for (const { resource, amount } of reservations) {
      const { capacity, reserved } = this.#column(resource);
      if (reserved[at]! + amount > capacity[at]!) return false;
    }
    return true;
  }

  /** What the machine states to have. */
  capacityOf(place: Place, resource: Resource): number {
    return this.#column(resource).capacity[place.index]!;
  }

  reservedOf(place: Place, resource: Resource): number {
    return this.#column(resource).reserved[place.index]!;
  }

  /** The largest reserved part of any resource, in whole percent. */
  shareOf(place: Place): number {
    let largest = 0;
    for (const column of this.#columns) {
      if (column === undefined) continue;
      const reserved = column.reserved[place.index]!;
      if (reserved === 0) continue;
      const capacity = column.capacity[place.index]!;
      const share = capacity === 0 ? shareMax : Math.floor((reserved * 100) / capacity);
      if (share > largest) largest = share;
    }
    return Math.min(largest, shareMax);
  }

  /** Takes in what a machine states now. */
  restate(place: Place): void {
    for (const column of this.#columns) {
      if (column !== undefined) column.capacity[place.index] = statedBy(place, column.resource);
    }
  }

  #column(resource: Resource): Column {
    const known = this.#columns[resource.index];
    if (known !== undefined) return known;
    const column = {
      resource,
      capacity: Float64Array.from(this.#places, (place) => statedBy(place, resource)),
      reserved: new Float64Array(this.#places.length),
    };
    while (this.#columns.length < resource.index) this.#columns.push(undefined);
    this.#columns[resource.index] = column;
    return column;
  }
}

function statedBy({ capacity }: Place, { name }: Resource): number {
  return Object.hasOwn(capacity, name) ? capacity[name]! : 0;
}
