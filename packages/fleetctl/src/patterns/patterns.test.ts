import { describe, expect, it } from "vitest";
import { expandBraces } from "./expand-braces.js";
import { parseUnitAddress } from "./unit-address.js";
import { compileUnitPattern } from "./unit-pattern.js";

describe("expandBraces", () => {
  it.each<[string, string]>([
    ["web@{1..3}", "web@1 web@2 web@3"],
    ["{3..1}", "3 2 1"],
    ["{08..11}", "08 09 10 11"],
    ["{-1..1}", "-1 0 1"],
    ["{-01..1}", "-01 000 001"],
    ["{1..9..4}", "1 5 9"],
    ["{9..1..4}", "9 5 1"],
    ["{1..3..0}", "1 2 3"],
    ["{a..c}", "a b c"],
    ["{a,b}.service", "a.service b.service"],
    ["{a,}x", "ax x"],
    ["{a,b}{1,2}", "a1 a2 b1 b2"],
    ["x{a,b{1..2},c}", "xa xb1 xb2 xc"],
    ["dir/{web@{1,2},db}", "dir/web@1 dir/web@2 dir/db"],
    ["{a", "{a"],
    ["a}", "a}"],
    ["{a}", "{a}"],
    ["{}", "{}"],
    ["{{a,b}}", "{a} {b}"],
    ["{{a,b}", "{a {b"],
    ["{1..b}", "{1..b}"],
    ["plain", "plain"],
  ])("%s", (text, expected) => {
    expect(expandBraces(text)).toEqual(expected.split(" "));
  });

  it.each(["{1..10001}", "{1..999999999}", "{1..200}{1..200}", "{{1..9000},{1..9000}}"])(
    "refuses %s",
    (text) => {
      expect(() => expandBraces(text)).toThrow(/stands for more than 10000 names/);
    },
  );
});

describe("compileUnitPattern", () => {
  it.each<[string, string, boolean]>([
    ["web@*", "web@1.service", true],
    ["web@*", "web@.service", false],
    ["web@*.service", "web@.service", false],
    ["web*", "web@.service", true],
    ["web@?", "web@1.service", true],
    ["web@?", "web@12.service", false],
    ["web@?", "web@1.socket", false],
    ["web@*", "web@1.socket", true],
    ["web@[1-3]", "web@2.service", true],
    ["web@[!1-3]", "web@2.service", false],
    ["web@[!1-3]", "web@4.service", true],
    ["*", "a.timer", true],
    ["a\\x2d*", "a\\x2db.service", true],
    ["a\\x2d*", "ax2db.service", false],
  ])("%s and %s", (pattern, name, isMatch) => {
    expect(compileUnitPattern(pattern)(name)).toBe(isMatch);
  });

  it("refuses a class that is not closed", () => {
    expect(() => compileUnitPattern("web@[1")).toThrow('malformed pattern "web@[1"');
  });
});

describe("parseUnitAddress", () => {
  it.each([
    ["glob", { unit: "glob" }],
    ["glob@@113f", { unit: "glob", machine: "113f" }],
    ["glob.service@@113f16a7a2a54b6a", { unit: "glob.service", machine: "113f16a7a2a54b6a" }],
    ["web@1@@113f", { unit: "web@1", machine: "113f" }],
    ["glob@@113f.service", { unit: "glob@@113f.service" }],
    ["@@113f", { unit: "@@113f" }],
    ["web@@", { unit: "web@@" }],
  ])("%s", (text, address) => {
    expect(parseUnitAddress(text)).toEqual(address);
  });
});
