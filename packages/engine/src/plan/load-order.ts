/** Room for this many seats on a machine, before they would be taken for reserved percents. */
const seatsMax = 2 ** 24;

/** When the loads of more machines than this have changed, sorting all of them anew is quicker than moving each. */
const movedMax = 64;

/**
 * The machines that take units, the least loaded first: by reserved share, then by number of seats, then by index. Changes are
 * only noted; the list is mended when somebody looks at it, so that a thousand changes on end cost one sorting.
 */
export class LoadOrder {
  readonly #order: Int32Array;
  readonly #loads: Float64Array;
  /** The loads by which the list is sorted at present. */
  readonly #listedLoads: Float64Array;
  readonly #isListed: Uint8Array;
  /** Machines whose load has changed since. */
  readonly #changed: Int32Array;
  readonly #isChanged: Uint8Array;
  #changes = 0;
  #count = 0;

  /** @param bound - Indexes of machines are below it. */
  constructor(bound: number) {
    this.#order = new Int32Array(bound);
    this.#loads = new Float64Array(bound);
    this.#listedLoads = new Float64Array(bound);
    this.#isListed = new Uint8Array(bound);
    this.#changed = new Int32Array(bound);
    this.#isChanged = new Uint8Array(bound);
  }

  has(index: number): boolean {
    return this.#isListed[index] === 1;
  }

  /** A number that is equal for machines which are loaded alike, and larger for one that is loaded more. */
  loadOf(index: number): number {
    return this.#loads[index]!;
  }

  /** The machines by load; the first `count` entries count, and only until the next change. */
  listed(): { readonly order: Int32Array; readonly count: number } {
    if (this.#changes > movedMax) this.#sort();
    else for (let at = 0; at < this.#changes; at += 1) this.#moveToItsPlace(this.#changed[at]!);
    this.#changes = 0;
    return { order: this.#order, count: this.#count };
  }

  /** Puts in a machine that is not in the list. */
  add(index: number, sharePercent: number, seats: number): void {
    this.#loads[index] = sharePercent * seatsMax + seats;
    this.#insert(index);
    this.#isListed[index] = 1;
  }

  /** Takes out a machine that is in the list. */
  delete(index: number): void {
    this.listed();
    this.#takeOut(index);
    this.#isListed[index] = 0;
  }

  /** Takes in that a machine of the list is loaded differently. */
  change(index: number, sharePercent: number, seats: number): void {
    this.#loads[index] = sharePercent * seatsMax + seats;
    if (this.#isChanged[index] === 1) return;
    this.#isChanged[index] = 1;
    this.#changed[this.#changes] = index;
    this.#changes += 1;
  }

  #moveToItsPlace(index: number): void {
    this.#isChanged[index] = 0;
    if (this.#loads[index] === this.#listedLoads[index]) return;
    this.#takeOut(index);
    this.#insert(index);
  }

  #insert(index: number): void {
    this.#listedLoads[index] = this.#loads[index]!;
    const rank = this.#rankOf(index);
    this.#order.copyWithin(rank + 1, rank, this.#count);
    this.#order[rank] = index;
    this.#count += 1;
  }

  #takeOut(index: number): void {
    const rank = this.#rankOf(index);
    this.#order.copyWithin(rank, rank + 1, this.#count);
    this.#count -= 1;
  }

  #sort(): void {
    for (let at = 0; at < this.#changes; at += 1) this.#isChanged[this.#changed[at]!] = 0;
    this.#listedLoads.set(this.#loads);
    const loads = this.#loads;
    this.#order.subarray(0, this.#count).sort((a, b) => loads[a]! - loads[b]! || a - b);
  }

  /** The first place in the list whose machine does not come before `index`. */
  #rankOf(index: number): number {
    const load = this.#listedLoads[index]!;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#order[middle]!;
      const otherLoad = this.#listedLoads[other]!;
      if (otherLoad < load || (otherLoad === load && other < index)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
