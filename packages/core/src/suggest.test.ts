import { expect, test } from "vitest";
import { closest } from "./suggest.js";

const commands = [
  "start",
  "stop",
  "status",
  "submit",
  "load",
  "unload",
  "destroy",
  "list-units",
  "list-machines",
];

test.each([
  ["strat", "start"],
  ["stpo", "stop"],
  ["START", "start"],
  ["list-unit", "list-units"],
  ["listunits", "list-units"],
  ["destory", "destroy"],
  ["lod", "load"],
  ["stat", "start"],
  ["xyzzy", undefined],
  ["", undefined],
  ["a".repeat(100_000), undefined],
])("%s means %s", (word, meant) => {
  expect(closest(word, commands)).toBe(meant);
});
