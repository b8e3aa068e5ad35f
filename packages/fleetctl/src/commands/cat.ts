import { completeOptions } from "@fleet/client";
import { completeUnitName, FleetError, serializeUnitFile } from "@fleet/core";
import type { Command, CommandContext } from "../command.js";
import { exitCode } from "../exit-code.js";
import { tellError } from "../output/error-text.js";
import { UsageError } from "../usage-error.js";

/** `fleetctl cat`. */
export const cat: Command = {
  name: "cat",
  summary: "Output the contents of a submitted unit",
  usage: "cat UNIT",
  description:
    "Prints the unit file as it was submitted, comments included. Files on this machine are not looked at.",
  options: [],
  examples: [{ command: "fleetctl cat hello.service", what: "What the cluster has under this name." }],
  run: async (context, args) => {
    const [argument, ...surplus] = args.positionals;
    if (argument === undefined || surplus.length > 0) {
      throw new UsageError("One unit file must be provided", { hint: "Usage: fleetctl cat UNIT" });
    }
    const name = completeUnitName(argument);
    try {
      const text = await readText(context, name);
      if (text === undefined) {
        context.stderr.write(`Unit ${name} not found\n`);
        return exitCode.failed;
      }
      context.stdout.write(text);
      return exitCode.ok;
    } catch (error) {
      context.signal.throwIfAborted();
      tellError(context, `Error retrieving Unit ${name}`, error);
      return exitCode.failed;
    }
  },
};

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
