import type { UnitStatusV2 } from "@fleet/client";
import type { CommandContext } from "../command.js";
import { exitCode } from "../exit-code.js";
import { announce } from "./announce.js";
import type { WaitsFor } from "./block-options.js";
import { judgeStopped } from "./judge.js";
import { eachAsItIs, judgeGlobalStopped } from "./judge-global.js";
import { setStates } from "./set-states.js";
import { waitForUnits } from "./wait-for-units.js";

/** How units are to be stopped. */
export interface StopOptions {
  readonly verb: "stop" | "unload";
  readonly wanted: "loaded" | "inactive";
  readonly attempts: number;
  readonly waitsFor: WaitsFor;
}

/**
 * Tells units to stop or to go, and waits for them. A unit that is what it should be is passed over; one that was told
 * before and is not there yet is waited for.
 * @returns the exit code.
 */
export async function stopUnits(
  context: CommandContext,
  units: readonly UnitStatusV2[],
  { verb, wanted, attempts, waitsFor }: StopOptions,
): Promise<number> {
  const past = verb === "stop" ? "stopped" : "unloaded";
  const toTell = units.filter((unit) => unit.global || unit.desiredState !== wanted);
  const names = toTell.map(({ name }) => name);
  const changed = await setStates(context, toTell, wanted, `Failed to ${verb} units`);
  const isThere = (unit: UnitStatusV2): boolean =>
    unit.desiredState === wanted &&
    (unit.global || unit.currentState === wanted || unit.currentState === "inactive");
  const todo = units
    .filter((unit) => (names.includes(unit.name) ? changed.includes(unit.name) : !isThere(unit)))
    .map((unit) => ({ name: unit.name, isGlobal: unit.global }));
  const waited = announce(context, todo, verb, waitsFor);
  const failures = await waitForUnits(context, {
    names: waited,
    judge: eachAsItIs(judgeStopped(wanted), judgeGlobalStopped(wanted)),
    attempts,
    timedOut: (name) => `timed out waiting for unit ${name} to report state ${wanted}`,
    interrupted: `Stopped waiting. The units stay wanted ${wanted}; see fleetctl list-unit-files`,
  });
  if (failures.length > 0) {
    const failed = failures.map(({ name }) => name).join(" ");
    const reasons = failures.map(({ message, why }) => (why === undefined ? message : `${message} (${why})`));
    context.stderr.write(`Failed to ${verb} units [${failed}]. err: ${reasons.join("; ")}\n`);
  }
  const done = waited.filter((name) => !failures.some((failure) => failure.name === name));
  if (done.length > 0) context.stderr.write(`Successfully ${past} units [${done.join(" ")}].\n`);
  return failures.length === 0 && changed.length === names.length ? exitCode.ok : exitCode.failed;
}
