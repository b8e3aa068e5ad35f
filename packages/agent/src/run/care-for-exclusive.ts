import type { ExclusiveCare } from "./exclusive-care.js";
import type { MachineMemory } from "./machine-memory.js";
import type { Reconciler } from "./reconciler.js";

/** Runs the care for exclusive units, if there is one, as a part of the agent. */
export async function careForExclusive(
  exclusive: ExclusiveCare | undefined,
  memory: MachineMemory,
  reconciler: Reconciler,
  signal: AbortSignal,
): Promise<void> {
  await exclusive?.run(
    {
      forgetStarts: (unit) => memory.forgetStarts(unit),
      lookAgain: (units) => {
        const touched = [...units];
        reconciler.observe(touched);
        reconciler.seatsChanged(touched);
      },
    },
    signal,
  );
}
