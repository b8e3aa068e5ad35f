import { expect, it } from "vitest";
import { formatFigures, ratio, summarize } from "./figures.js";

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
