import type { UnitName, UnitState, UnitStateContent } from "@fleet/core";
import type { Clock, Logger, MachineSession } from "@fleet/core/ports";
import { isSameSituation, isSameState, type TimelessState } from "../plan/unit-state-of.js";
import { Bell } from "./bell.js";

/** What a unit's state would be now. */
export interface DerivedState {
  /** `undefined`: there is nothing to say. `unknown`: nothing is known, so what was said stays. */
  readonly state: TimelessState | "unknown" | undefined;
  /** Something is being done with the unit: its state is not worth a write yet. */
  readonly isSettling: boolean;
}

/** At most one write per unit in this time. */
const writeIntervalMs = 1_000;

/** A unit that has been settling for this long is reported as it is. */
const settlingMsMax = 1_000;

/** How long a publication that failed waits for its repetition. */
const retryMs = 1_000;

/**
 * Tells the cluster how the units are: only what has changed, the newest value, at most one write per unit and second.
 * The first change of a quiet unit is written at once. What is asked for while a write is under way goes with the next.
 */
export class StatePublisher {
  readonly #session: MachineSession;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #derive: (unit: UnitName) => DerivedState;
  readonly #bell = new Bell();
  /** What stands in the registry, as far as we know. */
  readonly #published = new Map<UnitName, UnitStateContent>();
  /** Since when each unit's state may differ from what is published. */
  readonly #dirty = new Map<UnitName, number>();
  readonly #writtenMs = new Map<UnitName, number>();
  readonly #since = new Map<UnitName, UnitStateContent>();
  #registration: number | undefined;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  /** Writes and removals so far, for metrics. */
  writes = 0;

  constructor(options: {
    readonly session: MachineSession;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly derive: (unit: UnitName) => DerivedState;
  }) {
    this.#session = options.session;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#derive = options.derive;
  }

  /**
   * Takes in what an earlier process has published, so that it is not written again.
   * @param registration - The registration under which it was read.
   */
  prime(states: readonly UnitState[], registration: number): void {
    this.#registration = registration;
    for (const state of states) {
      this.#published.set(state.unit, state);
      this.#since.set(state.unit, state);
      this.touch(state.unit);
    }
  }

  /** Something was said of this unit that has not been withdrawn. */
  has(unit: UnitName): boolean {
    return this.#published.has(unit);
  }

  /** Looks at a unit's state again. */
  touch(unit: UnitName): void {
    if (!this.#dirty.has(unit)) this.#dirty.set(unit, this.#clock.monotonic());
    this.#bell.ring();
  }

  /** The session's condition or registration may have changed. */
  wake(): void {
    this.#bell.ring();
  }

  /** Publishes until aborted. Nothing is written before the machine has joined. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs =
        this.#session.condition === "joined" ? await this.#round(signal) : Number.POSITIVE_INFINITY;
      await this.#bell.wait(this.#clock, waitMs, signal);
    }
  }

  /** @returns how long to wait for the next one, in ms. */
  async #round(signal: AbortSignal): Promise<number> {
    const heldBackMs = this.#retryAtMs - this.#clock.monotonic();
    if (heldBackMs > 0) return heldBackMs;
    if (this.#registration !== this.#session.registration) this.#startOver();
    const { puts, removals, waitMs } = this.#collect();
    if (puts.length === 0 && removals.length === 0) return waitMs;
    try {
      const outcome = await this.#session.publish(puts, removals, signal);
      if (outcome.kind === "not-registered") return this.#failed(puts, removals);
    } catch (err) {
      if (signal.aborted) throw err;
      this.#logger.warn("cannot publish unit states; trying again", { units: puts.length, err });
      return this.#failed(puts, removals);
    }
    this.writes += puts.length + removals.length;
    for (const state of puts) this.#published.set(state.unit, state);
    for (const unit of removals) {
      for (const facts of [this.#published, this.#since, this.#writtenMs]) facts.delete(unit);
    }
    return waitMs;
  }

  /** The machine has registered anew: everything it said went with the old lease. */
  #startOver(): void {
    this.#registration = this.#session.registration;
    for (const unit of this.#published.keys()) this.touch(unit);
    this.#published.clear();
    this.#writtenMs.clear();
  }

  #collect(): { puts: UnitStateContent[]; removals: UnitName[]; waitMs: number } {
    const nowMs = this.#clock.monotonic();
    const puts: UnitStateContent[] = [];
    const removals: UnitName[] = [];
    let dueMs = Number.POSITIVE_INFINITY;
    for (const [unit, dirtyMs] of this.#dirty) {
      const { state, isSettling } = this.#derive(unit);
      if (state === "unknown" || isPublished(state, this.#published.get(unit))) {
        // Settled or not: as it is now, it is known. What is still to change will be touched again.
        this.#dirty.delete(unit);
        continue;
      }
      const settledMs = isSettling ? dirtyMs + settlingMsMax : 0;
      const unitDueMs = Math.max(
        settledMs,
        (this.#writtenMs.get(unit) ?? Number.NEGATIVE_INFINITY) + writeIntervalMs,
      );
      if (unitDueMs > nowMs) {
        dueMs = Math.min(dueMs, unitDueMs);
        continue;
      }
      this.#dirty.delete(unit);
      this.#writtenMs.set(unit, nowMs);
      if (state === undefined) removals.push(unit);
      else puts.push(this.#timed(unit, state));
    }
    return { puts, removals, waitMs: Math.max(0, dueMs - nowMs) };
  }

  #timed(unit: UnitName, state: TimelessState): UnitStateContent {
    const before = this.#since.get(unit);
    const sinceMs =
      before !== undefined && isSameSituation(before, state) ? before.sinceMs : this.#clock.now();
    const timed = { ...state, sinceMs };
    this.#since.set(unit, timed);
    return timed;
  }

  #failed(puts: readonly UnitStateContent[], removals: readonly UnitName[]): number {
    for (const unit of [...puts.map((state) => state.unit), ...removals]) {
      this.#writtenMs.delete(unit);
      if (!this.#dirty.has(unit)) this.#dirty.set(unit, this.#clock.monotonic());
    }
    this.#retryAtMs = this.#clock.monotonic() + retryMs;
    return retryMs;
  }
}

function isPublished(state: TimelessState | undefined, published: UnitStateContent | undefined): boolean {
  if (state === undefined || published === undefined) return state === published;
  return isSameState(state, published);
}
