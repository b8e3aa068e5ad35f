import type { CommandContext } from "../command.js";
import { announce } from "./announce.js";
import type { WaitsFor } from "./block-options.js";
import type { EnsuredUnit } from "./ensure-units.js";
import { type Instance, instanceOf, setInstances, waitForInstances } from "./instances.js";
import { judgeInstanceStarted } from "./judge-instance.js";
import type { WaitFailure } from "./wait-for-units.js";

/** What became of instances that were to be started. */
export interface StartedInstances {
  readonly failures: readonly WaitFailure[];
  /** Whether all of them could be told; if not, that has been said. */
  readonly areTold: boolean;
}

/**
 * Starts global units on single machines where they were stopped, and waits for that. Where they are to run already they are
 * left alone; but if they do not run, that is told.
 * @param units - Those without an instance are passed over.
 */
export async function startInstances(
  context: CommandContext,
  units: readonly EnsuredUnit[],
  { attempts, waitsFor }: { readonly attempts: number; readonly waitsFor: WaitsFor },
): Promise<StartedInstances> {
  const meant = units.flatMap(({ desiredState, instance, isStopped, name }) => {
    return instance === undefined ? [] : [{ ...instanceOf(name, instance), desiredState, isStopped }];
  });
  const todo = meant.filter(({ desiredState, isStopped }) => desiredState !== "launched" || isStopped);
  await remarkOnLaunched(
    context,
    meant.filter((instance) => !todo.includes(instance)),
  );
  const told = await setInstances(context, todo, "launched", "Error starting units");
  const labels = told.map(({ label }) => ({ name: label, isGlobal: false }));
  const waited = new Set(announce(context, labels, "start", waitsFor));
  const failures = await waitForInstances(
    context,
    told.filter(({ label }) => waited.has(label)),
    {
      wanted: "launched",
      attempts,
      interrupted: "Stopped waiting. The units stay wanted launched there; see fleetctl list-units",
    },
  );
  return { failures, areTold: told.length === todo.length };
}

async function remarkOnLaunched(context: CommandContext, instances: readonly Instance[]): Promise<void> {
  if (instances.length === 0) return;
  const { client, signal, stderr } = context;
  const snapshot = await client.look([...new Set(instances.map(({ name }) => name))], signal);
  for (const instance of instances) {
    const { label } = instance;
    const progress = judgeInstanceStarted(instance, snapshot);
    if (progress.kind === "reached") continue;
    stderr.write(`Unit ${label} is launched already: ${progress.why}\n`);
    if (progress.kind === "failed") stderr.write(`Hint: to start it again: fleetctl restart ${label}\n`);
  }
}
