import { ApiError } from "@fleet/client";
import type { Command, CommandArgs, CommandContext } from "../command.js";
import { exitCode } from "../exit-code.js";
import { acceptRegistry } from "../machines/accept-registry.js";
import { findMachines, machineName } from "../machines/find-machines.js";
import { documentOptions, readDocumentFormat } from "../output/document.js";
import { tellError } from "../output/error-text.js";
import { UsageError } from "../usage-error.js";

const usage =
  "machine accept [--json] {MACHINE|--all} | machine release {MACHINE...|--all} | machine forget MACHINE";

/** `fleetctl machine`. */
export const machine: Command = {
  name: "machine",
  summary: "Settle what only a person can know about a machine",
  usage,
  description:
    "accept: a machine that finds that etcd was wiped or restored freezes: what runs there runs on, nothing is begun, and\n" +
    "nothing may be changed. If the present etcd is the right one, say so, for one machine or for all. What runs is then\n" +
    "adopted where its unit still wants it. MACHINE is the whole id. Exclusive units are started where this etcd has their\n" +
    "places: a warning names them, because a newer copy may run elsewhere if etcd was restored.\n" +
    "release: when most machines are lost at once, their units are not moved for a while, because that looks like a network\n" +
    "failure (list-machines says for how long). A machine of which you know that it will not be back soon is released:\n" +
    "its units are moved now. It means this absence only. MACHINE may be the beginning of an id; --all releases all whose\n" +
    "units wait.\n" +
    "forget: a machine that is gone for good keeps its seats until it is forgotten. A machine that is present cannot be.\n" +
    "MACHINE is the whole id.",
  options: [
    {
      name: "all",
      type: "boolean",
      fallback: false,
      help: "Accept the present etcd for all machines; release all whose units wait.",
    },
    ...documentOptions,
  ],
  arguments: {
    offers: [{ kind: "words", words: ["accept", "forget", "release"] }],
    further: [{ kind: "known-machines" }],
    isMany: true,
  },
  examples: [
    { command: "fleetctl machine accept --all", what: "This etcd is the right one, on every machine." },
    { command: "fleetctl machine release 113f16a7", what: "Do not wait for this lost machine." },
    {
      command: "fleetctl machine forget 113f16a7a2a54b6a8c8dbba2b45e1f01",
      what: "This machine will not come back.",
    },
  ],
  run: async (context, args) => {
    const { action, words } = readAction(args);
    const format = readDocumentFormat(args);
    if (action !== "accept" && format !== "text")
      throw new UsageError("Only accept prints documents", { hint: `Usage: fleetctl ${usage}` });
    const [id = ""] = words;
    try {
      switch (action) {
        case "accept":
          return await acceptRegistry(context, words[0], format);
        case "release":
          return await release(context, words);
        case "forget":
          await context.client.forgetMachine(id, context.signal);
          context.stdout.write(`Forgot machine ${id}\n`);
          return exitCode.ok;
      }
    } catch (error) {
      context.signal.throwIfAborted();
      const step = `Error settling machine ${id === "" ? "(all)" : id}`;
      // An original server has no such path; ours says what it is that it does not find.
      if (error instanceof ApiError && error.status === 404 && error.message === "") {
        const { client, stderr } = context;
        stderr.write(`${step}: the server at ${client.endpoint} cannot; it is older than this fleetctl\n`);
      } else tellError(context, step, error);
      return exitCode.failed;
    }
  },
};

interface Action {
  readonly action: "accept" | "forget" | "release";
  /** Empty for all machines. */
  readonly words: readonly string[];
}

function readAction(args: CommandArgs): Action {
  const [action, ...words] = args.positionals;
  const all = args.flag("all");
  const isOneOrAll = all ? words.length === 0 : words.length === 1;
  if (action === "accept" && isOneOrAll) return { action, words };
  if (action === "release" && all !== words.length > 0) return { action, words };
  if (action === "forget" && !all && words.length === 1) return { action, words };
  throw new UsageError("Say what about which machine", { hint: `Usage: fleetctl ${usage}` });
}

async function release(context: CommandContext, words: readonly string[]): Promise<number> {
  const { client, signal, stdout } = context;
  const machines = words.length > 0 ? await findMachines(context, words) : await heldMachines(context);
  if (machines.length === 0) stdout.write("No machine's units wait\n");
  for (const machine of machines) {
    const { effect } = await client.putMachine(machine.machineID, { released: true }, signal);
    const name = machineName(machine);
    const rest = machine.held === undefined ? "" : `; its units were held: ${machine.held}`;
    stdout.write(
      effect === "unchanged" ? `Machine ${name} is released already\n` : `Released machine ${name}${rest}\n`,
    );
  }
  return exitCode.ok;
}

async function heldMachines({ client, signal }: CommandContext) {
  const machines = await client.listKnownMachines(signal);
  return machines === "unsupported" ? [] : machines.filter(({ held }) => held !== undefined);
}
