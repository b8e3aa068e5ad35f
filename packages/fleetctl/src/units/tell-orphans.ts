import type { CommandContext } from "../command.js";
import { machineIdLegend } from "../output/machine-legend.js";

/** How many units that the cluster does not have are looked for on machines. */
const askedMax = 20;

/**
 * Says of units without a record which of them are on machines all the same, as after a registry was wiped and accepted,
 * and what can be done about it. That nothing can be found out is no news.
 */
export async function tellOrphans(
  { client, signal, stderr }: CommandContext,
  names: readonly string[],
): Promise<void> {
  for (const name of names.slice(0, askedMax)) {
    const states = await client.listStates({ unitName: name }, signal).catch(() => []);
    signal.throwIfAborted();
    const machines = states.map(({ machineID = "" }) => machineIdLegend(machineID, false));
    if (machines.length === 0) continue;
    stderr.write(
      `Hint: ${name} is on ${machines.join(", ")}, but the cluster has no record of it, and so leaves it alone. ` +
        `Submit and start it, and what runs is adopted; submit and destroy it to be rid of it.\n`,
    );
  }
}
