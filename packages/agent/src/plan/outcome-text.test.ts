import { expect, test } from "vitest";
import type { LocalOutcome } from "./machine-view.js";
import { outcomeText } from "./outcome-text.js";

const outcome: LocalOutcome = { result: "exit-code", end: "exited", status: 3, restarts: 0 };

test.each<[string, Partial<LocalOutcome>]>([
  ["exit status 3", {}],
  ["exit status 3, restarted once", { restarts: 1 }],
  ["exit status 0, restarted 7 times", { result: "success", status: 0, restarts: 7 }],
  ["killed by SIGKILL", { result: "signal", end: "killed", status: 9 }],
  ["killed by signal 34", { result: "signal", end: "killed", status: 34 }],
  ["killed by SIGSEGV", { result: "core-dump", end: "killed", status: 11 }],
  ["timed out, killed by SIGTERM", { result: "timeout", end: "killed", status: 15 }],
  [
    "started too often in too short a time, exit status 1, restarted 5 times",
    { result: "start-limit-hit", status: 1, restarts: 5 },
  ],
  ["a word of the future", { result: "a word of the future", end: "none" }],
  ["", { result: "", end: "none" }],
])("%s", (text, change) => {
  expect(outcomeText({ ...outcome, ...change })).toBe(text);
});
