import type { ClusterView, ContentId, MachineId, UnitName } from "@fleet/core";
import type { Unwilling } from "../plan/world.js";

/** How long a machine is not asked again; long enough that a unit which nobody takes does not wander about. */
const rememberedMs = 600_000;

/** How much is remembered; the oldest goes first. */
const entriesMax = 10_000;

interface Memory extends Unwilling {
  readonly contentId: ContentId;
  readonly untilMs: number;
}

/**
 * Remembers which machines would not take a unit. A machine's own word goes with the seat it was about, so without
 * this the unit would come back as soon as it has left.
 */
export class RefusalMemory {
  readonly #entries = new Map<string, Memory>();
  /** The entries as the planner takes them: the same map as long as they say the same. */
  #refusedLately: ReadonlyMap<UnitName, ReadonlyMap<MachineId, string>> | undefined = new Map();

  /** Takes in what machines say now. A unit whose content has changed since is asked about anew. */
  note(unwilling: readonly Unwilling[], view: ClusterView, nowMs: number): void {
    for (const entry of unwilling) {
      const contentId = view.units.get(entry.unit)?.contentId;
      if (contentId === undefined) continue;
      const key = `${entry.machine} ${entry.unit}`;
      if (this.#entries.get(key)?.reason !== entry.reason) this.#refusedLately = undefined;
      this.#entries.delete(key);
      this.#entries.set(key, { ...entry, contentId, untilMs: nowMs + rememberedMs });
    }
    for (const [key, { unit, contentId, untilMs }] of this.#entries) {
      const isOver =
        untilMs <= nowMs || this.#entries.size > entriesMax || view.units.get(unit)?.contentId !== contentId;
      if (!isOver) continue;
      this.#entries.delete(key);
      this.#refusedLately = undefined;
    }
  }

  /** What is remembered, as the planner takes it. */
  get refusedLately(): ReadonlyMap<UnitName, ReadonlyMap<MachineId, string>> {
    if (this.#refusedLately !== undefined) return this.#refusedLately;
    const byUnit = new Map<UnitName, Map<MachineId, string>>();
    for (const { unit, machine, reason } of this.#entries.values()) {
      const machines = byUnit.get(unit) ?? new Map<MachineId, string>();
      byUnit.set(unit, machines.set(machine, reason));
    }
    this.#refusedLately = byUnit;
    return byUnit;
  }
}
