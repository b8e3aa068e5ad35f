import { completeOptions } from "@fleet/client";
import { FleetError, serializeUnitFile } from "@fleet/core";
import type { Command, CommandContext } from "../command.js";
import { oneUnitArgument } from "../completion/offer.js";
import { exitCode } from "../exit-code.js";
import { tellError } from "../output/error-text.js";
import { type MeantUnit, readAddresses } from "../units/read-addresses.js";
import { tellUnknown } from "../units/tell-similar.js";
import { UsageError } from "../usage-error.js";

/** `fleetctl cat`. */
export const cat: Command = {
  name: "cat",
  summary: "Output the contents of a submitted unit",
  usage: "cat UNIT",
  description:
    "Prints the unit file as it was submitted, comments included. Files on this machine are not looked at. If a pattern\n" +
    "matches several units, the name of each stands above it. UNIT@@MACHINE is the unit, if it is on that machine.",
  options: [],
  arguments: oneUnitArgument,
  examples: [
    { command: "fleetctl cat hello.service", what: "What the cluster has under this name." },
    { command: "fleetctl cat 'web@*'", what: "All instances of a template." },
  ],
  run: async (context, args) => {
    const [argument, ...surplus] = args.positionals;
    if (argument === undefined || surplus.length > 0) {
      throw new UsageError("One unit file must be provided", { hint: "Usage: fleetctl cat UNIT" });
    }
    const units = await readAddresses(context, "cat", [argument], "Error retrieving units");
    if (units === undefined) return exitCode.failed;
    let code: number = exitCode.ok;
    for (const [index, unit] of units.entries()) {
      const heading = units.length === 1 ? "" : `${index === 0 ? "" : "\n"}# ${unit.name}\n`;
      if (!(await printUnit(context, unit, heading))) code = exitCode.failed;
    }
    return code;
  },
};

/** @returns whether it could be printed; why not has been told. */
async function printUnit(
  context: CommandContext,
  { name, machine }: MeantUnit,
  heading: string,
): Promise<boolean> {
  const { signal, stderr, stdout } = context;
  try {
    const text = await readText(context, name);
    if (text === undefined) {
      await tellUnknown(context, [name], () => `Unit ${name} not found`);
      return false;
    }
    if (machine !== undefined && !(await isOnMachine(context, name, machine))) {
      stderr.write(`Unit ${name} is on no machine whose id begins with ${machine}\n`);
      return false;
    }
    stdout.write(heading + text);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    tellError(context, `Error retrieving Unit ${name}`, error);
    return false;
  }
}

async function isOnMachine(
  { client, signal }: CommandContext,
  unitName: string,
  machine: string,
): Promise<boolean> {
  const states = await client.listStates({ unitName }, signal);
  return states.some(({ machineID }) => machineID?.startsWith(machine));
}

async function readText({ client, signal }: CommandContext, name: string): Promise<string | undefined> {
  const unit = await client.getUnitV2(name, signal);
  if (unit !== "unsupported") {
    if (unit?.problem !== undefined && unit.text === undefined)
      throw new FleetError("internal", unit.problem);
    return unit === undefined ? undefined : (unit.text ?? "");
  }
  const unitV1 = await client.getUnit(name, signal);
  return unitV1 === undefined ? undefined : serializeUnitFile(completeOptions(unitV1.options));
}
