import type { MachineId, UnitName } from "@fleet/core";
import type { Refusal } from "../plan/refusal.js";

/**
 * How long a new copy that does not run is left as it is, for people to look at, before it is tried anew, perhaps on
 * another machine. What kept it from running may be over by then.
 */
export const heirPatienceMs = 300_000;

/** Remembers since when the new copies of units in a hand-over have not been running, as seen by this leader. */
export class HeirWatch {
  readonly #since = new Map<
    string,
    { readonly unit: UnitName; readonly heir: MachineId; readonly ms: number }
  >();

  /** Takes in what the newest plan says. */
  note(refusals: readonly Refusal[], nowMs: number): void {
    const keys = new Set<string>();
    for (const { heir, unit } of refusals) {
      if (heir === undefined) continue;
      const key = `${unit} ${heir}`;
      keys.add(key);
      if (!this.#since.has(key)) this.#since.set(key, { unit, heir, ms: nowMs });
    }
    for (const key of this.#since.keys()) if (!keys.has(key)) this.#since.delete(key);
  }

  /** The copies whose time is up. */
  due(nowMs: number): ReadonlyMap<UnitName, MachineId> {
    const due = new Map<UnitName, MachineId>();
    for (const { heir, ms, unit } of this.#since.values()) {
      if (ms + heirPatienceMs <= nowMs) due.set(unit, heir);
    }
    return due;
  }

  /** When the next one is due; `undefined` for none. */
  get wakeAtMs(): number | undefined {
    if (this.#since.size === 0) return undefined;
    return Math.min(...[...this.#since.values()].map(({ ms }) => ms + heirPatienceMs));
  }
}
