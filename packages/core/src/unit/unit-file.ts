/**
 * Reads and prints unit files exactly as the original does: an ordered list of options, nothing else. Comments, spacing
 * and empty sections are gone after reading, so whoever needs the author's text keeps the text.
 *
 * This is not systemd's grammar. A continuation keeps its backslash and line end inside the value, a comment after a
 * continuation belongs to the value, and text before the first section is dropped without a word.
 */
import { quote } from "./quote.js";
import { UnitFileError } from "./unit-file-error.js";
import { utf8Bytes, utf8Length } from "./utf8.js";
import { isWhiteSpaceAt, trimWhiteSpace } from "./white-space.js";

export { UnitFileError } from "./unit-file-error.js";

/** One assignment of a unit file. */
export interface UnitOption {
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

/** The longest physical line in bytes, its line end not counted. systemd's own limit (`LONG_LINE_MAX`). */
const lineBytesMax = 1024 * 1024;

/**
 * Reads a unit file.
 * @returns Its options in the order of the file; the same section or option may appear many times.
 * @throws {UnitFileError} at the first place that breaks the grammar.
 */
export function parseUnitFile(text: string): readonly UnitOption[] {
  refuseLongLines(text);
  const options: UnitOption[] = [];
  let section: string | undefined;
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === "[") {
      const header = readHeader(text, at);
      section = header.name;
      at = header.end;
    } else if (character === "#" || character === ";") {
      at = skipComment(text, at);
    } else if (section === undefined || isWhiteSpaceAt(text, at)) {
      at += 1;
    } else {
      const equals = findEquals(text, at);
      const value = readValue(text, equals + 1);
      options.push({ section, name: trimWhiteSpace(text.slice(at, equals)), value: value.text });
      at = value.end;
    }
  }
  return options;
}

/**
 * Prints options as the canonical text: sections in order of first appearance, each once, an empty line between them.
 * Nothing is escaped or checked; `strictProblem` finds options that would be read back as something else.
 */
export function serializeUnitFile(options: readonly UnitOption[]): string {
  const sections = new Map<string, string>();
  for (const { section, name, value } of options) {
    sections.set(section, `${sections.get(section) ?? `[${section}]\n`}${name}=${value}\n`);
  }
  return [...sections.values()].join("\n");
}

function refuseLongLines(text: string): void {
  // No character takes more than three bytes for each UTF-16 unit, so most texts need no counting.
  if (text.length * 3 <= lineBytesMax) return;
  for (let start = 0; start < text.length; ) {
    const end = endOfLine(text, start);
    if ((end - start) * 3 > lineBytesMax && utf8Length(text.slice(start, end)) > lineBytesMax) {
      throw errorAt(
        text,
        start,
        `line too long (max ${lineBytesMax} bytes)`,
        `at most ${lineBytesMax} bytes in a line`,
      );
    }
    start = end + 1;
  }
}

/** A header runs to the next `]`, even across lines; nothing but white space may follow on that line. */
function readHeader(text: string, start: number): { readonly name: string; readonly end: number } {
  const close = text.indexOf("]", start);
  if (close < 0) {
    throw errorAt(text, start, "unable to find end of section", '"]" to end the section header');
  }
  const end = endOfLine(text, close);
  const garbage = trimWhiteSpace(text.slice(close + 1, end));
  if (garbage !== "") {
    // The original prints an always empty section name and the bytes as decimal numbers; clients know this text.
    const message = `found garbage after section name : [${utf8Bytes(garbage).join(" ")}]`;
    throw errorAt(
      text,
      text.indexOf(garbage, close + 1),
      message,
      "nothing after the section header on its line",
    );
  }
  return { name: text.slice(start + 1, close), end: end + 1 };
}

/** A comment goes on in the next line if it ends in a backslash; one blank after the backslash is forgiven. */
function skipComment(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    const end = endOfLine(text, at);
    const last = end > at && text.charAt(end - 1) === " " ? end - 2 : end - 1;
    const continued = last >= at && text.charAt(last) === "\\";
    at = end + 1;
    if (!continued) break;
  }
  return at;
}

function findEquals(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === "=") return at;
    if (character === "\n" || character === "\r") break;
    at += 1;
  }
  const message = at < text.length ? "unexpected newline encountered while parsing option name" : "EOF";
  throw errorAt(
    text,
    at,
    message,
    `"=" after the option name ${quote(trimWhiteSpace(text.slice(start, at)))}`,
  );
}

/**
 * A value is a run of lines, each but the last ending in a backslash. What is collected is a piece of the text as it
 * stands; a blank line ends it without belonging to it.
 */
function readValue(text: string, start: number): { readonly text: string; readonly end: number } {
  let valueEnd = start;
  let at = start;
  while (at < text.length) {
    const end = endOfLine(text, at);
    const line = at;
    at = end + 1;
    if (trimWhiteSpace(text.slice(line, end)) === "") break;
    const continued = text.charAt(end - 1) === "\\";
    valueEnd = continued ? Math.min(at, text.length) : end;
    if (!continued) break;
  }
  const collected = text.slice(start, valueEnd);
  const trimmed = trimWhiteSpace(collected);
  return { text: collected.endsWith("\n") ? `${trimmed}\n` : trimmed, end: at };
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return end < 0 ? text.length : end;
}

function errorAt(text: string, offset: number, message: string, expected: string): UnitFileError {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = before.split("\n").length;
  return new UnitFileError(message, { line, column: [...before.slice(lineStart)].length + 1, expected });
}
