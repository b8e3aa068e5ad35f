import { expect, test } from "vitest";
import { replacementBetween } from "./replaces-between.js";

const unit = (name: string, ...replaces: string[]) => ({ name, replaces });

test.each([
  ["nobody replaces", unit("new.service"), unit("old.service"), undefined],
  [
    "the first replaces the second",
    unit("new.service", "old*"),
    unit("old.service"),
    { replacer: "new.service", replaced: "old.service" },
  ],
  [
    "the second replaces the first",
    unit("old.service"),
    unit("new.service", "x*", "old*"),
    { replacer: "new.service", replaced: "old.service" },
  ],
  ["each replaces the other", unit("a.service", "b*"), unit("b.service", "a*"), undefined],
  ["a unit and itself", unit("a.service", "a*"), unit("a.service"), undefined],
  ["a malformed pattern", unit("a.service", "b["), unit("b.service"), undefined],
])("%s", (_case, a, b, replacement) => {
  expect(replacementBetween(a, b)).toEqual(replacement);
});
