import type { Drift } from "@fleet/core";
import type { UnitView } from "./machine-view.js";
import { generationOf, isOurs, isRunning, isSameGeneration } from "./unit-facts.js";

/**
 * Says in which way somebody else than fleet has made a unit differ from what its seat asks for.
 * A unit that ended by itself does not differ: what it does then is its own and systemd's business.
 */
export function driftOf(unit: UnitView): Drift | undefined {
  const { seat, local, starts } = unit;
  if (seat === undefined || local === undefined || unit.work !== undefined || !isOurs(unit)) return undefined;
  if (local.loadState === "masked") return "masked";
  if (local.hasJob) return undefined;
  if (seat.target === "launched") {
    const isStarted =
      starts.kind === "record" &&
      isSameGeneration(starts.record.generation, generationOf(seat, starts.record.generation.bootId));
    return unit.wasStopped && isStarted && !isRunning(local) ? "stopped" : undefined;
  }
  const isSettled = seat.target === "loaded" && seat.modRevision <= unit.watermark;
  return isSettled && isRunning(local) && !unit.hasTrigger ? "started" : undefined;
}

/** What to tell people of it. */
export const driftWords = {
  stopped: "stopped on its machine, not by fleet (systemctl stop, or a unit that it depends on)",
  started: "started on its machine, not by fleet, which was only to load it",
  masked: "masked on its machine: systemd will not start it",
} as const satisfies Record<Drift, string>;
