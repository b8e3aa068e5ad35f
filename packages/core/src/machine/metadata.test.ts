import { describe, expect, test } from "vitest";
import { effectiveMetadata, formatMetadata, metadataKeyProblem, parseMetadata } from "./metadata.js";

describe("parseMetadata", () => {
  test.each([
    ["", {}],
    ["a=1", { a: "1" }],
    ["b=2,a=1", { a: "1", b: "2" }],
    [" a = 1 , b= x y ", { a: "1", b: "x y" }],
    ["a=,=b", { a: "", "": "b" }],
    ["a=1=2", { a: "1=2" }],
    ["a,b=1,,", { b: "1" }],
    ["a=1,a=2", { a: "2" }],
  ])("%j", (text, metadata) => {
    expect(parseMetadata(text)).toEqual(metadata);
  });

  test("keys come sorted, and names of object properties are keys like any other", () => {
    expect(Object.keys(parseMetadata("z=1,a=2,m=3"))).toEqual(["a", "m", "z"]);
    expect(Object.entries(parseMetadata("__proto__=x,constructor=y"))).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });
});

describe("effectiveMetadata", () => {
  test.each([
    ["a=1", {}, { a: "1" }],
    ["a=1", { a: "2" }, { a: "2" }],
    ["a=1", { a: "" }, {}],
    ["", { b: "1" }, { b: "1" }],
    ["", { b: "" }, {}],
    ["a=1,b=2", { b: "", c: "3" }, { a: "1", c: "3" }],
    ["a=", {}, { a: "" }],
  ])("static %j with dynamic %j", (text, dynamic, effective) => {
    expect(effectiveMetadata(parseMetadata(text), dynamic)).toEqual(effective);
  });
});

test.each([
  ["", ""],
  ["b=2,a=1", "a=1,b=2"],
  ["10=x,9=y,a=z", "10=x,9=y,a=z"],
  ["a=", "a="],
])("%j is shown as %j", (text, shown) => {
  expect(formatMetadata(parseMetadata(text))).toBe(shown);
});

test.each([
  ["zone", true],
  ["a.b_c-9", true],
  [".a", true],
  ["", false],
  ["a b", false],
  ["a/b", false],
  ["a=b", false],
  [".", false],
  ["..", false],
  ["zone\n", false],
])("the key %j may be set: %s", (key, allowed) => {
  expect(metadataKeyProblem(key) === undefined).toBe(allowed);
});
