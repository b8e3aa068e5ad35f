import { isShown } from "./argv/retired-options.js";
import type { Command, OptionSpec } from "./command.js";
import { layOutColumns } from "./output/tabwriter.js";
import { version } from "./version.js";

/** The page of the whole program. */
export function mainPage(commands: readonly Command[], globals: readonly OptionSpec[]): string {
  return [
    section("NAME", "fleetctl - a command-line interface to fleet"),
    section("USAGE", "fleetctl [global options] <command> [command options] [arguments...]"),
    section("VERSION", version),
    section("COMMANDS", layOutColumns(commands.map(({ name, summary }) => [name, summary]))),
    section("OPTIONS", optionLines(globals)),
    "Global options can be given as environment variables, in capitals with FLEETCTL_ in front: FLEETCTL_ENDPOINT.\n" +
      'Run "fleetctl help COMMAND" for more about a command.\n',
  ].join("\n");
}

/** The page of one command. */
export function commandPage(command: Command, globals: readonly OptionSpec[]): string {
  const examples = command.examples.map((example) => `# ${example.what}\n${example.command}`).join("\n");
  return [
    section("NAME", `${command.name} - ${command.summary}`),
    section("USAGE", `fleetctl ${command.usage}`),
    section("DESCRIPTION", command.description),
    ...(command.options.filter(isShown).length === 0
      ? []
      : [section("OPTIONS", optionLines(command.options))]),
    section("EXAMPLES", examples),
    section("GLOBAL OPTIONS", optionLines(globals)),
  ].join("\n");
}

function section(title: string, body: string): string {
  const lines = body.replace(/\n$/, "").split("\n");
  return `${title}:\n${lines.map((line) => `\t${line}\n`).join("")}`;
}

function optionLines(options: readonly OptionSpec[]): string {
  return layOutColumns(options.filter(isShown).map((option) => [optionLegend(option), option.help]));
}

function optionLegend(option: OptionSpec): string {
  const short = option.short === undefined ? "" : `-${option.short}, `;
  const value = option.type === "boolean" ? "" : `=${option.fallback}`;
  return `${short}--${option.name}${value}`;
}
