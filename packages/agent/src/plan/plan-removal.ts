import type { Seat } from "@fleet/core";
import type { UnitView } from "./machine-view.js";
import type { UnitPlan } from "./plan-machine.js";
import { canBeStopped, doubtWords, isInDoubt, isOurs, isThere } from "./unit-facts.js";

/** Carries out a tombstone: stop and wait, unload, acknowledge. That nothing is there may always be said. */
export function planRemoval(unit: UnitView, seat: Seat): UnitPlan {
  const step = (kind: "stop" | "unload" | "acknowledge", reason: string): UnitPlan => ({
    kind: "task",
    task: { kind, unit: unit.name, seat, reason },
  });
  // A file that cannot be read belongs to nobody else: it may go. What systemd has must be known before.
  if (unit.local === undefined) return undefined;
  if (isInDoubt(unit)) return { kind: "wait", reason: doubtWords(unit.local) };
  if (!isThere(unit)) {
    return unit.acked === seat.modRevision ? undefined : step("acknowledge", "nothing of it is here");
  }
  if (seat.modRevision <= unit.watermark) {
    return { kind: "wait", reason: "told to go by a seat that is older than one acted on before" };
  }
  return isOurs(unit) && canBeStopped(unit.local) ? step("stop", seat.reason) : step("unload", seat.reason);
}
