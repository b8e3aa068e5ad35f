import type { UnitsSnapshot } from "@fleet/client";
import type { Command, CommandArgs, CommandContext } from "../command.js";
import { placedUnitArguments } from "../completion/offer.js";
import { exitCode } from "../exit-code.js";
import { tellError } from "../output/error-text.js";
import { indexMachines, type MachineIndex, machineLegend } from "../output/machine-legend.js";
import { localMachineId } from "../remote/local-machine.js";
import { type RemoteRun, runOnMachine } from "../remote/run-on-machine.js";
import { readSshPort, readSshSettings, sshPortOption } from "../remote/ssh-settings.js";
import { simulationHint } from "../remote/what-the-cluster-knows.js";
import { findPlaces, type Places } from "../units/find-places.js";
import { keepPlaced, type MeantUnit, readAddresses } from "../units/read-addresses.js";
import { tellUnknown } from "../units/tell-similar.js";
import { UsageError } from "../usage-error.js";

/** `fleetctl journal`. */
export const journal: Command = {
  name: "journal",
  summary: "Print the journal of a unit in the cluster to stdout",
  usage: "journal [--lines=N] [--ssh-port=N] [-f|--follow] [--output=STRING] [--sudo] UNIT",
  description:
    "Runs journalctl on the machine of the unit: through ssh, or directly if it is this machine. The journal of a global\n" +
    "unit is printed machine by machine, or followed on all of them at once; UNIT@@MACHINE means one. The exit status is\n" +
    "journalctl's, 255 if ssh has failed.",
  options: [
    { name: "lines", type: "integer", fallback: 10, help: "Number of recent lines to print." },
    { name: "follow", short: "f", type: "boolean", fallback: false, help: "Go on printing as lines come." },
    {
      name: "output",
      type: "text",
      fallback: "short",
      help: "How to print them: a mode of journalctl's, as short, cat or json.",
    },
    { name: "sudo", type: "boolean", fallback: false, help: "Run journalctl with sudo." },
    sshPortOption,
  ],
  arguments: { ...placedUnitArguments, isMany: false },
  examples: [
    { command: "fleetctl journal hello.service", what: "The last ten lines." },
    { command: "fleetctl journal -f --lines=50 hello", what: "The last fifty, and then what comes." },
  ],
  run: async (context, args) => {
    const [argument, ...surplus] = args.positionals;
    if (argument === undefined || surplus.length > 0) {
      throw new UsageError("One unit file must be provided.", { hint: "Usage: fleetctl journal UNIT" });
    }
    const settings = readSshSettings(args);
    const found = await find(context, argument);
    if (found === undefined) return exitCode.failed;
    const { machines, name, places } = found;
    if (places.kind !== "there") {
      if (places.kind === "absent") {
        await tellUnknown(context, [name], () => `Unit ${name} does not exist.`);
      } else {
        const hint = `Hint: unit ${name}: ${places.why}\n`;
        context.stderr.write(`Unit ${name} does not appear to be running.\n${hint}`);
      }
      return exitCode.failed;
    }
    const command = journalctl(name, args);
    const asks = args.flag("sudo");
    const run: RemoteRun = { settings, port: readSshPort(args), machines, command, asks };
    return await printAll(context, places.machineIds, run, { name, follow: args.flag("follow") });
  },
};

function journalctl(name: string, args: CommandArgs): readonly string[] {
  return [
    ...(args.flag("sudo") ? ["sudo"] : []),
    ...["journalctl", "--unit", name, "--no-pager"],
    ...["-n", String(args.number("lines")), "--output", args.text("output")],
    ...(args.flag("follow") ? ["-f"] : []),
  ];
}

interface Found {
  readonly name: string;
  readonly places: Places;
  readonly machines: MachineIndex;
}

async function find(context: CommandContext, argument: string): Promise<Found | undefined> {
  const { client, signal } = context;
  const step = "Error retrieving unit";
  const units = await readAddresses(context, "journal", [argument], step);
  if (units === undefined) return undefined;
  try {
    const snapshot: UnitsSnapshot = await client.look([...new Set(units.map(({ name }) => name))], signal);
    const unit = theOnly(keepPlaced(units, snapshot, false), argument);
    const machines = indexMachines(await client.listMachines(signal));
    return { name: unit.name, places: findPlaces(unit.name, snapshot, unit.machine), machines };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UsageError) throw error;
    tellError(context, `${step} ${units.map(({ name }) => name).join(", ")}`, error);
    return undefined;
  }
}

function theOnly(units: readonly MeantUnit[], argument: string): MeantUnit {
  const [first, ...others] = units;
  if (first !== undefined && others.length === 0) return first;
  throw new UsageError("One unit file must be provided.", {
    hint: `${JSON.stringify(argument)} means ${units.map(({ name }) => name).join(", ")}`,
  });
}

/** @returns the highest of the exit statuses. */
async function printAll(
  context: CommandContext,
  machineIds: readonly string[],
  run: RemoteRun,
  { follow, name }: { readonly follow: boolean; readonly name: string },
): Promise<number> {
  await remarkOnSimulated(context, machineIds, run.machines);
  if (follow) {
    // None of them ends by itself; the lines say which machine they are from.
    const codes = await Promise.all(machineIds.map((id) => runOnMachine(context, id, run)));
    return Math.max(...codes);
  }
  let worst: number = exitCode.ok;
  for (const [index, id] of machineIds.entries()) {
    if (index > 0) context.stdout.write("\n");
    if (machineIds.length > 1) {
      context.stdout.write(`${name} on ${machineLegend(id, run.machines, false)}:\n`);
    }
    worst = Math.max(worst, await runOnMachine(context, id, run));
  }
  return worst;
}

/** journalctl says "no entries" and exits 0 for units that it does not know, so this has to be said before. */
async function remarkOnSimulated(
  context: CommandContext,
  machineIds: readonly string[],
  machines: MachineIndex,
): Promise<void> {
  const own = await localMachineId(context);
  const others = machineIds.filter((id) => id !== own);
  const hint = others.map((id) => simulationHint(machines.get(id)?.primaryIP ?? "")).find(Boolean);
  if (hint !== undefined) context.stderr.write(`Hint: ${hint}\n`);
}
