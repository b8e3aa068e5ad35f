import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { layOutColumns } from "./tabwriter.js";

describe("the layout of columns", () => {
  it("has the original's bytes", () => {
    expect(
      layOutColumns([
        ["UNIT", "HASH", "DSTATE", "STATE", "TARGET"],
        ["hello.service", "e55c0ae", "inactive", "inactive", "-"],
      ]),
    ).toBe("UNIT\t\tHASH\tDSTATE\t\tSTATE\t\tTARGET\nhello.service\te55c0ae\tinactive\tinactive\t-\n");
  });

  it.each([
    // The longest cell and one more, rounded up: 7 fit into one stop, 8 need two.
    [["1234567", "x"], "1234567\tx\n"],
    [["12345678", "x"], "12345678\tx\n"],
    [["", "x"], "\tx\n"],
    [["", ""], "\t\n"],
    [["einzige Zelle"], "einzige Zelle\n"],
    [["größe", "x"], "größe\tx\n"],
    [["😀😀😀😀😀😀😀", "x"], "😀😀😀😀😀😀😀\tx\n"],
  ])("of %j alone", (row, text) => {
    expect(layOutColumns([row])).toBe(text);
  });

  it("counts characters, not bytes or units", () => {
    expect(
      layOutColumns([
        ["😀😀😀😀😀😀😀😀", "x"],
        ["a", "y"],
      ]),
    ).toBe("😀😀😀😀😀😀😀😀\tx\na\t\ty\n");
  });

  it("of nothing is nothing", () => {
    expect(layOutColumns([])).toBe("");
  });

  const cell = fc.stringMatching(/^[a-z]{0,20}$/);
  test.prop([fc.array(fc.tuple(cell, cell, cell), { minLength: 1 })])(
    "puts the cells of a column below each other on a terminal",
    (rows) => {
      const starts = layOutColumns(rows)
        .split("\n")
        .slice(0, -1)
        .map((line) => columnStarts(line));
      expect(new Set(starts.map((places) => places.join())).size).toBe(1);
    },
  );
});

/** Where cells begin if tab stops are 8 apart; runs of tabs cannot be told apart from empty cells, so only their ends count. */
function columnStarts(line: string): readonly number[] {
  let place = 0;
  for (const character of line.slice(0, line.lastIndexOf("\t") + 1)) {
    place = character === "\t" ? (Math.floor(place / 8) + 1) * 8 : place + 1;
  }
  return [place];
}
