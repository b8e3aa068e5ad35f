import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareVersions } from "./compare-versions.js";

const sign = (order: number | undefined) => (order === undefined ? undefined : Math.sign(order));

describe("compareVersions", () => {
  test.each([
    ["4", "4", 0],
    ["3", "4", -1],
    ["10", "9", 1],
    ["1.10", "1.9", 1],
    ["1", "1.0", 0],
    ["1.0.1", "1", 1],
    ["1", "1.0.1", -1],
    ["0.5", "0.25", -1],
    ["007", "7", 0],
    ["v1.2.3", "1.2", 1],
    ["6.1.0-18-amd64", "6.1", 0],
    ["6.1.0-18-amd64", "6.1.1", -1],
    ["5.10+deb", "5.10", 0],
    ["123456789012345678901", "123456789012345678900", 1],
    ["", "1", undefined],
    ["v", "0", undefined],
    ["1.", "1", undefined],
    [".1", "0", undefined],
    ["1..2", "1", undefined],
    ["new", "1", undefined],
    ["16G", "1", undefined],
    ["-1", "1", undefined],
  ])("%s against %s: %s", (actual, wanted, order) => {
    expect(sign(compareVersions(actual, wanted))).toBe(order);
  });

  test("is what comparing the parts one by one says", () => {
    const parts = fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const length = Math.max(a.length, b.length);
        const differences = Array.from({ length }, (_, at) => (a[at] ?? 0) - (b[at] ?? 0));
        const expected = Math.sign(differences.find((difference) => difference !== 0) ?? 0);
        expect(sign(compareVersions(a.join("."), b.join(".")))).toBe(expected);
      }),
    );
  });
});
