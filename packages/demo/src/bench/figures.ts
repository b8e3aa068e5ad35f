/** A quantity over several runs. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

/**
 * One line of a benchmark: field names carry their units (`returnedMs`), values are numbers, texts or summaries.
 */
export type Figures = Readonly<Record<string, number | string | Summary>>;

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** Sums up at least one value. */
export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return {
    median: rounded(median),
    min: rounded(at(0)),
    max: rounded(at(sorted.length - 1)),
    runs: sorted.length,
  };
}

/** How many times as long as the baseline of the same run, by the medians. */
export function ratio(value: Summary, baseline: Summary): number {
  return rounded(value.median / baseline.median);
}

/** For people: one line for each figure, `name  median (min to max) n=runs`. */
export function formatFigures(figures: Figures): string {
  const width = Math.max(...Object.keys(figures).map((name) => name.length));
  const lines = Object.entries(figures).map(([name, value]) => {
    const text =
      typeof value === "object"
        ? `${value.median} (${value.min} to ${value.max}) n=${value.runs}`
        : `${value}`;
    return `${name.padEnd(width)}  ${text}`;
  });
  return `${lines.join("\n")}\n`;
}
