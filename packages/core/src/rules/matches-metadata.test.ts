import { expect, test } from "vitest";
import { parseMetadata } from "../machine/metadata.js";
import { matchesMetadata } from "./matches-metadata.js";

test.each([
  ["zone=a", { zone: ["a"] }, true],
  ["grp=p", { grp: ["p", "q"] }, true],
  ["grp=p", { grp: ["q"] }, false],
  ["zone=a,grp=p", { zone: ["a"], grp: ["q"] }, false],
  ["", { grp: ["q"] }, false],
  ["zone=A", { zone: ["a"] }, false],
  ["zone=a,extra=1", { zone: ["a"] }, true],
  ["zone=a", {}, true],
  ["", {}, true],
  ["", { constructor: ["x"] }, false],
  ["constructor=x", { constructor: ["x"] }, true],
])("a machine with %j where %j is required: %s", (actual, required, matches) => {
  expect(matchesMetadata(new Map(Object.entries(required)), parseMetadata(actual))).toBe(matches);
});
