import { UsageError } from "../usage-error.js";

/** More names than this in one command are a slip of the finger. */
const namesMax = 10_000;

/**
 * Writes out braces as shells do: `web@{1..3}` is `web@1`, `web@2`, `web@3`; `{a,b}` is `a`, `b`. Ranges go up or down,
 * through numbers or single letters, in steps if there is a third part, and keep leading zeros. Braces may be nested.
 * What does not have one of these forms stands for itself.
 * @throws {UsageError} for more than 10,000 names.
 */
export function expandBraces(text: string): readonly string[] {
  for (let open = text.indexOf("{"); open >= 0; open = text.indexOf("{", open + 1)) {
    const close = findClose(text, open);
    if (close === undefined) continue;
    const alternatives = expandBody(text.slice(open + 1, close), text);
    if (alternatives === undefined) continue;
    const rests = expandBraces(text.slice(close + 1));
    if (alternatives.length * rests.length > namesMax) throw tooMany(text);
    const head = text.slice(0, open);
    return alternatives.flatMap((middle) => rests.map((rest) => head + middle + rest));
  }
  return [text];
}

/** Cuts a text at each `separator` that does not stand inside braces. */
export function splitOutsideBraces(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    else if (text[at] === "}") depth = Math.max(0, depth - 1);
    else if (text[at] === separator && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}

function findClose(text: string, open: number): number | undefined {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    else if (text[at] === "}") depth -= 1;
    if (depth === 0) return at;
  }
  return undefined;
}

function expandBody(body: string, whole: string): readonly string[] | undefined {
  const parts = splitOutsideBraces(body, ",");
  if (parts.length === 1) return expandRange(body, whole);
  const alternatives = parts.flatMap(expandBraces);
  if (alternatives.length > namesMax) throw tooMany(whole);
  return alternatives;
}

function expandRange(body: string, whole: string): readonly string[] | undefined {
  const numbers = /^(-?\d{1,9})\.\.(-?\d{1,9})(?:\.\.(-?\d{1,9}))?$/.exec(body);
  if (numbers !== null) {
    const [, first = "", last = "", step = "1"] = numbers;
    const isPadded = [first, last].some((text) => /^-?0\d/.test(text));
    const width = isPadded ? Math.max(first.length, last.length) : 0;
    return count(Number(first), Number(last), Number(step), whole).map((value) => pad(value, width));
  }
  const letters = /^([A-Za-z])\.\.([A-Za-z])(?:\.\.(-?\d{1,9}))?$/.exec(body);
  if (letters === null) return undefined;
  const [, first = "", last = "", step = "1"] = letters;
  const codes = count(first.charCodeAt(0), last.charCodeAt(0), Number(step), whole);
  return codes.map((code) => String.fromCharCode(code));
}

/** The sign of the step does not matter, as in shells: the ends say which way to go. */
function count(first: number, last: number, step: number, whole: string): readonly number[] {
  const pace = Math.max(1, Math.abs(step)) * (last < first ? -1 : 1);
  const length = Math.floor((last - first) / pace) + 1;
  if (length > namesMax) throw tooMany(whole);
  return Array.from({ length }, (_, index) => first + index * pace);
}

function pad(value: number, width: number): string {
  const sign = value < 0 ? "-" : "";
  return sign + String(Math.abs(value)).padStart(width - sign.length, "0");
}

function tooMany(text: string): UsageError {
  return new UsageError(`Error: ${JSON.stringify(text)} stands for more than ${namesMax} names`);
}
