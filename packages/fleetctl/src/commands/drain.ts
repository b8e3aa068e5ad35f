import type { MachineV2 } from "@fleet/client";
import type { Command, CommandArgs, CommandContext } from "../command.js";
import { exitCode } from "../exit-code.js";
import { findMachines, machineName } from "../machines/find-machines.js";
import { type DrainEnd, progressText, watchDrain } from "../machines/watch-drain.js";
import { tellError } from "../output/error-text.js";
import { indexMachines } from "../output/machine-legend.js";
import { forecastPage } from "../planning/forecast-page.js";
import { UsageError } from "../usage-error.js";
import { noteOption } from "./cordon.js";

/** `fleetctl drain`. */
export const drain: Command = {
  name: "drain",
  summary: "Move all units away from machines",
  usage:
    "drain [--dry-run] [--at-a-time=N] [--together] [--timeout=SECONDS|--no-block] [--note=TEXT] MACHINE...",
  description:
    "Gives machines no new units and moves those they have: each is started elsewhere, and stopped here only when it is\n" +
    "active there, together with those that follow it. If a new copy fails, the old one stays, and drain says why. Global\n" +
    "units, and units that name their machine, stay. Several machines are drained one after another; none of them gets the\n" +
    "units of another. fleetctl uncordon ends a drain; so does cordon, and the machine still gets no new units.\n" +
    "MACHINE is the id of a machine, the beginning of it, or its address. The exit status is 0 when every machine is\n" +
    "drained, else 1; Ctrl-C ends the waiting alone.",
  options: [
    {
      name: "dry-run",
      type: "boolean",
      fallback: false,
      help: "Only say where the units would go and which could not, as plan drain does; exit status 1 if one could not.",
    },
    {
      name: "at-a-time",
      type: "integer",
      fallback: 0,
      help: "Start so many units of a machine elsewhere at a time; 0: as many as the cluster thinks right (10).",
    },
    { name: "together", type: "boolean", fallback: false, help: "Drain all machines at once." },
    { name: "no-block", type: "boolean", fallback: false, help: "Do not wait; implies --together." },
    {
      name: "timeout",
      type: "seconds",
      fallback: 0,
      help: "Give up waiting after so many seconds, for all machines; 0: never. The drain goes on.",
    },
    noteOption,
  ],
  arguments: { offers: [{ kind: "machines" }], isMany: true },
  examples: [
    { command: "fleetctl drain --dry-run 113f16a7", what: "Where would its units go?" },
    { command: "fleetctl drain 113f16a7", what: "Empty a machine, and wait until it is." },
    {
      command: "fleetctl drain --at-a-time 1 --note 'new kernel' 113f16a7 85c0c595",
      what: "Two machines, one after the other, one unit at a time.",
    },
  ],
  run: async (context, args) => {
    if (args.positionals.length === 0) {
      throw new UsageError("No machine given", { hint: `Usage: fleetctl ${drain.usage}` });
    }
    if (args.number("at-a-time") < 0) throw new UsageError("--at-a-time must not be negative");
    try {
      const machines = await findMachines(context, args.positionals);
      return args.flag("dry-run")
        ? await foresee(context, machines)
        : await drainAll(context, args, machines);
    } catch (error) {
      context.signal.throwIfAborted();
      tellError(context, "Error draining machines", error);
      return exitCode.failed;
    }
  },
};

async function foresee(
  { client, signal, stderr, stdout }: CommandContext,
  machines: readonly MachineV2[],
): Promise<number> {
  const proposal = { drain: machines.map(({ machineID }) => machineID) };
  const forecast = await client.planner.foresee(proposal, signal);
  if (forecast === "unsupported") {
    stderr.write("Error draining machines: the server cannot tell; it is older than this fleetctl\n");
    return exitCode.failed;
  }
  stdout.write(forecastPage(forecast, indexMachines(await client.listMachines(signal))));
  return forecast.fits ? exitCode.ok : exitCode.failed;
}

async function drainAll(
  context: CommandContext,
  args: CommandArgs,
  machines: readonly MachineV2[],
): Promise<number> {
  const { client, clock, signal, stdout } = context;
  const note = args.text("note");
  const isNoBlock = args.flag("no-block");
  const timeoutMs = args.number("timeout") * 1_000;
  const deadlineMs = timeoutMs > 0 ? clock.monotonic() + timeoutMs : Number.POSITIVE_INFINITY;
  const begin = async ({ machineID }: MachineV2): Promise<void> => {
    await client.putMachine(machineID, { drained: true, handOversMax: args.number("at-a-time") }, signal);
  };
  // First of all, none of them may get the units of another.
  for (const { drained, machineID } of machines) {
    const cordon = drained ? {} : { cordoned: true };
    await client.putMachine(machineID, { ...cordon, ...(note === "" ? {} : { note }) }, signal);
  }
  if (isNoBlock || args.flag("together")) for (const machine of machines) await begin(machine);
  if (isNoBlock) {
    for (const machine of machines) stdout.write(`Triggered drain of machine ${machineName(machine)}\n`);
    return exitCode.ok;
  }
  for (const [index, machine] of machines.entries()) {
    const rest = machines.slice(index + 1);
    const [draining, cordoned] = args.flag("together") ? [[machine, ...rest], []] : [[machine], rest];
    let isBegun = args.flag("together");
    try {
      await begin(machine);
      isBegun = true;
      const end = await watchDrain(context, { machine, deadlineMs });
      if (tellEnd(context, machine, end)) continue;
    } catch (error) {
      tellLeftBehind(context, { draining, cordoned, isBegun });
      throw error;
    }
    tellCordoned(context, cordoned);
    return exitCode.failed;
  }
  return exitCode.ok;
}

/** @returns whether the machine is drained. */
function tellEnd({ stderr, stdout }: CommandContext, machine: MachineV2, end: DrainEnd): boolean {
  const name = machineName(machine);
  switch (end.kind) {
    case "drained": {
      const staying = end.machine.drain?.staying ?? 0;
      const rest = staying === 0 ? "" : ` (units that belong to it and stay: ${staying})`;
      stdout.write(`Drained machine ${name}${rest}\n`);
      return true;
    }
    case "ended":
      stderr.write(`Machine ${name} is not being drained any more: somebody else has ended it\n`);
      return false;
    case "stuck":
    case "late": {
      stderr.write(
        `Machine ${name} is not drained: ${end.kind === "late" ? "the time is up" : "nothing moves any more"}\n`,
      );
      const { left = 0, problems = [], stuck = 0 } = end.machine.drain ?? {};
      for (const problem of problems) stderr.write(`Unit ${problem.name}: ${problem.reason}\n`);
      if (stuck > problems.length) stderr.write(`${stuck - problems.length} more units are stuck\n`);
      if (problems.length === 0) stderr.write(`${progressText(end.machine)}\n`);
      const goesOn = left > 0 ? "The drain goes on" : "It is nearly done";
      stderr.write(`Hint: ${goesOn}; fleetctl uncordon ${machine.machineID.slice(0, 8)} ends it.\n`);
      return false;
    }
  }
}

/** Nobody waits any more, for whatever reason: what becomes of the machines that are not drained yet. */
function tellLeftBehind(
  context: CommandContext,
  left: {
    readonly draining: readonly MachineV2[];
    readonly cordoned: readonly MachineV2[];
    /** Whether the cluster is known to have been told of the drain. */
    readonly isBegun: boolean;
  },
): void {
  const { signal, stderr } = context;
  const what = left.isBegun ? "is still being drained" : "may be being drained by now";
  const stopped = signal.aborted ? "Stopped waiting. " : "";
  for (const [index, machine] of left.draining.entries()) {
    const see = index === left.draining.length - 1 ? "; see fleetctl list-machines -o wide" : "";
    stderr.write(`${index === 0 ? stopped : ""}Machine ${machineName(machine)} ${what}${see}.\n`);
  }
  tellCordoned(context, left.cordoned);
  const ids = left.draining.map(({ machineID }) => machineID.slice(0, 8)).join(" ");
  stderr.write(`Hint: fleetctl uncordon ${ids} ends the drain.\n`);
}

function tellCordoned({ stderr }: CommandContext, machines: readonly MachineV2[]): void {
  if (machines.length === 0) return;
  stderr.write(`Not drained, only cordoned: ${machines.map(machineName).join(" ")}\n`);
}
