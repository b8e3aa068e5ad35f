import type { Command } from "../command.js";
import { exitCode } from "../exit-code.js";

/** `fleetctl verify`, which the original still had when it had long stopped doing anything. */
export const verify: Command = {
  name: "verify",
  summary: "DEPRECATED - No longer works",
  usage: "verify UNIT",
  description: "Signed units are not supported. The command is there so that scripts get a clear answer.",
  options: [],
  examples: [{ command: "fleetctl verify hello.service", what: "Always fails, with exit status 2." }],
  run: async ({ stderr }) => {
    stderr.write('Command "verify" is deprecated, DEPRECATED - No longer works\n');
    stderr.write("WARNING: The signed/verified units feature is DEPRECATED and cannot be used.\n");
    return exitCode.usage;
  },
};
