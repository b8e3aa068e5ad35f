/** Room for this many seats on a machine, before they would be taken for reserved percents. */
const seatsMax = 2 ** 24;

/**
 * The machines that take units, the least loaded first: by reserved share, then by number of seats, then by index. A change
 * moves one machine within the list; what lies between its old and its new place is shifted in one go.
 */
export class LoadOrder {
  readonly #order: Int32Array;
  readonly #loads: Float64Array;
  readonly #isListed: Uint8Array;
  #count = 0;

  /** @param bound - Indexes of machines are below it. */
  constructor(bound: number) {
    this.#order = new Int32Array(bound);
    this.#loads = new Float64Array(bound);
    this.#isListed = new Uint8Array(bound);
  }

  /** How many machines are in the list. */
  get count(): number {
    return this.#count;
  }

  has(index: number): boolean {
    return this.#isListed[index] === 1;
  }

  /** The machine at a place of the list, from 0. */
  at(rank: number): number {
    return this.#order[rank]!;
  }

  /** A number that is equal for machines which are loaded alike, and larger for one that is loaded more. */
  loadOf(index: number): number {
    return this.#loads[index]!;
  }

  /** Puts in a machine that is not in the list. */
  add(index: number, sharePercent: number, seats: number): void {
    this.#loads[index] = sharePercent * seatsMax + seats;
    const rank = this.#rankOf(index, 0, this.#count);
    this.#order.copyWithin(rank + 1, rank, this.#count);
    this.#order[rank] = index;
    this.#isListed[index] = 1;
    this.#count += 1;
  }

  /** Takes out a machine that is in the list. */
  delete(index: number): void {
    const rank = this.#rankOf(index, 0, this.#count);
    this.#order.copyWithin(rank, rank + 1, this.#count);
    this.#isListed[index] = 0;
    this.#count -= 1;
  }

  /** Takes in that a machine of the list is loaded differently. */
  change(index: number, sharePercent: number, seats: number): void {
    const load = sharePercent * seatsMax + seats;
    const before = this.#loads[index]!;
    if (load === before) return;
    const from = this.#rankOf(index, 0, this.#count);
    this.#loads[index] = load;
    if (load > before) {
      const to = this.#rankOf(index, from + 1, this.#count);
      this.#order.copyWithin(from, from + 1, to);
      this.#order[to - 1] = index;
    } else {
      const to = this.#rankOf(index, 0, from);
      this.#order.copyWithin(to + 1, to, from);
      this.#order[to] = index;
    }
  }

  /** The first place from `start` whose machine does not come before `index`, or `end`. */
  #rankOf(index: number, start: number, end: number): number {
    const load = this.#loads[index]!;
    let low = start;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#order[middle]!;
      const otherLoad = this.#loads[other]!;
      if (otherLoad < load || (otherLoad === load && other < index)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
