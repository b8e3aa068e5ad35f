import { expect, it } from "vitest";
import { parseBenchArguments, parseDemoArguments } from "../../scripts/arguments.mjs";
import { parseSimArguments } from "../../scripts/sim-arguments.mjs";

const demoCases: readonly [argv: string[], expected: unknown][] = [
  [[], { action: "start", machines: 3, ttl: undefined }],
  [["--machines", "5"], { action: "start", machines: 5, ttl: undefined }],
  [["--machines=1", "--ttl=4s"], { action: "start", machines: 1, ttl: "4s" }],
  [["status"], { action: "status" }],
  [["kill", "m2"], { action: "kill", machine: "m2" }],
  [["revive", "m2"], { action: "revive", machine: "m2" }],
  [["stop", "--help"], { action: "help" }],
  [["kill"], "kill needs the name of a machine, like m2"],
  [["--machines", "0"], "--machines needs a number from 1 to 30"],
  [["--ttl", "10"], '--ttl needs 3s to 3600s, like "10s"'],
  [["--ttl", "0s"], '--ttl needs 3s to 3600s, like "10s"'],
  [["--ttl", "99999999m"], '--ttl needs 3s to 3600s, like "10s"'],
  [["kill", "m2", "--machines", "3"], "kill takes neither --machines nor --ttl"],
  [["burn"], 'unknown action "burn"'],
  [["stop", "now"], "stop takes no argument"],
  [["start", "m1"], "start takes no argument"],
  [["--fast"], "unknown flag --fast"],
];
it.each(demoCases)("demo %j", (argv, expected) => expect(parseDemoArguments(argv)).toEqual(expected));

const benchCases: readonly [argv: string[], expected: unknown][] = [
  [["start"], { name: "start", runs: 15, json: false }],
  [["--json", "failover", "--runs", "3"], { name: "failover", runs: 3, json: true }],
  [["--help"], { name: "help" }],
  [[], "which benchmark?"],
  [["nope"], 'there is no benchmark "nope"'],
  [["start", "failover"], "one benchmark at a time, not start and failover"],
  [["start", "--runs", "x"], "--runs needs a number from 1 to 1000"],
  [["start", "--fast"], "unknown flag --fast"],
];
it.each(benchCases)("bench %j", (argv, expected) => expect(parseBenchArguments(argv)).toEqual(expected));

const simCases: readonly [argv: string[], story: boolean][] = [
  [["--seed", "17"], false],
  [["--seed", "17", "--story"], true],
  [["--seed", "17", "--all"], true],
  [["--all"], false],
];
it("sim takes files to merge, and only then", () => {
  expect(parseSimArguments(["--merge", "a.json", "b.json"])).toMatchObject({ merge: ["a.json", "b.json"] });
  expect(parseSimArguments(["--merge"])).toBe("--merge needs the reports to merge");
  expect(parseSimArguments(["a.json"])).toBe("unexpected: a.json");
});
it.each(simCases)("sim %j", (argv, story) => expect(parseSimArguments(argv)).toMatchObject({ story }));
