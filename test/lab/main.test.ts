import { expect, it } from "vitest";
import { parseE2eArguments } from "./e2e/main.js";
import { help, parseLabArguments } from "./main.js";
import { parseSoakArguments } from "./soak/main.js";

it.each<[string, readonly string[], object]>([
  [
    "up",
    ["up"],
    {
      command: "up",
      name: "lab",
      build: true,
      plan: { machines: 3, etcdMembers: 1, base: "/", options: {} },
    },
  ],
  [
    "flags before and after",
    ["--name", "x", "up", "--machines=5", "--etcd", "3", "--set", "metadata=a=b", "--clock"],
    {
      command: "up",
      name: "x",
      plan: { machines: 5, etcdMembers: 3, fakeClock: true, options: { metadata: "a=b" } },
    },
  ],
  ["words of a command", ["kill", "m1", "e2"], { command: "kill", args: ["m1", "e2"] }],
  ["a number with a sign", ["clock", "m1", "-3600"], { command: "clock", args: ["m1", "-3600"] }],
  [
    "everything after exec is the machine's",
    ["exec", "m1", "ls", "--all", "--name", "y"],
    { command: "exec", name: "lab", args: ["m1", "ls", "--all", "--name", "y"] },
  ],
])("reads %s", (_, argv, request) => {
  expect(parseLabArguments(argv)).toMatchObject(request);
});

it.each<[string, readonly string[], RegExp]>([
  ["an unknown command", ["upp"], /no command "upp"/],
  ["an unknown flag", ["up", "--fast"], /--fast/],
  ["too many machines", ["up", "--machines", "31"], /from 1 to 30/],
  ["an even number of members", ["up", "--etcd", "2"], /1, 3 or 5/],
  ["a setting without a value", ["up", "--set", "x"], /NAME=VALUE/],
])("refuses %s", (_, argv, problem) => {
  expect(parseLabArguments(argv)).toMatch(problem);
});

it("helps whoever asks for nothing", () => {
  expect(parseLabArguments([])).toBe("");
  expect(help()).toContain("cut-one-way m2 TO…");
});

it("reads how to soak", () => {
  expect(parseSoakArguments(["--minutes", "0.5", "--seed", "7"])).toEqual({ minutes: 0.5, seed: 7 });
  expect(parseSoakArguments([])).toEqual({ minutes: 30, seed: 1 });
  expect(parseSoakArguments(["--seed", "x"])).toMatch(/--seed needs a whole number/);
  expect(parseSoakArguments(["--fast"])).toMatch(/--fast/);
});

it("reads what to play", () => {
  expect(parseE2eArguments(["etcd-away", "minutes=10", "--json", "--times", "2", "--ttl", "4s"])).toEqual({
    names: ["etcd-away"],
    parameters: { minutes: 10 },
    json: true,
    times: 2,
    ttl: "4s",
    isLong: false,
    from: undefined,
    labName: "e2e",
    needsFakeClock: false,
  });
  expect(parseE2eArguments(["--long", "--from", "HEAD~3", "--name", "other"])).toMatchObject({
    isLong: true,
    from: "HEAD~3",
    labName: "other",
  });
  expect(parseE2eArguments(["--times", "none"])).toMatch(/--times needs a number/);
  expect(parseE2eArguments([])).toMatchObject({ needsFakeClock: true });
  expect(parseE2eArguments(["nothing"])).toMatch(/no scenario "nothing"/);
});
