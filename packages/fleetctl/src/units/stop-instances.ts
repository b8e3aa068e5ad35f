import type { CommandContext } from "../command.js";
import { exitCode } from "../exit-code.js";
import { announce } from "./announce.js";
import type { WaitsFor } from "./block-options.js";
import type { FoundUnit } from "./find-units.js";
import { instanceOf, setInstances, waitForInstances } from "./instances.js";
import { isInstanceStopped } from "./judge-instance.js";

/**
 * Stops global units on single machines, and waits for that. Those that are stopped there, or everywhere, are passed over.
 * @param units - Those without an instance are passed over, too.
 * @returns the exit code.
 */
export async function stopInstances(
  context: CommandContext,
  units: readonly FoundUnit[],
  { attempts, waitsFor }: { readonly attempts: number; readonly waitsFor: WaitsFor },
): Promise<number> {
  const todo = units.flatMap(({ desiredState, instance, name, snapshot }) => {
    if (instance === undefined || desiredState !== "launched") return [];
    const meant = instanceOf(name, instance);
    return isInstanceStopped(meant, snapshot) ? [] : [meant];
  });
  const told = await setInstances(context, todo, "loaded", "Failed to stop units");
  const labels = told.map(({ label }) => ({ name: label, isGlobal: false }));
  const waited = new Set(announce(context, labels, "stop", waitsFor));
  const failures = await waitForInstances(
    context,
    told.filter(({ label }) => waited.has(label)),
    {
      wanted: "loaded",
      attempts,
      interrupted: "Stopped waiting. The units stay stopped there; see fleetctl list-units",
    },
  );
  if (failures.length > 0) {
    const failed = failures.map(({ name }) => name).join(" ");
    const reasons = failures.map(({ message, why }) => (why === undefined ? message : `${message} (${why})`));
    context.stderr.write(`Failed to stop units [${failed}]. err: ${reasons.join("; ")}\n`);
  }
  const done = [...waited].filter((label) => !failures.some(({ name }) => name === label));
  if (done.length > 0) context.stderr.write(`Successfully stopped units [${done.join(" ")}].\n`);
  return failures.length === 0 && told.length === todo.length ? exitCode.ok : exitCode.failed;
}
