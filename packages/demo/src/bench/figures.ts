/** A quantity over several runs. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

/** A figure held to what fleet promises, `atMost` or `atLeast`. */
export interface Budget {
  readonly what: string;
  readonly value: number;
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly isMet: boolean;
}

/**
 * One line of a benchmark: field names carry their units (`returnedMs`), values are numbers, texts or summaries. Budgets
 * are under `budgets`.
 */
export type Figures = Readonly<Record<string, number | string | Summary | readonly Budget[]>>;

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

/** Holds a figure to a budget that it must not exceed. */
export function atMost(what: string, value: number, limit: number): Budget {
  return { what, value: rounded(value), atMost: limit, isMet: value <= limit };
}

/** Holds a figure to a budget that it must reach. */
export function atLeast(what: string, value: number, limit: number): Budget {
  return { what, value: rounded(value), atLeast: limit, isMet: value >= limit };
}

function budgetLine({ what, value, atMost: most, atLeast: least, isMet }: Budget): string {
  const limit = most === undefined ? `at least ${least}` : `at most ${most}`;
  return `${isMet ? "met   " : "MISSED"}  ${what}: ${value} (${limit})\n`;
}

/** For people: one line for each figure, `name  median (min to max) n=runs`, then one for each budget. */
export function formatFigures(figures: Figures): string {
  const entries = Object.entries(figures);
  const plain = entries.filter(([, value]) => !Array.isArray(value));
  const width = Math.max(...plain.map(([name]) => name.length));
  const lines = plain.map(([name, value]) => `${name.padEnd(width)}  ${textOf(value as Plain)}\n`);
  const budgets = entries.flatMap(([, value]) => (Array.isArray(value) ? (value as readonly Budget[]) : []));
  return [...lines, ...budgets.map(budgetLine)].join("");
}

type Plain = number | string | Summary;

function textOf(value: Plain): string {
  return typeof value === "object"
    ? `${value.median} (${value.min} to ${value.max}) n=${value.runs}`
    : `${value}`;
}
