/**
 * Matches names against the patterns of `Conflicts` and `Replaces`: the language of Go's `path.Match`.
 * `*` any run of characters but `/`, `?` one character but `/`, `[a-z]` and `[^a-z]` classes, `\c` the character c.
 * There are no braces, no `**`, no `[!...]`, and no suffix is implied: the whole name must match.
 */
import { quote } from "./quote.js";

type Token =
  | { readonly kind: "star" }
  | { readonly kind: "any" }
  | { readonly kind: "literal"; readonly code: number }
  | {
      readonly kind: "class";
      readonly negated: boolean;
      readonly ranges: readonly (readonly [low: number, high: number])[];
    };

type Parsed = { readonly tokens: readonly Token[] } | { readonly problem: string };

const star: Token = { kind: "star" };
const any: Token = { kind: "any" };
const slash = 0x2f;

/**
 * Says whether the whole of `name` matches. A malformed pattern matches nothing.
 * Takes time proportional to the product of both lengths at worst, however many stars there are.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  return compileGlob(pattern)(name);
}

/** Reads a pattern once for many names; apart from that it is {@link matchesGlob}. */
export function compileGlob(pattern: string): (name: string) => boolean {
  if (!hasGlobCharacters(pattern)) return (name) => name === pattern;
  const parsed = parse(pattern);
  if ("problem" in parsed) return () => false;
  const shortest = parsed.tokens.filter((token) => token.kind !== "star").length;
  return (name) => name.length >= shortest && matches(parsed.tokens, codesOf(name));
}

/** Says whether the pattern could match anything but itself. Lets callers index plain names. */
export function hasGlobCharacters(pattern: string): boolean {
  return /[*?[\\]/.test(pattern);
}

/** Says what makes a pattern malformed, or `undefined`. The empty pattern is well formed and matches no unit. */
export function globProblem(pattern: string): string | undefined {
  const parsed = parse(pattern);
  return "problem" in parsed ? parsed.problem : undefined;
}

function parse(pattern: string): Parsed {
  const codes = Array.from(pattern);
  const tokens: Token[] = [];
  for (let at = 0; at < codes.length; at += 1) {
    const character = codes[at];
    if (character === "*") {
      tokens.push(star);
    } else if (character === "?") {
      tokens.push(any);
    } else if (character === "[") {
      const parsed = parseClass(codes, at + 1);
      if ("problem" in parsed) return parsed;
      tokens.push(parsed.token);
      at = parsed.end;
    } else {
      const literal = character === "\\" ? codes[++at] : character;
      if (literal === undefined)
        return { problem: 'the "\\" at its end quotes nothing (write "\\\\" for a backslash)' };
      tokens.push({ kind: "literal", code: codeOf(literal) });
    }
  }
  return { tokens };
}

/** @param start - Just after the `[`. The result's `end` is the place of the `]`. */
function parseClass(
  codes: readonly string[],
  start: number,
): { readonly token: Token; readonly end: number } | { readonly problem: string } {
  const negated = codes[start] === "^";
  const ranges: (readonly [number, number])[] = [];
  let at = negated ? start + 1 : start;
  while (codes[at] !== "]" || ranges.length === 0) {
    const low = parseMember(codes, at);
    if ("problem" in low) return low;
    at = low.end;
    let high = low;
    if (codes[at] === "-") {
      const upper = parseMember(codes, at + 1);
      if ("problem" in upper) return upper;
      high = upper;
      at = upper.end;
    }
    ranges.push([low.code, high.code]);
  }
  return { token: { kind: "class", negated, ranges }, end: at };
}

function parseMember(
  codes: readonly string[],
  start: number,
): { readonly code: number; readonly end: number } | { readonly problem: string } {
  const quoted = codes[start] === "\\";
  const at = quoted ? start + 1 : start;
  const character = codes[at];
  if (character === undefined || at + 1 >= codes.length) return { problem: 'a "[" is not closed by a "]"' };
  if (!quoted && (character === "]" || character === "-")) {
    return {
      problem: `${quote(character)} stands where a class needs a member (write "\\${character}" to mean it)`,
    };
  }
  return { code: codeOf(character), end: at + 1 };
}

/**
 * Walks both at once. After a mismatch the last star takes one character more; earlier stars never need another try,
 * because the leftmost fit of what stands between two stars leaves the most to the rest.
 */
function matches(tokens: readonly Token[], name: readonly number[]): boolean {
  let token = 0;
  let at = 0;
  let starToken = -1;
  let starAt = 0;
  while (at < name.length || token < tokens.length) {
    const current = tokens[token];
    if (current?.kind === "star") {
      starToken = token;
      starAt = at;
      token += 1;
    } else if (current !== undefined && at < name.length && matchesOne(current, name[at]!)) {
      token += 1;
      at += 1;
    } else if (starToken >= 0 && starAt < name.length && name[starAt] !== slash) {
      starAt += 1;
      at = starAt;
      token = starToken + 1;
    } else {
      return false;
    }
  }
  return true;
}

function matchesOne(token: Token, code: number): boolean {
  switch (token.kind) {
    case "star":
      return false;
    case "any":
      return code !== slash;
    case "literal":
      return token.code === code;
    case "class":
      return token.ranges.some(([low, high]) => low <= code && code <= high) !== token.negated;
  }
}

function codesOf(text: string): readonly number[] {
  return Array.from(text, codeOf);
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}
