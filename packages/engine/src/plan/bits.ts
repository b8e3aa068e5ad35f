/** A set of small integers below a fixed bound: the machines of a plan, by index. */
export class Bits {
  readonly words: Uint32Array;
  #count = 0;

  /** @param bound - Members are below it. */
  constructor(bound: number) {
    this.words = new Uint32Array((bound + 31) >>> 5);
  }

  /** How many members there are. */
  get count(): number {
    return this.#count;
  }

  has(member: number): boolean {
    return (this.words[member >>> 5]! & (1 << (member & 31))) !== 0;
  }

  add(member: number): void {
    if (this.has(member)) return;
    this.words[member >>> 5]! |= 1 << (member & 31);
    this.#count += 1;
  }

  delete(member: number): void {
    if (!this.has(member)) return;
    this.words[member >>> 5]! &= ~(1 << (member & 31));
    this.#count -= 1;
  }

  /** Makes the members those of a set with the same bound. */
  fillFrom(other: Bits): void {
    this.words.set(other.words);
    this.#count = other.#count;
  }

  /** Takes away all members that `mask` does not have. */
  keepOnly(mask: Bits): void {
    let count = 0;
    for (let at = 0; at < this.words.length; at += 1) {
      const word = this.words[at]! & mask.words[at]!;
      this.words[at] = word;
      count += onesIn(word);
    }
    this.#count = count;
  }

  /** Calls `visit` for the members that `mask` has too, ascending, until it returns true. */
  someIn(mask: Bits, visit: (member: number) => boolean): boolean {
    for (let at = 0; at < this.words.length; at += 1) {
      let word = this.words[at]! & mask.words[at]!;
      while (word !== 0) {
        const lowest = word & -word;
        if (visit((at << 5) + 31 - Math.clz32(lowest))) return true;
        word ^= lowest;
      }
    }
    return false;
  }
}

function onesIn(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
