import type { Command } from "../command.js";
import { unitArguments } from "../completion/offer.js";
import { exitCode } from "../exit-code.js";
import { blockOptions, readPatience, readWaitsFor } from "../units/block-options.js";
import { findUnits, refuseInstances } from "../units/find-units.js";
import { stopUnits } from "../units/stop-units.js";

/** `fleetctl unload`. */
export const unload: Command = {
  name: "unload",
  summary: "Unschedule one or more units in the cluster",
  usage: "unload [--no-block|--wait] [--block-attempts=N|--timeout=SECONDS] UNIT...",
  description:
    "Stops units if they run, and takes them off their machines. They stay in the cluster, inactive; what is wanted of\n" +
    "a unit counts, so one that has not found a place yet is cancelled.",
  options: blockOptions,
  arguments: unitArguments,
  examples: [
    { command: "fleetctl unload hello.service", what: "Take it off its machine, and wait for that." },
  ],
  run: async (context, args) => {
    const waitsFor = readWaitsFor(args);
    const units = await findUnits(context, "unload", args.positionals, "Error retrieving units");
    if (units === undefined || refuseInstances(context, "unload", units)) return exitCode.failed;
    return stopUnits(context, units, {
      verb: "unload",
      wanted: "inactive",
      attempts: readPatience(args),
      waitsFor,
    });
  },
};
