import { closest } from "@fleet/core";
import { parse } from "ini";
import { isOptionName, type OptionName, optionSpecs } from "./options.js";

/** The texts of a configuration file, with the lines they stand on, and everything that is wrong with it. */
export interface ConfigFile {
  readonly values: ReadonlyMap<OptionName, { readonly text: string; readonly line: number }>;
  /** Each begins with `<file>:<line>: `. */
  readonly problems: readonly string[];
}

/** Says what is wrong with one line, if anything, without looking at the option's value. */
function lineProblem(line: string): string | undefined {
  if (/^\[.*\]$/.test(line)) return `sections are not used: remove "${line}"`;
  const equals = line.indexOf("=");
  if (equals < 0) return `expected key = value, found "${line}"`;
  const key = line.slice(0, equals).trim().toLowerCase();
  if (!isOptionName(key)) {
    const similar = closest(key, Object.keys(optionSpecs));
    return `unknown option "${key}"${similar === undefined ? "" : ` (did you mean "${similar}"?)`}`;
  }
  const value = line.slice(equals + 1).trim();
  // ini takes an unquoted # or ; for the start of a comment wherever it stands, which would cut a value in silence.
  if (!/^["']/.test(value) && /\S[#;]/.test(value)) {
    return `the value of "${key}" would be cut at its # or ;: put it in quotes`;
  }
  if (/^"[^"]*$/.test(value) || /^'[^']*$/.test(value)) return `the value of "${key}" has no closing quote`;
  return undefined;
}

/**
 * Reads fleet.conf. Keys may be in any case; the last of a repeated key counts; `#` and `;` begin comments.
 * @param file - The name for messages.
 */
export function parseConfigFile(file: string, content: string): ConfigFile {
  const problems: string[] = [];
  const values = new Map<OptionName, { text: string; line: number }>();
  for (const [index, raw] of content.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    const problem = lineProblem(line);
    if (problem !== undefined) {
      problems.push(`${file}:${index + 1}: ${problem}`);
      continue;
    }
    const [key, value] = Object.entries(parse(line))[0] ?? ["", ""];
    const name = key.toLowerCase();
    if (isOptionName(name)) values.set(name, { text: String(value), line: index + 1 });
  }
  return { values, problems };
}
