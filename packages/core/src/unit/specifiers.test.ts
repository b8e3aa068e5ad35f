import { describe, expect, test } from "vitest";
import { expandSpecifiers } from "./specifiers.js";

describe("expandSpecifiers", () => {
  test.each([
    ["%n", "web@7.service", "web@7.service"],
    ["%N", "web@7.service", "web@7"],
    ["%p", "web@7.service", "web"],
    ["%i", "web@7.service", "7"],
    ["%n", "web.service", "web.service"],
    ["%N", "web.service", "web"],
    ["%p", "web.service", "web"],
    ["%i", "web.service", ""],
    ["%p-%i", "a@b@c.service", "a-b@c"],
    ["%N %p", "a\\x2db@1.service", "a\\x2db@1 a\\x2db"],
    ["%%", "web.service", "%%"],
    ["%%n", "web.service", "%web.service"],
    ["%m %H %I %", "web@7.service", "%m %H %I %"],
    ["%n %p", "nodot", "%n %p"],
    ["%p", "$&@1.service", "$&"],
  ])("%s of %s is %s", (text, name, expanded) => {
    expect(expandSpecifiers(text, name)).toBe(expanded);
  });

  test("replaces in a fixed order, one pass for each, so a replaced text can complete the next specifier", () => {
    expect(expandSpecifiers("%%n", "image@7.service")).toBe("7mage@7.service");
  });
});
