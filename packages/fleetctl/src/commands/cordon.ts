import type { MachinePutV2, MachineV2 } from "@fleet/client";
import type { Command, CommandContext, OptionSpec } from "../command.js";
import { exitCode } from "../exit-code.js";
import { findMachines, machineName } from "../machines/find-machines.js";
import { tellError } from "../output/error-text.js";
import { UsageError } from "../usage-error.js";

/** Why, for the others. */
export const noteOption: OptionSpec = {
  name: "note",
  type: "text",
  fallback: "",
  help: "A line for other people: why, or until when.",
};

/** `fleetctl cordon`. */
export const cordon: Command = {
  name: "cordon",
  summary: "Give machines no new units",
  usage: "cordon [--note=TEXT] MACHINE...",
  description:
    "Units that are on a cordoned machine stay and are restarted there; new ones go elsewhere. A machine that is being\n" +
    "drained is only cordoned from then on: what has not left it stays. Machines that are away can be cordoned, too.\n" +
    "MACHINE is the id of a machine, the beginning of it, or its address.",
  options: [noteOption],
  arguments: { offers: [{ kind: "machines" }], isMany: true },
  examples: [
    { command: "fleetctl cordon 113f16a7", what: "Nothing new for this machine." },
    { command: "fleetctl cordon --note 'disk fails' 172.17.8.103", what: "The same, and why." },
  ],
  run: (context, args) => {
    const note = args.text("note");
    return changeAll(context, args.positionals, {
      usage: cordon.usage,
      put: { cordoned: true, drained: false, ...(note === "" ? {} : { note }) },
      isDone: ({ cordoned, drained }) => cordoned && !drained,
      done: "Cordoned machine",
      was: "is cordoned",
    });
  },
};

/** `fleetctl uncordon`. */
export const uncordon: Command = {
  name: "uncordon",
  summary: "Let machines have new units again",
  usage: "uncordon MACHINE...",
  description:
    "Ends what cordon and drain have begun. A drain ends where it is: units that have left do not come back, units that\n" +
    "are still there stay, and copies that were being started elsewhere are stopped again.\n" +
    "MACHINE is the id of a machine, the beginning of it, or its address.",
  options: [],
  arguments: { offers: [{ kind: "machines" }], isMany: true },
  examples: [{ command: "fleetctl uncordon 113f16a7", what: "This machine is in use again." }],
  run: (context, args) =>
    changeAll(context, args.positionals, {
      usage: uncordon.usage,
      put: { cordoned: false, drained: false, note: "", handOversMax: 0 },
      isDone: ({ cordoned, drained }) => !cordoned && !drained,
      done: "Uncordoned machine",
      was: "is not cordoned",
    }),
};

interface PolicyChange {
  readonly usage: string;
  readonly put: MachinePutV2;
  isDone(machine: MachineV2): boolean;
  readonly done: string;
  readonly was: string;
}

async function changeAll(
  context: CommandContext,
  words: readonly string[],
  change: PolicyChange,
): Promise<number> {
  if (words.length === 0) {
    throw new UsageError("No machine given", { hint: `Usage: fleetctl ${change.usage}` });
  }
  const { client, signal, stdout } = context;
  let machines: readonly MachineV2[];
  try {
    machines = await findMachines(context, words);
  } catch (error) {
    signal.throwIfAborted();
    tellError(context, "Error finding machines", error);
    return exitCode.failed;
  }
  let code: number = exitCode.ok;
  for (const machine of machines) {
    const name = machineName(machine);
    try {
      const { effect } = await client.putMachine(machine.machineID, change.put, signal);
      if (!change.isDone(machine)) stdout.write(`${change.done} ${name}\n`);
      else if (effect === "unchanged") stdout.write(`Machine ${name} ${change.was} already\n`);
      else stdout.write(`Machine ${name} ${change.was} already; changed its note\n`);
    } catch (error) {
      signal.throwIfAborted();
      tellError(context, `Error changing machine ${name}`, error);
      code = exitCode.failed;
    }
  }
  return code;
}
