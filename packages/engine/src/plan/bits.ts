/** A set of small integers below a fixed bound: the machines of a plan, by index. */
export class Bits {
  readonly words: Uint32Array;
  /** Members are below it. */
  readonly bound: number;
  #count = 0;

  constructor(bound: number) {
    this.bound = bound;
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

  /** A new set of the members that both have. */
  static common(a: Bits, b: Bits): Bits {
    const found = new Bits(a.bound);
    found.fillFrom(a);
    found.keepOnly(b);
    return found;
  }

  /** A new set of the members of `a` that `b` does not have. */
  static without(a: Bits, b: Bits): Bits {
    const found = new Bits(a.bound);
    found.fillFrom(a);
    found.removeAll(b);
    return found;
  }

  /** Adds all members of another set with the same bound. */
  addAll(other: Bits): void {
    this.#setWords((word, at) => word | other.words[at]!);
  }

  /** Takes away all members of another set. */
  removeAll(other: Bits): void {
    this.#setWords((word, at) => word & ~other.words[at]!);
  }

  /** Makes the members those of a set with the same bound. */
  fillFrom(other: Bits): void {
    this.words.set(other.words);
    this.#count = other.#count;
  }

  /** Takes away all members that `mask` does not have. */
  keepOnly(mask: Bits): void {
    this.#setWords((word, at) => word & mask.words[at]!);
  }

  #setWords(wordAt: (word: number, at: number) => number): void {
    let count = 0;
    for (let at = 0; at < this.words.length; at += 1) {
      const word = wordAt(this.words[at]!, at);
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
