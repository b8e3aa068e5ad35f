import { expect, it } from "vitest";
import { renderTable } from "./table.js";

const fields = { name: (row: string) => row, next: () => "x" };

it.each([
  ["größe=1,日本", "größe=1,日本"],
  ["a\nb\tc\r", "a\\nb\\tc\\r"],
  ["\u001b[31mred\u007f\u009b2J", "\\x1b[31mred\\x7f\\x9b2J"],
  ["\u2028\u2029\u202e", "\\u2028\\u2029\\u202e"],
])("the cell %j stays in its place and cannot speak to the terminal", (cell, shown) => {
  expect(renderTable([cell], fields, ["name", "next"], false).split(/\t+/)).toEqual([shown, "x\n"]);
});
