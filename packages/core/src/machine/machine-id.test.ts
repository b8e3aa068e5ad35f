import { describe, expect, test } from "vitest";
import { machineIdProblem, matchesMachineId, parseMachineId, shortMachineId } from "./machine-id.js";

describe("machine IDs", () => {
  test.each(["m1", "0123456789abcdef0123456789abcdef", "node_a-B", "x".repeat(64)])("%s is one", (id) => {
    expect(parseMachineId(id)).toBe(id);
  });

  test.each(["", "a b", "a/b", "a.b", "m1\n", "\u00e9", "x".repeat(65)])(
    "%j is none, and the rule is named",
    (text) => {
      expect(() => parseMachineId(text)).toThrow(
        'it must be 1 to 64 characters of 0-9, A-Z, a-z, "_" and "-"',
      );
      expect(machineIdProblem(text)).toBeDefined();
    },
  );

  test("the short form is the first 8 characters, or all there are", () => {
    expect(shortMachineId("cafe1111bbbb2222")).toBe("cafe1111");
    expect(shortMachineId("m1")).toBe("m1");
  });

  test.each([
    ["cafe1111bbbb2222", true],
    ["cafe1111", true],
    ["cafe111", false],
    ["cafe1111b", false],
    ["cafe1111aaaa2222", false],
    ["CAFE1111", false],
    ["", false],
  ])("%j means cafe1111bbbb2222: %s", (required, matches) => {
    expect(matchesMachineId(required, "cafe1111bbbb2222")).toBe(matches);
  });
});
