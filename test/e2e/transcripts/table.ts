const tabStop = 8;

/** Takes a row `| a | b` of a transcript apart. */
export function readRow(line: string): readonly string[] {
  return line.slice(2).split(" | ");
}

/** Writes a row for a transcript. */
export function writeRow(cells: readonly string[]): string {
  return `| ${cells.join(" | ")}`;
}

/**
 * The bytes of a table by the original's rules, written here a second time, so that fleetctl's own layout is not compared with
 * itself: a column is as wide as its longest cell and one more, rounded up to a tab stop; every cell but the last of its row
 * is followed by tabs up to there.
 */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.slice(0, -1).entries()) {
      const width = Math.ceil((cell.length + 1) / tabStop) * tabStop;
      widths[column] = Math.max(widths[column] ?? 0, width);
    }
  }
  const padded = (cell: string, column: number): string =>
    cell + "\t".repeat(Math.ceil(((widths[column] ?? 0) - cell.length) / tabStop));
  return rows
    .map(
      (row) =>
        `${row.map((cell, index) => (index === row.length - 1 ? cell : padded(cell, index))).join("")}\n`,
    )
    .join("");
}
