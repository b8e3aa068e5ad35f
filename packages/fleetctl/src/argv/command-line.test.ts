import { describe, expect, it } from "vitest";
import { commands } from "../commands/all.js";
import { mainExamples } from "../help-page.js";
import { parseFlags } from "./parse-flags.js";
import { findCommand, meantCommand, readCommandLine } from "./read-command-line.js";
import { allOptions, optionsOf } from "./retired-options.js";

const all = allOptions(commands);

function parse(line: string, environment: Record<string, string> = {}) {
  const words = readCommandLine(line.split(" "), {
    options: all,
    ownOptions: (word) => {
      const command = meantCommand(word, commands);
      return command === undefined ? undefined : optionsOf(command);
    },
  });
  const command = findCommand(words.command ?? "help", commands);
  return { command: command.name, args: parseFlags(command, words.rest, environment, commands) };
}

describe("flags", () => {
  it.each([
    "start --no-block --block-attempts=3 a b",
    "--no-block start --block-attempts 3 a b",
    "--block-attempts 3 start a --no-block b",
    "start a b --no-block=true --block-attempts=0x3",
    "start a --no-block=T -- b --block-attempts=3".replace(
      "-- b --block-attempts=3",
      "--block-attempts=3 -- b",
    ),
  ])("stand anywhere: %s", (line) => {
    const { command, args } = parse(line);
    expect([command, args.flag("no-block"), args.number("block-attempts"), args.positionals]).toEqual([
      "start",
      true,
      3,
      ["a", "b"],
    ]);
  });

  it.each([
    ["list-units -l", true],
    ["list-units --l", true],
    ["list-units --full", true],
    ["-l list-units", true],
    ["list-units --full=1", true],
    ["list-units --full=False", false],
    ["list-units --full --full=f", false],
    ["list-units", false],
  ])("%s", (line, isFull) => {
    expect(parse(line).args.flag("full")).toBe(isFull);
  });

  it("end at --, and what follows is an argument", () => {
    expect(parse("cat -- --full").args.positionals).toEqual(["--full"]);
  });

  it.each([
    ["-- list-units x", "list-units", ["x"]],
    ["--full -- list-units --full", "list-units", ["--full"]],
    ["--", "help", []],
  ])("may end before the command: %s", (line, command, positionals) => {
    const parsed = parse(line);
    expect([parsed.command, parsed.args.positionals]).toEqual([command, positionals]);
  });

  it("take the last of several", () => {
    expect(parse("list-units --fields=unit --fields active").args.text("fields")).toBe("active");
  });

  it.each([
    ["list-units --nosuch", "Error: unknown flag: --nosuch"],
    ["list-units --ful", "Error: unknown flag: --ful"],
    ["list-units -full", "Error: unknown shorthand flag: 'f' in -full"],
    ["list-units -z", "Error: unknown shorthand flag: 'z' in -z"],
    ["list-units -lz", "Error: unknown shorthand flag: 'z' in -lz"],
    ["list-units -k 2", "Error: unknown shorthand flag: 'k' in -k"],
    ["list-units -lo", "Error: flag needs an argument: -lo"],
    ["stop --replace a", "Error: unknown flag: --replace"],
    ["list-units --fields", "Error: flag needs an argument: --fields"],
    [
      "load --block-attempts=abc x",
      'Error: invalid argument "abc" for --block-attempts=abc: expected a whole number',
    ],
    ["list-units --full=maybe", 'Error: invalid argument "maybe" for --full=maybe: expected true or false'],
    [
      "list-units --request-timeout=0",
      'Error: invalid argument "0" for --request-timeout=0: expected a number of seconds above 0',
    ],
  ])("%s is refused", (line, message) => {
    const refused = { name: "UsageError", message };
    expect(() => parse(line)).toThrow(expect.objectContaining(refused));
  });

  it.each([
    ["list-units --ful", ["--full"]],
    ["list-units -full", ["--full"]],
    ["start --no-blok a", ["--no-block"]],
    ["list-units --endpiont=x", ["--endpoint"]],
    // Flags of other commands are no help, and a letter says too little.
    ["list-units --losse", []],
    ["list-units -z", []],
    ["list-units -nolegend", ["--no-legend"]],
  ])("%s is corrected", (line, suggestions) => {
    expect(() => parse(line)).toThrow(expect.objectContaining({ suggestions }));
  });

  it.each([
    ["list-units -lo wide", true, "wide"],
    ["list-units -lowide", true, "wide"],
    ["list-units -lo=wide", true, "wide"],
    ["list-units -owide", false, "wide"],
    ["list-units -l=false -o=wide", false, "wide"],
    ["-lo wide list-units", true, "wide"],
    ["list-units -ol", false, "l"],
  ])("may share a dash: %s", (line, isFull, format) => {
    const { args } = parse(line);
    expect([args.flag("full"), args.text("output"), args.positionals]).toEqual([isFull, format, []]);
  });

  it.each([
    ["list-units --nosuch", "Run 'fleetctl list-units --help' for its flags."],
    ["--nosuch list-units", "Run 'fleetctl list-units --help' for its flags."],
    ["--nosuch", "Run 'fleetctl COMMAND --help' for the flags of a command."],
  ])("%s is told where to look", (line, hint) => {
    expect(() => parse(line)).toThrow(expect.objectContaining({ hint }));
  });

  it("say which commands have a flag that this one has not", () => {
    expect(() => parse("stop --replace a")).toThrow(
      expect.objectContaining({ hint: "stop has no such flag; load, plan, start, submit have it." }),
    );
  });
});

describe("the environment", () => {
  it("gives global options that the command line does not", () => {
    const environment = {
      FLEETCTL_ENDPOINT: "http://a",
      FLEETCTL_REQUEST_TIMEOUT: "2.5",
      FLEETCTL_DEBUG: "",
    };
    const { args } = parse("list-units", environment);
    expect([args.text("endpoint"), args.number("request-timeout"), args.flag("debug")]).toEqual([
      "http://a",
      2.5,
      false,
    ]);
    expect(parse("list-units --endpoint=http://b", environment).args.text("endpoint")).toBe("http://b");
  });

  it("gives nothing else", () => {
    const { args } = parse("list-units", { FLEETCTL_FULL: "true", FLEETCTL_HELP: "true" });
    expect([args.flag("full"), args.flag("help")]).toEqual([false, false]);
  });

  it("is refused when it makes no sense", () => {
    expect(() => parse("list-units", { FLEETCTL_DEBUG: "maybe" })).toThrow(
      'invalid argument "maybe" for FLEETCTL_DEBUG=maybe: expected true or false',
    );
  });
});

describe("commands", () => {
  it.each([
    ["sto", "stop"],
    ["lo", "load"],
    ["destro", "destroy"],
    ["list-m", "list-machines"],
    ["list-units", "list-units"],
    ["h", "help"],
  ])("may be cut short: %s", (word, name) => {
    expect(findCommand(word, commands).name).toBe(name);
  });

  it.each([
    ["list", ["list-machines", "list-unit-files", "list-units"]],
    ["st", ["start", "status", "stop"]],
    ["strat", ["start"]],
    ["xyzzy", []],
  ])("%s is not one", (word, suggestions) => {
    expect(() => findCommand(word, commands)).toThrow(
      expect.objectContaining({ message: `Error: unknown command "${word}" for "fleetctl"`, suggestions }),
    );
  });

  it("are in alphabetical order, and each has examples", () => {
    const names = commands.map(({ name }) => name);
    expect(names).toEqual(names.toSorted());
    for (const { name, examples } of commands) {
      expect(examples.length).toBeGreaterThan(0);
      for (const { command } of examples) expect(command).toContain(`fleetctl ${name}`);
    }
  });

  const commandExamples = commands.flatMap(({ name, examples }) =>
    examples.map(({ command }) => [name, command] as const),
  );
  it.each([
    ...commandExamples,
    ...mainExamples.map(
      ({ command }) => [/ ([a-z-]+)/.exec(command.replace(/ --\S+/, ""))?.[1], command] as const,
    ),
  ])("show in their help what they understand: %s, %s", (name, example) => {
    // What stands in quotes is one word, and the rest of the shell's language is not fleetctl's.
    const line = (/fleetctl (.*?)(?: \| .*|\)| >.*)?$/.exec(example)?.[1] ?? "").replaceAll(/["']/g, "");
    expect(parse(line).command).toBe(name);
  });

  it("agree on what a flag of one name takes", () => {
    for (const option of all) {
      expect(all.filter(({ name }) => name === option.name).map(({ type }) => type)).not.toContain(
        option.type === "boolean" ? "text" : "boolean",
      );
    }
  });
});

describe("old names of flags", () => {
  it.each([
    ["cat --etcd-keyfile=a x", {}, "a"],
    ["cat --etcd-keyfile=a --key-file=b x", {}, "b"],
    ["cat --key-file=b --etcd-keyfile a x", {}, "a"],
    ["cat x", { FLEETCTL_ETCD_KEYFILE: "c" }, "c"],
    ["cat x", { FLEETCTL_ETCD_KEYFILE: "c", FLEETCTL_KEY_FILE: "d" }, "d"],
    ["cat --key-file=b x", { FLEETCTL_ETCD_KEYFILE: "c" }, "b"],
  ])("%s with %j", (line, environment, expected) => {
    expect(parse(line, environment).args.text("key-file")).toBe(expected);
  });
});
