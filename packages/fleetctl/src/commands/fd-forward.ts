import type { Command } from "../command.js";
import { exitCode } from "../exit-code.js";
import { UsageError } from "../usage-error.js";

/** `fleetctl fd-forward`. */
export const fdForward: Command = {
  name: "fd-forward",
  summary: "Proxy stdin and stdout to a unix domain socket",
  usage: "fd-forward SOCKET",
  description:
    "Joins its stdin and stdout with a unix socket of this machine. This is what --tunnel runs on the other side. The end of\n" +
    "stdin is handed on, and answers are still waited for; the command ends when the socket's other side does.",
  options: [],
  arguments: { offers: [{ kind: "files" }], isMany: false },
  examples: [
    { command: "fleetctl fd-forward /var/run/fleet.sock", what: "Speak HTTP to the daemon of this machine." },
  ],
  run: async ({ programs, signal }, { positionals }) => {
    const [path, ...surplus] = positionals;
    if (path === undefined || path === "" || surplus.length > 0) {
      throw new UsageError("Provide a single argument", { hint: "Usage: fleetctl fd-forward SOCKET" });
    }
    await programs.joinSocket(path, signal);
    return exitCode.ok;
  },
};
