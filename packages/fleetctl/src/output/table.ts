import { closest } from "@fleet/core";
import type { OptionSpec } from "../command.js";
import { UsageError } from "../usage-error.js";
import { printable } from "./printable.js";
import { layOutColumns } from "./tabwriter.js";

/** The cells that a row can show, by field name. */
export type Fields<Row> = Readonly<Record<string, (row: Row) => string>>;

/** `--no-legend`, as all lists have it. */
export const noLegendOption: OptionSpec = {
  name: "no-legend",
  type: "boolean",
  fallback: false,
  help: "Leave the header line out.",
};

/** `--fields`, with the columns of this list. */
export function fieldsOption(fields: readonly string[], fallback: string): OptionSpec {
  return {
    name: "fields",
    type: "text",
    fallback,
    offers: [{ kind: "words", words: fields, separator: "," }],
    help: `Columns to print, in this order, separated by commas: ${fields.join(", ")}.`,
  };
}

/**
 * Reads the value of `--fields`.
 * @throws {UsageError} with the original's texts.
 */
export function parseFields<Row>(text: string, fields: Fields<Row>): readonly string[] {
  if (text === "") throw new UsageError("Must define output format", { hint: fieldList(fields) });
  const names = text.split(",");
  for (const name of names) {
    if (Object.hasOwn(fields, name)) continue;
    const meant = closest(name, Object.keys(fields));
    throw new UsageError(`Invalid key in output format: ${JSON.stringify(name)}`, {
      hint: fieldList(fields),
      suggestions: meant === undefined ? [] : [meant],
    });
  }
  return names;
}

/**
 * Prints a table.
 * @param names - Valid names of fields, as from {@link parseFields}.
 */
export function renderTable<Row>(
  rows: readonly Row[],
  fields: Fields<Row>,
  names: readonly string[],
  withLegend: boolean,
): string {
  const header = withLegend ? [names.map((name) => name.toUpperCase())] : [];
  const body = rows.map((row) => names.map((name) => printable(fields[name]?.(row) ?? "")));
  return layOutColumns([...header, ...body]);
}

function fieldList<Row>(fields: Fields<Row>): string {
  return `The fields are ${Object.keys(fields).join(", ")}`;
}
