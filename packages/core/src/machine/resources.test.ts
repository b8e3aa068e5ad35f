import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAmount, formatAmounts, parseAmount } from "./resources.js";

describe("parseAmount", () => {
  test.each([
    ["cpu", "2", 2000],
    ["cpu", "0.5", 500],
    ["cpu", "0.25", 250],
    ["cpu", "1.125", 1125],
    ["cpu", "500m", 500],
    ["cpu", "0", 0],
    ["cpu", "1.2345", undefined],
    ["cpu", ".5", undefined],
    ["cpu", "1k", undefined],
    ["cpu", "-1", undefined],
    ["memory", "1024", 1024],
    ["memory", "1K", 1024],
    ["memory", "512M", 536870912],
    ["memory", "2G", 2147483648],
    ["memory", "1.5G", 1610612736],
    ["memory", "1T", 1024 ** 4],
    ["memory", "1P", 1024 ** 5],
    ["memory", "2P", undefined],
    ["memory", "1g", undefined],
    ["memory", "1Gi", undefined],
    ["memory", "10%", undefined],
    ["memory", "", undefined],
    ["gpu", "3", 3],
    ["gpu", "3.5", undefined],
    ["gpu", "99999999999999999", undefined],
  ])("%s=%s: %s", (name, text, amount) => {
    expect(parseAmount(name, text)).toBe(amount);
  });
});

describe("formatAmount", () => {
  test.each([
    ["cpu", 500, "0.5"],
    ["cpu", 2000, "2"],
    ["memory", 0, "0"],
    ["memory", 1023, "1023"],
    ["memory", 536870912, "512M"],
    ["memory", 1610612736, "1.5G"],
    ["memory", 8333627392, "7.76G"],
    ["memory", 2 ** 50, "1P"],
    ["gpu", 2, "2"],
  ])("%s %s: %s", (name, amount, text) => {
    expect(formatAmount(name, amount)).toBe(text);
  });

  test("what it prints is never more than there is", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 - 1 }), (amount) => {
        expect(parseAmount("memory", formatAmount("memory", amount))).toBeLessThanOrEqual(amount);
      }),
    );
  });

  test("amounts are listed by name", () => {
    expect(formatAmounts({ memory: 1024, cpu: 1000, gpu: 2 })).toBe("cpu=1,gpu=2,memory=1K");
  });
});
