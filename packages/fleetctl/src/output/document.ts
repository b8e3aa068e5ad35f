import { closest } from "@fleet/core";
import type { CommandArgs, OptionSpec } from "../command.js";
import { UsageError } from "../usage-error.js";
import { type Plain, renderYaml } from "./yaml.js";

/** How what is no list can be printed. */
const formats = ["text", "json", "yaml"] as const;

/** One of {@link formats}. */
export type DocumentFormat = (typeof formats)[number];

/** `--output` and `--json`, for commands that print a page or a document. */
export const documentOptions: readonly OptionSpec[] = [
  {
    name: "output",
    short: "o",
    type: "text",
    fallback: "text",
    offers: [{ kind: "words", words: formats }],
    help: `How to print: ${formats.join(", ")}.`,
  },
  { name: "json", type: "boolean", fallback: false, help: "The same as --output=json." },
];

/** Reads {@link documentOptions}. @throws {UsageError} */
export function readDocumentFormat(args: CommandArgs): DocumentFormat {
  const text = args.flag("json") ? "json" : args.text("output");
  const format = formats.find((candidate) => candidate === text);
  if (format !== undefined) return format;
  const meant = closest(text, formats);
  throw new UsageError(`Error: unknown format ${JSON.stringify(text)} for --output`, {
    suggestions: meant === undefined ? [] : [`--output=${meant}`],
    hint: `The formats are ${formats.join(", ")}`,
  });
}

/**
 * Prints a document for programs.
 * @param schema - The name and version of it: `fleetctl.explain/1`; docs/output.md describes each.
 */
export function renderDocument(
  format: Exclude<DocumentFormat, "text">,
  schema: string,
  document: { readonly [key: string]: Plain },
): string {
  const whole = { schema, ...document };
  return format === "yaml" ? renderYaml(whole) : `${JSON.stringify(whole, undefined, 2)}\n`;
}
