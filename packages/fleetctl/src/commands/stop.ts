import type { Command } from "../command.js";
import { placedUnitArguments } from "../completion/offer.js";
import { exitCode } from "../exit-code.js";
import { blockOptions, readPatience, readWaitsFor } from "../units/block-options.js";
import { type FoundUnit, findUnits, type MeantUnits } from "../units/find-units.js";
import { stopInstances } from "../units/stop-instances.js";
import { stopUnits } from "../units/stop-units.js";
import { tellUnreadable } from "../units/tell-unreadable.js";

/** Of what a pattern matches, only units that somebody wants on a machine are meant: the others are stopped already. */
const isWanted: MeantUnits = (unit) => (unit.desiredState ?? "inactive") !== "inactive";

/** `fleetctl stop`. */
export const stop: Command = {
  name: "stop",
  summary: "Instruct systemd to stop one or more units in the cluster",
  usage: "stop [--no-block|--wait] [--block-attempts=N|--timeout=SECONDS] UNIT...",
  description:
    "Stops units and leaves them loaded where they are. What counts is what is wanted of a unit: one that is wanted\n" +
    "launched is stopped even if it has not found a place yet. If any of the units is inactive, nothing is done. A global unit\n" +
    "that is named with a machine, UNIT@@MACHINE, is stopped there alone, until it is started there or everywhere.",
  options: blockOptions,
  arguments: placedUnitArguments,
  examples: [
    { command: "fleetctl stop hello.service", what: "Stop it, and wait until it has stopped." },
    { command: "fleetctl stop 'web@*'", what: "All instances of a template, whichever run." },
    { command: "fleetctl stop logger@@113f16a7", what: "A global unit on one machine alone." },
    { command: "fleetctl stop --no-block hello@1 hello@2", what: "Only say what is wanted." },
  ],
  run: async (context, args) => {
    const waitsFor = readWaitsFor(args);
    const units = await findUnits(context, "stop", args.positionals, "Error retrieving units", isWanted);
    if (units === undefined) return exitCode.failed;
    const unreadable = units.filter(({ desiredState }) => desiredState === undefined);
    for (const unit of unreadable) tellUnreadable(context, "stop", unit);
    if (unreadable.length > 0) return exitCode.failed;
    const inactive = units.filter((unit) => !unit.global && (unit.desiredState ?? "inactive") === "inactive");
    const isIdle = (unit: FoundUnit): boolean =>
      unit.instance !== undefined && unit.desiredState === "inactive";
    for (const { name } of [...inactive, ...units.filter(isIdle)]) {
      context.stderr.write(`Unable to stop unit ${name} in state inactive\n`);
    }
    if (inactive.length > 0 || units.some(isIdle)) return exitCode.failed;
    const how = { attempts: readPatience(args), waitsFor };
    const whole = units.filter(({ instance }) => instance === undefined);
    const codes = [
      await stopUnits(context, whole, { verb: "stop", wanted: "loaded", ...how }),
      await stopInstances(context, units, how),
    ];
    return Math.max(...codes);
  },
};
