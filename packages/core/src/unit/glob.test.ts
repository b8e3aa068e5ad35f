import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { globProblem, matchesGlob } from "./glob.js";

const names = [
  "web.service",
  "web@1.service",
  "web@2.service",
  "web@12.service",
  "web@.service",
  "web.socket",
  "db.service",
  "web\\x2d1.service",
  "my-web.service",
];

/** For each name above, in its order: x if the pattern matches. */
const table: readonly (readonly [pattern: string, matches: string, malformed: boolean])[] = [
  ["*", "xxxxxxxxx", false],
  ["**", "xxxxxxxxx", false],
  ["?*", "xxxxxxxxx", false],
  ["*.service", "xxxxx.xxx", false],
  ["web*", "xxxxxx.x.", false],
  ["web.*", "x....x...", false],
  ["web.service", "x........", false],
  ["web", ".........", false],
  ["WEB*", ".........", false],
  ["w?b.service", "x........", false],
  ["*web*", "xxxxxx.xx", false],
  ["web@*", ".xxxx....", false],
  ["web@*.service", ".xxxx....", false],
  ["web@?.service", ".xx......", false],
  ["web@??.service", "...x.....", false],
  ["web@[12].service", ".xx......", false],
  ["web@[1-3].service", ".xx......", false],
  ["web@[3-1].service", ".........", false],
  ["web@[^1].service", "..x......", false],
  ["web@[!1].service", ".x.......", false],
  ["*@*.service", ".xxxx....", false],
  ["*@[0-9]*.service", ".xxx.....", false],
  ["web\\.service", "x........", false],
  ["web\\x2d*", ".........", false],
  ["web\\\\x2d*", ".......x.", false],
  ["{web,db}.service", ".........", false],
  ["web@[.service", ".........", true],
  ["web@[].service", ".........", true],
  ["web@[]1].service", ".........", true],
  ["web@[1-].service", ".........", true],
  ["web\\", ".........", true],
  ["", ".........", false],
];

describe("matchesGlob agrees with path.Match", () => {
  test.each(table)("%j", (pattern, expected, malformed) => {
    expect(names.map((name) => (matchesGlob(pattern, name) ? "x" : ".")).join("")).toBe(expected);
    expect(globProblem(pattern) !== undefined).toBe(malformed);
  });

  test.each([
    ["", "", true],
    ["*", "", true],
    ["*", "a/b", false],
    ["a/*", "a/b", true],
    ["?", "/", false],
    ["?", "\u{1f600}", true],
    ["[\u{1f600}-\u{1f64f}]", "\u{1f610}", true],
    ["[a\\]b]", "]", true],
    ["[\\-x]", "-", true],
    ["[^a-c]x", "dx", true],
    ["[^a-c]x", "bx", false],
    ["a*b*c", "a12b3b4c", true],
    ["a*b*c", "a12b3b4", false],
    ["*ab", "aab", true],
    ["a]", "a]", true],
    ["a-b^c", "a-b^c", true],
  ])("%j against %j: %s", (pattern, name, expected) => {
    expect(matchesGlob(pattern, name)).toBe(expected);
  });

  test("a malformed end spoils the whole pattern, even where matching would stop earlier", () => {
    expect(matchesGlob("a*[", "b")).toBe(false);
    expect(matchesGlob("*[", "b")).toBe(false);
  });
});

describe("globProblem names the mistake", () => {
  test.each([
    ["web@[", 'a "[" is not closed by a "]"'],
    ["web@[1", 'a "[" is not closed by a "]"'],
    ["web@[^]", 'a "[" is not closed by a "]"'],
    ["[]a]", '"]" stands where a class needs a member (write "\\]" to mean it)'],
    ["[1-]x", '"]" stands where a class needs a member (write "\\]" to mean it)'],
    ["[-1]", '"-" stands where a class needs a member (write "\\-" to mean it)'],
    ["web\\", 'the "\\" at its end quotes nothing (write "\\\\" for a backslash)'],
  ])("%j: %s", (pattern, problem) => {
    expect(globProblem(pattern)).toBe(problem);
  });
});

describe("properties", () => {
  const piece = fc.constantFrom("a", "b", "*", "?", "ab");

  test("a pattern of letters, stars and question marks means the same as a regular expression", () => {
    fc.assert(
      fc.property(fc.array(piece), fc.stringMatching(/^[ab]{0,8}$/), (pieces, name) => {
        const pattern = pieces.join("");
        const source = pattern.replaceAll("*", "[^/]*").replaceAll("?", "[^/]");
        expect(matchesGlob(pattern, name)).toBe(new RegExp(`^${source}$`).test(name));
      }),
      { numRuns: 1000 },
    );
  });

  test("a name with everything quoted matches itself and nothing else", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, other) => {
        const pattern = Array.from(name, (character) => `\\${character}`).join("");
        expect(matchesGlob(pattern, name)).toBe(true);
        expect(matchesGlob(pattern, other)).toBe(name === other);
      }),
    );
  });

  test("many stars do not take forever", () => {
    expect(matchesGlob(`${"*a".repeat(60)}*b`, "a".repeat(2000))).toBe(false);
  });
});
