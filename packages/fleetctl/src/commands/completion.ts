import type { Command } from "../command.js";
import { completionScripts, shells } from "../completion/scripts.js";
import { exitCode } from "../exit-code.js";
import { UsageError } from "../usage-error.js";

/**
 * `fleetctl completion`. What the scripts ask for, `completion candidates -- WORD...`, is made of all commands, so the command
 * line answers it before any command runs.
 */
export const completion: Command = {
  name: "completion",
  summary: "Print a script that makes a shell complete command lines of fleetctl",
  usage: "completion bash|zsh|fish",
  description:
    "Prints a script for a shell. Commands, flags and their values are completed, and names of units and ids of machines as\n" +
    "the cluster has them. If the cluster does not answer within a second, or not at all, nothing is said of it.",
  options: [],
  arguments: { offers: [{ kind: "words", words: shells }], isMany: false },
  examples: [
    { command: "source <(fleetctl completion bash)", what: "For this bash; in ~/.bashrc, for every one." },
    { command: "source <(fleetctl completion zsh)", what: "The same for zsh, after compinit in ~/.zshrc." },
    {
      command: "fleetctl completion fish >~/.config/fish/completions/fleetctl.fish",
      what: "For every fish.",
    },
  ],
  run: async ({ stdout }, args) => {
    const [name, ...surplus] = args.positionals;
    const shell = shells.find((candidate) => candidate === name);
    if (shell === undefined || surplus.length > 0) {
      throw new UsageError("One shell must be named", { hint: `Usage: fleetctl ${completion.usage}` });
    }
    stdout.write(completionScripts[shell]);
    return exitCode.ok;
  },
};
