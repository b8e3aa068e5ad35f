import { isShown } from "./argv/retired-options.js";
import type { Command, OptionSpec } from "./command.js";
import { layOutColumns } from "./output/tabwriter.js";
import { version } from "./version.js";

/** What most people do first, with the whole program. */
export const mainExamples: Command["examples"] = [
  { command: "fleetctl list-machines", what: "Who is there." },
  { command: "fleetctl start hello.service", what: "Submit the file, place the unit, wait until it runs." },
  {
    command: "fleetctl list-units --filter 'unit=web@*'",
    what: "Where the instances of a template run, and how.",
  },
  { command: "fleetctl explain hello", what: "Why a unit is where it is, or nowhere." },
  { command: "fleetctl journal -f hello", what: "Follow what it prints, wherever it is." },
  { command: "fleetctl --endpoint=http://m1:49153,http://m2:49153 list-units", what: "Ask another cluster." },
];

/** The page of the whole program. */
export function mainPage(commands: readonly Command[], globals: readonly OptionSpec[]): string {
  return [
    section("NAME", "fleetctl - a command-line interface to fleet"),
    section("USAGE", "fleetctl [global options] <command> [command options] [arguments...]"),
    section("VERSION", version),
    section("COMMANDS", layOutColumns(commands.map(({ name, summary }) => [name, summary]))),
    section("EXAMPLES", exampleLines(mainExamples)),
    section("OPTIONS", optionLines(globals)),
    "Global options can be given as environment variables, in capitals with FLEETCTL_ in front: FLEETCTL_ENDPOINT.\n" +
      'Run "fleetctl help COMMAND" for more about a command.\n',
  ].join("\n");
}

/** The page of one command. */
export function commandPage(command: Command, globals: readonly OptionSpec[]): string {
  return [
    section("NAME", `${command.name} - ${command.summary}`),
    section("USAGE", `fleetctl ${command.usage}`),
    section("DESCRIPTION", command.description),
    ...(command.options.filter(isShown).length === 0
      ? []
      : [section("OPTIONS", optionLines(command.options))]),
    section("EXAMPLES", exampleLines(command.examples)),
    section("GLOBAL OPTIONS", optionLines(globals)),
  ].join("\n");
}

function section(title: string, body: string): string {
  const lines = body.replace(/\n$/, "").split("\n");
  return `${title}:\n${lines.map((line) => `\t${line}\n`).join("")}`;
}

function exampleLines(examples: Command["examples"]): string {
  return examples.map(({ command, what }) => `# ${what}\n${command}`).join("\n");
}

function optionLines(options: readonly OptionSpec[]): string {
  return layOutColumns(options.filter(isShown).map((option) => [optionLegend(option), option.help]));
}

function optionLegend(option: OptionSpec): string {
  const short = option.short === undefined ? "" : `-${option.short}, `;
  const value = option.type === "boolean" ? "" : `=${option.fallback}`;
  return `${short}--${option.name}${value}`;
}
