import { signOption } from "../argv/retired-options.js";
import type { Command } from "../command.js";
import { unitOrFileArguments } from "../completion/offer.js";
import { exitCode } from "../exit-code.js";
import { announce } from "../units/announce.js";
import { blockOptions, readPatience, readWaitsFor } from "../units/block-options.js";
import { ensureUnits, replaceOption } from "../units/ensure-units.js";
import { refuseInstances } from "../units/find-units.js";
import { judgeState } from "../units/judge.js";
import { eachAsItIs, judgeGlobalLoaded } from "../units/judge-global.js";
import { setStates } from "../units/set-states.js";
import { tellFailures } from "../units/tell-failures.js";
import { waitForUnits } from "../units/wait-for-units.js";

/** `fleetctl load`. */
export const load: Command = {
  name: "load",
  summary: "Schedule one or more units in the cluster, first submitting them if necessary",
  usage: "load [--replace] [--no-block|--wait] [--block-attempts=N|--timeout=SECONDS] UNIT...",
  description:
    "Places units on machines and makes them known to systemd there, without starting them. Units that the cluster\n" +
    "does not have are submitted first, as by submit. A unit that is launched stays so: to stop it, use stop.",
  options: [replaceOption, ...blockOptions, signOption],
  arguments: unitOrFileArguments,
  examples: [
    { command: "fleetctl load hello.service", what: "Place it, and wait until it is there." },
    { command: "fleetctl load --no-block hello@1 hello@2", what: "Only say what is wanted." },
  ],
  run: async (context, args) => {
    const attempts = readPatience(args);
    const waitsFor = readWaitsFor(args);
    const units = await ensureUnits(context, {
      command: "load",
      positionals: args.positionals,
      replace: args.flag("replace"),
      attempts,
    });
    if (units === undefined || refuseInstances(context, "load", units)) return exitCode.failed;
    for (const { name } of units.filter(({ desiredState }) => desiredState === "launched")) {
      context.stderr.write(
        `Unit ${name} is launched, which includes being loaded; to stop it: fleetctl stop ${name}\n`,
      );
    }
    const todo = units.filter(
      ({ desiredState, replacement }) => desiredState === "inactive" || replacement !== undefined,
    );
    const changed = await setStates(context, todo, "loaded", "Error loading units");
    const told = todo.filter(({ name }) => changed.includes(name));
    const waited = announce(context, told, "load", waitsFor);
    const failures = await waitForUnits(context, {
      names: waited,
      judge: eachAsItIs(judgeState("loaded"), judgeGlobalLoaded()),
      attempts,
      timedOut: (name) => `timed out waiting for unit ${name} to report state loaded`,
      interrupted: "Stopped waiting. The units stay wanted loaded; see fleetctl list-unit-files",
    });
    tellFailures(context, "Error waiting for unit states, exit status", failures);
    return failures.length === 0 && changed.length === todo.length ? exitCode.ok : exitCode.failed;
  },
};
