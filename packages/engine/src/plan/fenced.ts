import type { MachineId } from "@fleet/core";
import type { LossState } from "./loss-state.js";

/** Machines that have been away for so long that no exclusive unit can be running there. */
export interface Fenced {
  readonly machines: ReadonlySet<MachineId>;
  /** Those that are away and not among them yet, and when they will be, by the clock that the losses are watched with. */
  readonly pending: ReadonlyMap<MachineId, number>;
  /** When the next one will be among them, by the clock that the losses are watched with. */
  readonly wakeAtMs?: number;
}

/**
 * Tells which of the machines that are away have been away for long enough. What this process did not see vanish counts from
 * when it was found missing, and what may have been back unseen from when that was found.
 * @param fenceMs - See `exclusiveFenceMs`.
 */
export function fencedMachines({ away }: LossState, nowMs: number, fenceMs: number): Fenced {
  const machines = new Set<MachineId>();
  const pending = new Map<MachineId, number>();
  for (const [id, { sinceMs }] of away) {
    if (sinceMs + fenceMs <= nowMs) machines.add(id);
    else pending.set(id, sinceMs + fenceMs);
  }
  return pending.size === 0
    ? { machines, pending }
    : { machines, pending, wakeAtMs: Math.min(...pending.values()) };
}
