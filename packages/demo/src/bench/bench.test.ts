import { expect, it } from "vitest";
import { parseBenchArguments } from "./bench.js";

const cases: readonly [argv: string[], expected: unknown][] = [
  [["start"], { name: "start", runs: undefined, json: false }],
  [["--json", "failover", "--runs", "3"], { name: "failover", runs: 3, json: true }],
  [[], "which benchmark?"],
  [["nope"], 'there is no benchmark "nope"'],
  [["start", "failover"], "one benchmark at a time, not start and failover"],
  [["start", "--runs", "x"], "--runs needs a number from 1 to 1000"],
  [["start", "--fast"], "unknown flag --fast"],
];

it.each(cases)("%j", (argv, expected) => expect(parseBenchArguments(argv)).toEqual(expected));
