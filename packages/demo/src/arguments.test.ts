import { expect, it } from "vitest";
import { parseDemoArguments } from "./arguments.js";

const cases: readonly [argv: string[], expected: unknown][] = [
  [[], { action: "start", machines: 3, ttl: undefined }],
  [["--machines", "5"], { action: "start", machines: 5, ttl: undefined }],
  [["--machines=1", "--ttl=4s"], { action: "start", machines: 1, ttl: "4s" }],
  [["status"], { action: "status" }],
  [["kill", "m2"], { action: "kill", machine: "m2" }],
  [["revive", "m2"], { action: "revive", machine: "m2" }],
  [["stop", "--help"], { action: "help" }],
  [["kill"], "kill needs the name of a machine, like m2"],
  [["--machines", "0"], "--machines needs a number from 1 to 30"],
  [["--ttl", "10"], '--ttl needs a duration, like "10s"'],
  [["burn"], 'unknown action "burn"'],
  [["stop", "now"], "stop takes no argument"],
  [["--fast"], "unknown flag --fast"],
];

it.each(cases)("%j", (argv, expected) => expect(parseDemoArguments(argv)).toEqual(expected));
