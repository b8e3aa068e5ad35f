import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { optionTextProblem } from "./option-text-problem.js";
import { parseUnitFile, serializeUnitFile, type UnitOption } from "./unit-file.js";

const option = (section: string, name: string, value: string): UnitOption => ({ section, name, value });

describe("optionTextProblem refuses what a file would not give back", () => {
  test.each([
    [option("A\nB", "C", "d"), 'section name "A\\nB" contains the control character "\\n"'],
    [option("A]B", "C", "d"), 'section name "A]B" contains "]"'],
    [option("A", "C\nD", "d"), 'option name "C\\nD" in section "A" contains the control character "\\n"'],
    [option("A", "C=D", "d"), 'option name "C=D" in section "A" contains "="'],
    [option("A", "#C", "d"), 'option name "#C" in section "A" starts with "#"'],
    [option("A", ";C", "d"), 'option name ";C" in section "A" starts with ";"'],
    [option("A", "[C", "d"), 'option name "[C" in section "A" starts with "["'],
    [option("A", " C", "d"), 'option name " C" in section "A" has blanks at its ends'],
    [option("A", "C", "d  "), 'value of "C" in section "A" has blanks at its ends'],
    [option("A", "C", "\u00a0d"), 'value of "C" in section "A" has blanks at its ends'],
    [option("A", "C", "d\n[X-Fleet]\nGlobal=true"), 'value of "C" in section "A" contains a line end'],
    [option("A", "C", "\nd"), 'value of "C" in section "A" contains a line end'],
    [option("A", "C", "d\r"), 'value of "C" in section "A" contains the control character "\\r"'],
    [option("A", "C", "d\0e"), 'value of "C" in section "A" contains the control character "\\x00"'],
    [option("A", "C", "d\x7fe"), 'value of "C" in section "A" contains the control character "\\x7f"'],
    [option("A", "C", "~\n~"), 'value of "C" in section "A" contains a line end'],
    [option("A", "C", "d\x1be"), 'value of "C" in section "A" contains the control character "\\x1b"'],
    [option("A", "C", "d\ud800"), 'value of "C" in section "A" contains half of a surrogate pair'],
    [option("A", "C", "d \\"), 'value of "C" in section "A" ends in "\\"'],
  ])("%j", (bad, problem) => {
    expect(optionTextProblem([option("A", "B", "c"), bad])).toContain(problem);
    expect(optionTextProblem([option("A", "B", "c"), bad])).toMatch(/: (write|leave|remove) /);
  });

  test.each([
    ["tabs, quotes and other alphabets", [option("A", "B", 'x\t"\u00fc\u{1f600}" ; # =')]],
    ["a continued value", [option("A", "B", "x \\\n  --y \\\n  --z"), option("A", "C", "1")]],
    ["a continuation that a blank line ends", [option("A", "B", "x \\\n"), option("C", "D", "1")]],
    ["an empty value, name and section", [option("", "", "")]],
    ["a section that comes back", [option("A", "B", "1"), option("C", "D", "2"), option("A", "E", "3")]],
    ["nothing", []],
  ])("%s may pass", (_case, options) => {
    expect(optionTextProblem(options)).toBeUndefined();
  });

  test("a line that is too long is refused in the parser's words", () => {
    expect(optionTextProblem([option("A", "B", "x".repeat(1024 * 1024))])).toBe(
      "line too long (max 1048576 bytes)",
    );
  });

  test("a unit file whose last line ends in a backslash is refused: it would grow", () => {
    expect(optionTextProblem(parseUnitFile("[Service]\nExecStart=/srv/run \\"))).toContain(
      "remove the backslash",
    );
  });

  test("whatever passes is read back as it is, in the order of its sections", () => {
    const part = fc.constantFrom(
      "a",
      "B",
      " ",
      "\t",
      "\n",
      "\\",
      "\\\n",
      "=",
      "[",
      "]",
      "#",
      ";",
      "\r",
      "\0",
      '"',
      "\ud800",
    );
    const text = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(
        fc.array(fc.record({ section: text, name: text, value: text }), { maxLength: 3 }),
        (options) => {
          if (optionTextProblem(options) !== undefined) return;
          const sections = [...new Set(options.map(({ section }) => section))];
          const gathered = sections.flatMap((section) => options.filter((each) => each.section === section));
          expect(parseUnitFile(serializeUnitFile(options))).toEqual(gathered);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
