import { optionSpecs } from "./options.js";

/** The rows of the table of options in docs/fleetd.md; a test holds the page against them. */
export function optionTable(): string {
  const cell = (text: string) => (text === "" ? "" : `\`${text}\``);
  return Object.entries(optionSpecs)
    .map(([name, spec]) => `| \`${name}\` | ${cell(spec.fallback)} | ${spec.help.replaceAll("|", "\\|")} |`)
    .join("\n");
}
