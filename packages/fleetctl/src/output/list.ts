import { closest } from "@fleet/core";
import type { CommandArgs, OptionSpec } from "../command.js";
import { UsageError } from "../usage-error.js";
import { fullOption } from "./full-option.js";
import { type Fields, fieldsOption, noLegendOption, parseFields, renderTable } from "./table.js";
import { type Plain, renderYaml } from "./yaml.js";

/** How a list can be printed. */
const formats = ["table", "wide", "name", "json", "yaml"] as const;

/** One of {@link formats}. */
export type ListFormat = (typeof formats)[number];

/** What a list is, for all formats. */
export interface ListShape<Row> {
  /** The name and version of its documents: `fleetctl.list-units/1`; docs/output.md describes each. */
  readonly schema: string;
  readonly fields: Fields<Row>;
  /** The columns of a table when nobody says which. */
  readonly columns: string;
  /** The columns of a wide table. */
  readonly wideColumns: string;
  /** What other commands know a row by. */
  name(row: Row): string;
  /** A row for programs; each key is always there. */
  item(row: Row): Plain;
}

/** How one list is to be printed, read from the command line. */
export interface ListView {
  readonly format: ListFormat;
  /** The columns of a table; empty for other formats. */
  readonly columns: readonly string[];
  readonly isFull: boolean;
  readonly withLegend: boolean;
}

/** `--fields`, `--full`, `--no-legend` and `--output`, as all lists have them. */
export function listOptions<Row>({ fields, columns }: ListShape<Row>): readonly OptionSpec[] {
  return [
    fieldsOption(Object.keys(fields), columns),
    fullOption,
    noLegendOption,
    {
      name: "output",
      short: "o",
      type: "text",
      fallback: "table",
      offers: [{ kind: "words", words: formats }],
      help: `How to print: ${formats.join(", ")}.`,
    },
  ];
}

/**
 * Reads the options of {@link listOptions}.
 * @throws {UsageError}
 */
export function readListView<Row>(args: CommandArgs, shape: ListShape<Row>): ListView {
  const format = readFormat(args.text("output"));
  const fields = args.text("fields");
  const isTable = format === "table" || format === "wide";
  if (!isTable && fields !== shape.columns) {
    throw new UsageError(`Error: --fields has no meaning with --output=${format}`, {
      hint: "Documents always have all fields.",
    });
  }
  const columns = format === "wide" && fields === shape.columns ? shape.wideColumns : fields;
  return {
    format,
    columns: isTable ? parseFields(columns, shape.fields) : [],
    isFull: format === "wide" || args.flag("full"),
    withLegend: !args.flag("no-legend"),
  };
}

/** Prints a list as the view says. */
export function renderList<Row>(rows: readonly Row[], shape: ListShape<Row>, view: ListView): string {
  switch (view.format) {
    case "table":
    case "wide":
      return renderTable(rows, shape.fields, view.columns, view.withLegend);
    case "name":
      // A global unit has a row on each machine, and one name.
      return [...new Set(rows.map((row) => `${shape.name(row)}\n`))].join("");
    case "json":
      return `${JSON.stringify(toDocument(rows, shape), undefined, 2)}\n`;
    case "yaml":
      return renderYaml(toDocument(rows, shape));
  }
}

function toDocument<Row>(rows: readonly Row[], shape: ListShape<Row>): Plain {
  return { schema: shape.schema, items: rows.map((row) => shape.item(row)) };
}

function readFormat(text: string): ListFormat {
  const format = formats.find((candidate) => candidate === text);
  if (format !== undefined) return format;
  const meant = closest(text, formats);
  throw new UsageError(`Error: unknown format ${JSON.stringify(text)} for --output`, {
    suggestions: meant === undefined ? [] : [`--output=${meant}`],
    hint: `The formats are ${formats.join(", ")}`,
  });
}
