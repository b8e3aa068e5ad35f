import type { Command } from "../command.js";
import { unitArguments } from "../completion/offer.js";
import { exitCode } from "../exit-code.js";
import { blockOptions, readPatience } from "../units/block-options.js";
import { findUnits, refuseInstances } from "../units/find-units.js";
import { judgeGone } from "../units/judge.js";
import { tellFailures } from "../units/tell-failures.js";
import { tellUnitErrors } from "../units/tell-unit-errors.js";
import { waitForUnits } from "../units/wait-for-units.js";
import { destroyAll } from "../units/write-unit.js";

/** `fleetctl destroy`. */
export const destroy: Command = {
  name: "destroy",
  summary: "Destroy one or more units in the cluster",
  usage: "destroy [--no-block|--block-attempts=N|--timeout=SECONDS] UNIT...",
  description:
    "Removes units from the cluster, whatever is wanted of them, and waits until the machines have stopped them. What\n" +
    "was destroyed cannot be brought back. Destroying a template leaves its instances.",
  options: blockOptions.filter(({ name }) => name !== "wait"),
  arguments: unitArguments,
  examples: [
    { command: "fleetctl destroy hello.service", what: "Stop it and forget it." },
    { command: "fleetctl destroy --no-block 'web@[12]'", what: "Do not wait until they have stopped." },
  ],
  run: async (context, args) => {
    const { signal, stdout } = context;
    const units = await findUnits(context, "destroy", args.positionals, "Error destroying units");
    if (units === undefined || refuseInstances(context, "destroy", units)) return exitCode.failed;
    const { results, gone } = await destroyAll(context, units);
    signal.throwIfAborted();
    const failed = results.flatMap(({ item: { name }, ...result }) =>
      "error" in result ? [{ name, error: result.error }] : [],
    );
    tellUnitErrors(context, "Error destroying units", failed);
    // Somebody else may have been quicker; then there is nothing left to do.
    const destroyed = results
      .filter((result) => !("error" in result) && !gone.has(result.item.name))
      .map(({ item }) => item.name);
    for (const name of destroyed) stdout.write(`Destroyed ${name}\n`);
    const failures = await waitForUnits(context, {
      names: args.flag("no-block") ? [] : destroyed,
      judge: judgeGone(),
      attempts: readPatience(args),
      timedOut: (name) => `timed out waiting for unit ${name} to be stopped`,
      interrupted: "Stopped waiting. The units are destroyed; machines may still be stopping them",
    });
    tellFailures(context, "Error destroying units", failures);
    const isGood = failures.length === 0 && failed.length === 0;
    return isGood ? exitCode.ok : exitCode.failed;
  },
};
