import type { Seat } from "@fleet/core";
import type { UnitView } from "./machine-view.js";
import type { UnitPlan } from "./plan-machine.js";
import { canBeStopped, isInDoubt, isOurs, isThere, runsShadowed } from "./unit-facts.js";

/** Carries out a tombstone: stop and wait, unload, acknowledge. That nothing is there may always be said. */
export function planRemoval(unit: UnitView, seat: Seat): UnitPlan {
  const step = (kind: "stop" | "unload" | "acknowledge", reason: string): UnitPlan => ({
    kind: "task",
    task: { kind, unit: unit.name, seat, reason },
  });
  // A file that cannot be read belongs to nobody else: it may go. What systemd has must be known before.
  if (unit.local === undefined) return undefined;
  if (isInDoubt(unit) && (runsShadowed(unit) || !isThere(unit))) {
    const reason = runsShadowed(unit)
      ? `it runs, from ${unit.local.fragmentPath} by now, and may be what fleet has started: stop it on the machine`
      : "it runs without a file, and nothing shows that fleet has started it: stop it on the machine";
    return { kind: "wait", reason };
  }
  if (!isThere(unit)) {
    return unit.acked === seat.modRevision ? undefined : step("acknowledge", "nothing of it is here");
  }
  if (seat.modRevision <= unit.watermark) {
    return { kind: "wait", reason: "told to go by a seat that is older than one acted on before" };
  }
  return isOurs(unit) && canBeStopped(unit.local) ? step("stop", seat.reason) : step("unload", seat.reason);
}
