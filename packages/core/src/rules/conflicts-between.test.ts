import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { conflictBetween } from "./conflicts-between.js";

const unit = (name: string, ...conflicts: string[]) => ({ name, conflicts });

describe("conflictBetween", () => {
  test.each([
    ["nobody objects", unit("a.service"), unit("b.service", "c*"), undefined],
    [
      "the first objects",
      unit("a.service", "x*", "b*"),
      unit("b.service"),
      { declaredBy: "a.service", pattern: "b*" },
    ],
    [
      "the second objects",
      unit("a.service"),
      unit("b.service", "a*"),
      { declaredBy: "b.service", pattern: "a*" },
    ],
    [
      "both object",
      unit("a.service", "b*"),
      unit("b.service", "a*"),
      { declaredBy: "a.service", pattern: "b*" },
    ],
    ["a unit and itself", unit("a.service", "a*"), unit("a.service", "*"), undefined],
    [
      "two instances",
      unit("w@1.service", "w@*.service"),
      unit("w@2.service", "w@*.service"),
      { declaredBy: "w@1.service", pattern: "w@*.service" },
    ],
    ["a malformed pattern", unit("a.service", "b["), unit("b.service"), undefined],
  ])("%s", (_case, a, b, conflict) => {
    expect(conflictBetween(a, b)).toEqual(conflict);
  });

  test("does not depend on who is asked first", () => {
    const party = fc.record({
      name: fc.constantFrom("a.service", "b.service", "ab.service"),
      conflicts: fc.array(fc.constantFrom("a*", "*b*", "c", "*.service", "?.service")),
    });
    fc.assert(
      fc.property(party, party, (a, b) => {
        expect(conflictBetween(a, b) === undefined).toBe(conflictBetween(b, a) === undefined);
      }),
    );
  });
});
