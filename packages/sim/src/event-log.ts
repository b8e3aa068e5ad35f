/** One line of what happened. */
export interface LogLine {
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
}

/**
 * What happened, in order. Its digest is over everything, so two runs with the same digest were the same; the lines are
 * kept only for who wants to read them.
 */
export class EventLog {
  readonly lines: LogLine[] = [];
  readonly #keepsLines: boolean;
  #low = 0x811c9dc5;
  #high = 0x01000193;
  #count = 0;

  constructor(keepsLines: boolean) {
    this.#keepsLines = keepsLines;
  }

  /** Whether lines are kept: what is only for reading need not be written otherwise. */
  get keepsLines(): boolean {
    return this.#keepsLines;
  }

  /** How many lines there were. */
  get count(): number {
    return this.#count;
  }

  /** Takes in what happened. */
  add(atMs: number, who: string, what: string): void {
    this.#count += 1;
    this.#mix(`${atMs.toFixed(3)} ${who} ${what}\n`);
    if (this.#keepsLines) this.lines.push({ atMs, who, what });
  }

  /** A remark for the reader, which is no part of what happened. */
  remark(atMs: number, who: string, what: string): void {
    if (this.#keepsLines) this.lines.push({ atMs, who, what });
  }

  /** 16 hexadecimal digits. */
  get digest(): string {
    return [this.#low, this.#high].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }

  #mix(text: string): void {
    let low = this.#low;
    let high = this.#high;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      low = Math.imul(low ^ unit, 0x01000193);
      high = Math.imul(high ^ unit ^ (low >>> 13), 0x85ebca6b);
    }
    this.#low = low;
    this.#high = high;
  }
}
