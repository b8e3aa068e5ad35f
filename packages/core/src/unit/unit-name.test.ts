import { describe, expect, test } from "vitest";
import { isFleetError } from "../errors.js";
import {
  compareUnitNames,
  completeUnitName,
  isInstance,
  isTemplate,
  parseUnitName,
  splitUnitName,
  templateOf,
  unitNameProblem,
} from "./unit-name.js";

type Row = readonly [
  name: string,
  problem: string | undefined,
  prefix: string | undefined,
  instance: string | undefined,
  template: string | undefined,
  kind: string | undefined,
];

/** What the original says of each name. `undefined` from the third column on: the name has no dot and no parts. */
const names: readonly Row[] = [
  ["", "unit name cannot be empty", undefined, undefined, undefined, undefined],
  ["web", 'unit name must contain "."', undefined, undefined, undefined, undefined],
  ["web.", 'unit name cannot end in "."', "web", "", undefined, "plain"],
  ["web.service", undefined, "web", "", undefined, "plain"],
  [".service", undefined, "", "", undefined, "plain"],
  ["..service", undefined, ".", "", undefined, "plain"],
  ["web.1.service", undefined, "web.1", "", undefined, "plain"],
  ["web@.service", undefined, "web", "", "web@.service", "template"],
  ["web@1.service", undefined, "web", "1", "web@.service", "instance"],
  ["web@a@b.service", undefined, "web", "a@b", "web@.service", "instance"],
  ["web@1.2.service", undefined, "web", "1.2", "web@.service", "instance"],
  ["@1.service", 'unit name cannot start in "@"', "", "1", "@.service", "instance"],
  ["@.service", 'unit name cannot start in "@"', "", "", "@.service", "template"],
  ["web@1.mount", 'invalid unit type for template: "mount"', "web", "1", "web@.mount", "instance"],
  ["-.mount", undefined, "-", "", undefined, "plain"],
  ["web.target", undefined, "web", "", undefined, "plain"],
  ["web@1.target", undefined, "web", "1", "web@.target", "instance"],
  ["web.slice", undefined, "web", "", undefined, "plain"],
  ["web.scope", undefined, "web", "", undefined, "plain"],
  ["web.swap", undefined, "web", "", undefined, "plain"],
  ["web.snapshot", undefined, "web", "", undefined, "plain"],
  ["web.busname", undefined, "web", "", undefined, "plain"],
  ["web.conf", 'invalid unit type: "conf"', "web", "", undefined, "plain"],
  ["web.Service", 'invalid unit type: "Service"', "web", "", undefined, "plain"],
  ["we b.service", "invalid character ' ' in unit name", "we b", "", undefined, "plain"],
  ["web\\x2d1.service", undefined, "web\\x2d1", "", undefined, "plain"],
  ["web:1.path", undefined, "web:1", "", undefined, "plain"],
  ["web+1.service", "invalid character '+' in unit name", "web+1", "", undefined, "plain"],
  ["web%i.service", "invalid character '%' in unit name", "web%i", "", undefined, "plain"],
  ["w\u00e9b.service", "invalid character '\u00e9' in unit name", "w\u00e9b", "", undefined, "plain"],
  ["a/web.service", "invalid character '/' in unit name", "a/web", "", undefined, "plain"],
  [`${"a".repeat(248)}.service`, undefined, "a".repeat(248), "", undefined, "plain"],
  [
    `${"a".repeat(249)}.service`,
    "unit name exceeds maximum length (256)",
    "a".repeat(249),
    "",
    undefined,
    "plain",
  ],
];

describe("unit names", () => {
  test.each(names)("%j", (name, problem, prefix, instance, template, kind) => {
    expect(unitNameProblem(name)).toBe(problem);
    const parts = splitUnitName(name);
    expect([parts?.prefix, parts?.instance, parts?.template]).toEqual([prefix, instance, template]);
    expect(isTemplate(name)).toBe(kind === "template");
    expect(isInstance(name)).toBe(kind === "instance");
  });

  test("a name comes apart and together again", () => {
    expect(splitUnitName(parseUnitName("web@eu@1.service"))).toEqual({
      fullName: "web@eu@1.service",
      name: "web@eu@1",
      prefix: "web",
      suffix: ".service",
      instance: "eu@1",
      template: "web@.service",
    });
  });

  test.each([
    ["web.service\u0001", 'invalid unit type: "service\\x01"'],
    ["we\nb.service", "invalid character '\\n' in unit name"],
    ["we'b.service", "invalid character '\\'' in unit name"],
    [`${"\u00e9".repeat(125)}.service`, "unit name exceeds maximum length (256)"],
    ["\ud83d\ude00.service", "invalid character '\ud83d\ude00' in unit name"],
  ])("%j is refused readably", (name, problem) => {
    expect(unitNameProblem(name)).toBe(problem);
  });

  test("parsing throws what is wrong", () => {
    const failure = (() => {
      try {
        return parseUnitName("web");
      } catch (error) {
        return error;
      }
    })();
    expect(isFleetError(failure, "invalid-argument") && failure.message).toBe('unit name must contain "."');
  });

  test("instances know their template, plain units have none", () => {
    expect(templateOf(parseUnitName("web@1.service"))).toBe("web@.service");
    expect(templateOf(parseUnitName("web@.service"))).toBe("web@.service");
    expect(templateOf(parseUnitName("web.service"))).toBeUndefined();
  });
});

describe("completeUnitName", () => {
  test.each([
    ["web", "web.service"],
    ["web.1", "web.1.service"],
    ["foo.bar", "foo.bar.service"],
    ["dir/web@1", "web@1.service"],
    ["foo/bar.socket", "bar.socket"],
    ["hello.service/", "hello.service"],
    ["/abs/path/web.timer", "web.timer"],
    ["db.target", "db.target"],
    ["x.slice", "x.slice"],
    ["hel*", "hel*.service"],
    ["", ""],
    ["//", ""],
  ])("%j becomes %j", (argument, name) => {
    expect(completeUnitName(argument)).toBe(name);
  });
});

test("names sort by their bytes", () => {
  const sorted = ["-.mount", "B.service", "a.service", "a@1.service", "b.service"];
  expect(sorted.toReversed().toSorted(compareUnitNames)).toEqual(sorted);
});
