import type { Command, CommandContext } from "../command.js";
import { exitCode } from "../exit-code.js";
import { tellError } from "../output/error-text.js";
import { UsageError } from "../usage-error.js";

const usage = "machine accept {MACHINE|--all} | machine forget MACHINE";

/** `fleetctl machine`. */
export const machine: Command = {
  name: "machine",
  summary: "Settle what only a person can know about a machine",
  usage,
  description:
    "accept: a machine that finds that etcd was wiped or restored freezes: what runs there runs on, nothing is begun, and\n" +
    "nothing may be changed. If the present etcd is the right one, say so, for one machine or for all. What runs is then\n" +
    "adopted where its unit still wants it.\n" +
    "forget: a machine that is gone for good keeps its seats until it is forgotten. A machine that is present cannot be.\n" +
    "MACHINE is the whole id of the machine.",
  options: [
    { name: "all", type: "boolean", fallback: false, help: "Accept the present etcd for all machines" },
  ],
  arguments: { offers: [{ kind: "words", words: ["accept", "forget"] }], isMany: false },
  examples: [
    { command: "fleetctl machine accept --all", what: "This etcd is the right one, on every machine." },
    {
      command: "fleetctl machine forget 113f16a7a2a54b6a8c8dbba2b45e1f01",
      what: "This machine will not come back.",
    },
  ],
  run: async (context, args) => {
    const [action, id, ...surplus] = args.positionals;
    const all = args.flag("all");
    const isAccept = action === "accept" && (all ? id === undefined : id !== undefined);
    const isForget = action === "forget" && id !== undefined && !all;
    if (surplus.length > 0 || !(isAccept || isForget)) {
      throw new UsageError("Say what about which machine", { hint: `Usage: fleetctl ${usage}` });
    }
    return await settle(context, action === "forget" ? "forget" : "accept", id);
  },
};

async function settle(
  context: CommandContext,
  action: "accept" | "forget",
  id: string | undefined,
): Promise<number> {
  const { client, signal, stdout } = context;
  try {
    if (action === "accept") await client.accept(id, signal);
    else await client.forgetMachine(id ?? "", signal);
  } catch (error) {
    signal.throwIfAborted();
    tellError(context, `Error settling machine ${id ?? "(all)"}`, error);
    return exitCode.failed;
  }
  if (action === "forget") stdout.write(`Forgot machine ${id}\n`);
  else
    stdout.write(id === undefined ? "Accepted etcd for all machines\n" : `Accepted etcd for machine ${id}\n`);
  return exitCode.ok;
}
