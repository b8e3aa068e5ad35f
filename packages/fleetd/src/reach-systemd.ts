import { FleetError } from "@fleet/core";
import type { Clock, UnitManager } from "@fleet/core/ports";

/** How often it is looked whether the first attempt has failed. */
const lookMs = 20;

/**
 * Waits for systemd, but not longer than until an attempt to reach it has failed. To be run beside `unitManager.run`.
 * @throws {FleetError} `unavailable` with what was wrong with the attempt.
 */
export async function reachSystemd(
  unitManager: Pick<UnitManager, "bootId" | "problem">,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const inner = AbortSignal.any([signal, over.signal]);
  const failing = (async () => {
    while (unitManager.problem === undefined) await clock.sleep(lookMs, inner);
    throw new FleetError("unavailable", unitManager.problem);
  })();
  try {
    await Promise.race([unitManager.bootId(inner), failing]);
  } finally {
    over.abort();
    await failing.catch(() => undefined);
  }
}
