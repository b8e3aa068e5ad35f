/** What an API server has done since the process began. For metrics; nothing is decided by it. */
export interface ApiCounters {
  /** Answers by the first digit of their status: `2xx`. */
  readonly answers: Readonly<Record<string, number>>;
  /** Requests that are not answered yet, long polls among them. */
  readonly underWay: number;
}

/** The same, for the one who counts. */
export class MutableApiCounters implements ApiCounters {
  readonly answers: Record<string, number> = {};
  underWay = 0;

  /** Counts a request that has come. */
  begin(): void {
    this.underWay += 1;
  }

  /** Counts its answer. */
  end(status: number): void {
    this.underWay -= 1;
    const kind = `${Math.floor(status / 100)}xx`;
    this.answers[kind] = (this.answers[kind] ?? 0) + 1;
  }
}
