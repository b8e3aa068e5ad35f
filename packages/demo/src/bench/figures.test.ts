import { expect, it } from "vitest";
import { atLeast, atMost, formatFigures, ratio, summarize } from "./figures.js";

it("sums up odd and even numbers of runs", () => {
  expect(summarize([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, runs: 3 });
  expect(summarize([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4, runs: 4 });
});

it("compares medians", () => {
  expect(ratio(summarize([30]), summarize([10, 20, 40]))).toBe(1.5);
});

it("lines figures up", () => {
  expect(formatFigures({ bench: "start", returnedMs: summarize([1]) })).toBe(
    "bench       start\nreturnedMs  1 (1 to 1) n=1\n",
  );
});

it("holds figures to budgets, the limit included", () => {
  expect(atMost("time", 150, 150).isMet).toBe(true);
  expect(atMost("time", 150.1, 150).isMet).toBe(false);
  expect(atLeast("rate", 0.6, 0.6).isMet).toBe(true);
  expect(atLeast("rate", 0.5999, 0.6).isMet).toBe(false);
  expect(atMost("time", Number.NaN, 150).isMet).toBe(false);
});

it("says of each budget whether it is met", () => {
  const budgets = [atMost("time", 1, 2), atLeast("rate", 1, 2)];
  expect(formatFigures({ bench: "start", budgets })).toBe(
    "bench  start\nmet     time: 1 (at most 2)\nMISSED  rate: 1 (at least 2)\n",
  );
});
