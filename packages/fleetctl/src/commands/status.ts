import type { UnitsSnapshot } from "@fleet/client";
import type { Command, CommandContext } from "../command.js";
import { placedUnitArguments } from "../completion/offer.js";
import { exitCode } from "../exit-code.js";
import { tellError } from "../output/error-text.js";
import type { ListView } from "../output/list.js";
import { indexMachines, type MachineIndex, machineLegend } from "../output/machine-legend.js";
import { notRunStatus, runOnMachine } from "../remote/run-on-machine.js";
import { readSshPort, readSshSettings, type SshSettings, sshPortOption } from "../remote/ssh-settings.js";
import { tellWhatIsKnown } from "../remote/what-the-cluster-knows.js";
import { findPlaces } from "../units/find-places.js";
import { keepPlaced, type MeantUnit, readAddresses } from "../units/read-addresses.js";
import { readStatusView, renderStatus, type SoughtUnit, statusOutputOption } from "../units/status-list.js";
import { tellOrphans } from "../units/tell-orphans.js";
import { tellUnknown } from "../units/tell-similar.js";
import { UsageError } from "../usage-error.js";

const step = "Error retrieving unit";
/** systemctl's own status for units that it does not know. */
const unknownUnit = 4;

/** `fleetctl status`. */
export const status: Command = {
  name: "status",
  summary: "Output the status of one or more units in the cluster",
  usage: "status [--ssh-port=N] [--output=FORMAT] UNIT...",
  description:
    "Runs systemctl status on the machine of each unit: through ssh, or directly if it is this machine. A global unit is\n" +
    "shown on all of its machines, UNIT@@MACHINE on one. All units are shown, whatever becomes of one; the exit status is\n" +
    "the highest of theirs: 0 active, 3 not running, 255 if ssh has failed. With --output it is what the cluster knows that is\n" +
    "printed, for programs, and no machine is asked.",
  options: [statusOutputOption, sshPortOption],
  arguments: placedUnitArguments,
  examples: [
    { command: "fleetctl status hello.service", what: "What systemd says of it, where it is." },
    { command: "fleetctl status 'web@*'", what: "All instances." },
    {
      command: "fleetctl status --tunnel=bastion.example.com hello",
      what: "Through a host that can reach the machines.",
    },
    { command: "fleetctl status --output=json 'web@*'", what: "What the cluster knows, for a program." },
  ],
  run: async (context, args) => {
    if (args.positionals.length === 0) {
      throw new UsageError("No units given", { hint: "Usage: fleetctl status UNIT..." });
    }
    const settings = readSshSettings(args);
    const view = readStatusView(args);
    const { client, signal } = context;
    let units: readonly MeantUnit[] | undefined;
    let snapshot: UnitsSnapshot;
    let machines: MachineIndex;
    try {
      units = await readAddresses(context, "status", args.positionals, step);
      if (units === undefined) return exitCode.failed;
      const names = [...new Set(units.map(({ name }) => name))];
      snapshot = await client.look(names, signal);
      units = keepPlaced(units, snapshot, true);
      machines = indexMachines(await client.listMachines(signal));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof UsageError) throw error;
      tellError(context, step, error);
      return exitCode.failed;
    }
    if (view !== undefined) return await listAll(context, units, { view, snapshot, machines });
    return await showAll(context, units, { settings, port: readSshPort(args), snapshot, machines });
  },
};

interface Listing {
  readonly view: ListView;
  readonly snapshot: UnitsSnapshot;
  readonly machines: MachineIndex;
}

/** @returns the highest of the exit statuses. */
async function listAll(
  context: CommandContext,
  units: readonly MeantUnit[],
  { machines, snapshot, view }: Listing,
): Promise<number> {
  const sought: SoughtUnit[] = [];
  const absent: string[] = [];
  for (const { machine, name } of units) {
    const places = findPlaces(name, snapshot, machine);
    if (places.kind === "absent") absent.push(name);
    else sought.push({ name, places });
  }
  const { code, text } = renderStatus(sought, snapshot, machines, view);
  context.stdout.write(text);
  await tellAbsent(context, absent);
  return absent.length > 0 ? Math.max(code, exitCode.failed) : code;
}

async function tellAbsent(context: CommandContext, names: readonly string[]): Promise<void> {
  await tellUnknown(context, names, (name) => `Unit ${name} does not exist.`);
  await tellOrphans(context, names);
}

interface Showing {
  readonly settings: SshSettings;
  readonly port: number;
  readonly snapshot: UnitsSnapshot;
  readonly machines: MachineIndex;
}

/** @returns the highest of the exit statuses. */
async function showAll(
  context: CommandContext,
  units: readonly MeantUnit[],
  showing: Showing,
): Promise<number> {
  const { stderr, stdout } = context;
  let worst: number = exitCode.ok;
  let shown = 0;
  for (const { machine, name } of units) {
    const places = findPlaces(name, showing.snapshot, machine);
    if (places.kind !== "there") {
      if (places.kind === "absent") await tellAbsent(context, [name]);
      else stderr.write(`Unit ${name} does not appear to be loaded.\nHint: unit ${name}: ${places.why}\n`);
      worst = Math.max(worst, exitCode.failed);
      continue;
    }
    for (const machineId of places.machineIds) {
      if (shown > 0) stdout.write("\n");
      shown += 1;
      // systemctl does not say where it runs, which matters once there are several places.
      if (places.machineIds.length > 1) {
        stdout.write(`${name} on ${machineLegend(machineId, showing.machines, false)}:\n`);
      }
      worst = Math.max(worst, await showOne(context, name, machineId, showing));
    }
  }
  return worst;
}

async function showOne(
  context: CommandContext,
  name: string,
  machineId: string,
  { machines, port, settings, snapshot }: Showing,
): Promise<number> {
  // Units may have names that systemctl would take for its options.
  const command = ["systemctl", "status", "-l", ...(name.startsWith("-") ? ["--"] : []), name];
  const code = await runOnMachine(context, machineId, { settings, port, machines, command, asks: false });
  if (code === notRunStatus || code === unknownUnit) {
    const wasReached = code === unknownUnit;
    await tellWhatIsKnown(context, { name, machineId, snapshot, machines, wasReached });
  }
  return code;
}
