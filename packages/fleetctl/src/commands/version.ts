import type { Command } from "../command.js";
import { exitCode } from "../exit-code.js";
import { version as number } from "../version.js";

/** `fleetctl version`. */
export const version: Command = {
  name: "version",
  summary: "Print the version and exit",
  usage: "version",
  description: "Prints the version of fleetctl. The cluster is not asked.",
  options: [],
  examples: [{ command: "fleetctl version", what: "The same as fleetctl --version." }],
  run: async (context) => {
    context.stdout.write(`fleetctl version ${number}\n`);
    return exitCode.ok;
  },
};
