import type { UnitStatusV2 } from "@fleet/client";
import type { Command, CommandContext } from "../command.js";
import { exitCode } from "../exit-code.js";
import { announce } from "../units/announce.js";
import { blockOptions } from "../units/block-options.js";
import { findUnits } from "../units/find-units.js";
import { judgeStopped } from "../units/judge.js";
import { setStates } from "../units/set-states.js";
import { waitForUnits } from "../units/wait-for-units.js";

/** `fleetctl stop`. */
export const stop: Command = {
  name: "stop",
  summary: "Instruct systemd to stop one or more units in the cluster",
  usage: "stop [--no-block|--block-attempts=N] UNIT...",
  description:
    "Stops units and leaves them loaded where they are. What counts is what is wanted of a unit: one that is wanted\n" +
    "launched is stopped even if it has not found a place yet. If any of the units is inactive, nothing is done.",
  options: blockOptions,
  examples: [
    { command: "fleetctl stop hello.service", what: "Stop it, and wait until it has stopped." },
    { command: "fleetctl stop --no-block hello@1 hello@2", what: "Only say what is wanted." },
  ],
  run: async (context, args) => {
    const units = await findUnits(context, "stop", args.positionals, "Error retrieving units");
    if (units === undefined) return exitCode.failed;
    const inactive = units.filter((unit) => !unit.global && (unit.desiredState ?? "inactive") === "inactive");
    for (const { name } of inactive) {
      context.stderr.write(`Unable to stop unit ${name} in state inactive\n`);
    }
    if (inactive.length > 0) return exitCode.failed;
    return stopUnits(context, units, {
      verb: "stop",
      wanted: "loaded",
      attempts: args.number("block-attempts"),
      isNoBlock: args.flag("no-block"),
    });
  },
};

/** How units are to be stopped. */
export interface StopOptions {
  readonly verb: "stop" | "unload";
  readonly wanted: "loaded" | "inactive";
  readonly attempts: number;
  readonly isNoBlock: boolean;
}

/**
 * Tells units to stop or to go, and waits for them. A unit that is what it should be is passed over; one that was told
 * before and is not there yet is waited for.
 * @returns the exit code.
 */
export async function stopUnits(
  context: CommandContext,
  units: readonly UnitStatusV2[],
  { verb, wanted, attempts, isNoBlock }: StopOptions,
): Promise<number> {
  const past = verb === "stop" ? "stopped" : "unloaded";
  const toTell = units.filter((unit) => unit.global || unit.desiredState !== wanted);
  const names = toTell.map(({ name }) => name);
  const changed = await setStates(context, names, wanted, `Failed to ${verb} units`);
  const isThere = (unit: UnitStatusV2): boolean =>
    unit.desiredState === wanted &&
    (unit.global || unit.currentState === wanted || unit.currentState === "inactive");
  const todo = units
    .filter((unit) => (names.includes(unit.name) ? changed.includes(unit.name) : !isThere(unit)))
    .map((unit) => ({ name: unit.name, isGlobal: unit.global }));
  const waited = announce(context, todo, verb, isNoBlock);
  const failures = await waitForUnits(context, {
    names: waited,
    judge: judgeStopped(wanted),
    attempts,
    timedOut: (name) => `timed out waiting for unit ${name} to report state ${wanted}`,
    interrupted: `Stopped waiting. The units stay wanted ${wanted}; see fleetctl list-unit-files`,
  });
  if (failures.length > 0) {
    const failed = failures.map(({ name }) => name).join(" ");
    const reasons = failures.map(({ message, hint }) =>
      hint === undefined ? message : `${message} (${hint})`,
    );
    context.stderr.write(`Failed to ${verb} units [${failed}]. err: ${reasons.join("; ")}\n`);
  }
  const done = waited.filter((name) => !failures.some((failure) => failure.name === name));
  if (done.length > 0) context.stderr.write(`Successfully ${past} units [${done.join(" ")}].\n`);
  return failures.length === 0 && changed.length === names.length ? exitCode.ok : exitCode.failed;
}
