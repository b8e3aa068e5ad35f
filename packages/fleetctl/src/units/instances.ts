import type { CommandContext } from "../command.js";
import { formatUnitAddress } from "../patterns/unit-address.js";
import { judgeInstanceStarted, judgeInstanceStopped } from "./judge-instance.js";
import { tellUnitErrors } from "./tell-unit-errors.js";
import { type WaitFailure, waitForUnits } from "./wait-for-units.js";
import { writeAll } from "./write-unit.js";

/** A global unit on one machine. */
export interface Instance {
  readonly name: string;
  readonly machineId: string;
  /** For people: `logger.service@@113f16a7`. */
  readonly label: string;
}

/** Names a global unit on one machine. */
export function instanceOf(name: string, machineId: string): Instance {
  return { name, machineId, label: formatUnitAddress(name, machineId) };
}

/**
 * Says what is wanted of global units on single machines, and tells of every one that could not be told.
 * @param step - The caller's prefix for errors.
 * @returns those that were told.
 */
export async function setInstances<T extends Instance>(
  context: CommandContext,
  instances: readonly T[],
  desiredState: "loaded" | "launched",
  step: string,
): Promise<readonly T[]> {
  const { client, signal } = context;
  const results = await writeAll(instances, async ({ machineId, name }) => {
    const answer = await client.putUnitV2(name, { desiredState, machineID: machineId }, signal);
    if (answer === "unsupported") throw new Error("the server has no v2 API");
  });
  signal.throwIfAborted();
  const failures = results.flatMap(({ item: { label }, ...result }) =>
    "error" in result ? [{ name: label, error: result.error }] : [],
  );
  tellUnitErrors(context, step, failures);
  return results.filter((result) => !("error" in result)).map(({ item }) => item);
}

/** What to wait for of instances. */
export interface InstanceWait {
  readonly wanted: "loaded" | "launched";
  readonly attempts: number;
  readonly interrupted: string;
}

/** Waits until instances run, or do not any more. @returns those that did not get there, named by their labels. */
export async function waitForInstances(
  context: CommandContext,
  instances: readonly Instance[],
  { wanted, attempts, interrupted }: InstanceWait,
): Promise<readonly WaitFailure[]> {
  const byLabel = new Map(apart(instances).map((instance) => [instance.label, instance]));
  const judge = wanted === "loaded" ? judgeInstanceStopped : judgeInstanceStarted;
  return await waitForUnits(context, {
    names: [...byLabel.keys()],
    unitOf: (label) => byLabel.get(label)?.name ?? label,
    judge: (label, snapshot) => judge(byLabel.get(label) as Instance, snapshot),
    attempts,
    timedOut: (label) => `timed out waiting for unit ${label} to report state ${wanted}`,
    interrupted,
  });
}

/** Names instances by whole ids if the beginnings do not tell their machines apart. */
function apart(instances: readonly Instance[]): readonly Instance[] {
  if (new Set(instances.map(({ label }) => label)).size === instances.length) return instances;
  return instances.map(({ machineId, name }) => ({ name, machineId, label: `${name}@@${machineId}` }));
}
