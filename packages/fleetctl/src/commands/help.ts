import type { Command } from "../command.js";
import { exitCode } from "../exit-code.js";

/**
 * `fleetctl help`. It only describes itself: the pages are made of all commands, so the command line shows them before
 * any command runs.
 */
export const help: Command = {
  name: "help",
  summary: "Show a list of commands or help for one command",
  usage: "help [--man] [COMMAND]",
  description: "Shows the commands, or the page of one command.",
  options: [
    {
      name: "man",
      type: "boolean",
      fallback: false,
      help: "Print the page as a manual page, in roff.",
    },
  ],
  arguments: { offers: [{ kind: "commands" }], isMany: false },
  examples: [
    { command: "fleetctl help start", what: "The same as fleetctl start --help." },
    { command: "fleetctl help --man start | man -l -", what: "The manual page of start." },
  ],
  run: async () => exitCode.ok,
};
