import { describe, expect, it } from "vitest";
import { checkName, unitNameMatcher } from "./names.js";

describe("checkName", () => {
  it.each(["m1", "demo", "a", "abcdefghijklmnop"])("takes %s", (name) => {
    expect(checkName("machine", name)).toBe(name);
  });
  it.each(["", "1m", "M1", "a-b", "a.b", "../x", "abcdefghijklmnopq", "a/b", "m1\n"])(
    "refuses %j",
    (name) => {
      expect(() => checkName("lab", name)).toThrow(/cannot name a lab/);
    },
  );
  it("keeps etcd's group for etcd", () => {
    expect(() => checkName("machine", "etcd")).toThrow(/cannot name a machine/);
    expect(checkName("lab", "etcd")).toBe("etcd");
  });
});

describe("unitNameMatcher", () => {
  it.each([
    ["*", "a.service", true],
    ["hello*", "hello@1.service", true],
    ["hello.service", "hello.service", true],
    ["hello.service", "helloxservice", false],
    ["hello?.service", "hello1.service", true],
    ["hello?.service", "hello.service", false],
    ["a+b(c)[d].service", "a+b(c)[d].service", true],
    ["hello", "hello.service", false],
    ["a\\x2db.mount", "a\\x2db.mount", true],
  ])("%s on %s: %s", (pattern, name, expected) => {
    expect(unitNameMatcher(pattern)(name)).toBe(expected);
  });
});
