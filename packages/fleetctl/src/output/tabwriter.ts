/** The distance between tab stops. */
const tabWidth = 8;
/** At least this much room between two columns. */
const padding = 1;

/**
 * Lays rows out in columns that line up at tab stops, byte for byte as the original: a column is as wide as its longest
 * cell and one more, rounded up to a tab stop; a cell is followed by the tabs that fill it; the last one by none.
 * @param rows - All with the same number of cells.
 * @returns one line for each row, each with its line end; an empty text for no rows.
 */
export function layOutColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, columnWidth(length(cell)));
    }
  }
  return rows.map((row) => `${layOutRow(row, widths)}\n`).join("");
}

function layOutRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => {
      if (column === row.length - 1) return cell;
      const rest = (widths[column] ?? 0) - length(cell);
      return cell + "\t".repeat(Math.ceil(rest / tabWidth));
    })
    .join("");
}

function columnWidth(cellLength: number): number {
  return Math.ceil((cellLength + padding) / tabWidth) * tabWidth;
}

/** In characters, not in the units of a JavaScript string. */
function length(cell: string): number {
  let count = 0;
  for (const _ of cell) count += 1;
  return count;
}
