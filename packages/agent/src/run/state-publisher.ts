import { refusedJob, type UnitName, type UnitState, type UnitStateContent } from "@fleet/core";
import type { Clock, Logger, MachineSession } from "@fleet/core/ports";
import { isSameSituation, isSameState, type TimelessState } from "../plan/unit-state-of.js";
import { Bell } from "./bell.js";

/** What a unit's state would be now. */
export interface DerivedState {
  /** `undefined`: there is nothing to say. `unknown`: nothing is known, so what was said stays. */
  readonly state: TimelessState | "unknown" | undefined;
  /**
   * `settling`: something is being done with the unit, and its state is not worth a write yet. `queued`: the same, and
   * nothing can be seen of it so far.
   */
  readonly progress: "settled" | "settling" | "queued";
}

/** At most one write in this time per unit that changes by itself: a unit that crashes again and again must not flood etcd. */
const writeIntervalMs = 1_000;

/** A unit that has been settling for this long is reported as it is. */
const settlingMsMax = 1_000;

/** While so many units are on their way or have something to tell, states are collected for a moment and written together. */
const manyUnits = 8;
const collectMs = 50;

/** How long a publication that failed waits for its repetition. */
const retryMs = 1_000;

/**
 * Tells the cluster how the units are: only what has changed, the newest value. What a seat has asked for is answered at
 * once; what units do by themselves costs at most one write per unit and second, the first change of a quiet one at once.
 * What is asked for while a write is under way goes with the next; with many units on their way, writes wait for company.
 */
export class StatePublisher {
  readonly #session: MachineSession;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #derive: (unit: UnitName) => DerivedState;
  readonly #bell = new Bell();
  /** What stands in the registry, as far as we know. */
  readonly #published = new Map<UnitName, UnitStateContent>();
  /** Units of which something was written that got no answer: what is published of them is not known. */
  readonly #uncertain = new Set<UnitName>();
  /** Since when each unit's state has differed from what is published, or may have. */
  readonly #dirtyMs = new Map<UnitName, number>();
  /** Units to be looked at in the next round. */
  readonly #touched = new Set<UnitName>();
  /** Units whose states have to wait, and until when. */
  readonly #dueMs = new Map<UnitName, number>();
  readonly #writtenMs = new Map<UnitName, number>();
  readonly #since = new Map<UnitName, UnitStateContent>();
  #registration: number | undefined;
  #history: string | undefined;
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
    this.#history = this.#session.history;
    for (const state of states) {
      this.#published.set(state.unit, state);
      this.#since.set(state.unit, state);
      this.touch(state.unit);
    }
  }

  /** Something was said of this unit that has not been withdrawn. */
  has(unit: UnitName): boolean {
    return this.#published.has(unit) || this.#uncertain.has(unit);
  }

  /** Looks at a unit's state again. */
  touch(unit: UnitName): void {
    if (!this.#dirtyMs.has(unit)) this.#dirtyMs.set(unit, this.#clock.monotonic());
    this.#touched.add(unit);
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
      if (this.#touched.size + this.#dueMs.size >= manyUnits) await this.#clock.sleep(collectMs, signal);
    }
  }

  /** @returns how long to wait for the next one, in ms. */
  async #round(signal: AbortSignal): Promise<number> {
    const heldBackMs = this.#retryAtMs - this.#clock.monotonic();
    if (heldBackMs > 0) return heldBackMs;
    const isAnotherRegistry = this.#history !== undefined && this.#history !== this.#session.history;
    if (isAnotherRegistry && !(await this.#recall(signal))) return retryMs;
    if (this.#registration !== this.#session.registration) this.#startOver();
    const { puts, removals, waitMs } = this.#collect();
    if (puts.length === 0 && removals.length === 0) return waitMs;
    // An acknowledgement waits for the disk, which may be full; nothing else is to wait with it.
    const isAck = ({ acked }: UnitStateContent) => acked !== undefined;
    const others = puts.filter((state) => !isAck(state));
    const areWritten = await this.#write(others, removals, signal);
    const areAcked = await this.#write(puts.filter(isAck), [], signal);
    return areWritten && areAcked ? waitMs : retryMs;
  }

  /** @returns whether it was written; what was not will be tried again. */
  async #write(
    puts: readonly UnitStateContent[],
    removals: readonly UnitName[],
    signal: AbortSignal,
  ): Promise<boolean> {
    if (puts.length === 0 && removals.length === 0) return true;
    try {
      const outcome = await this.#session.publish(puts, removals, signal);
      if (outcome.kind === "not-registered") return this.#failed(puts, removals);
    } catch (err) {
      if (signal.aborted) throw err;
      for (const { unit } of puts) this.#uncertain.add(unit);
      this.#logger.warn("cannot publish unit states; trying again", { units: puts.length, err });
      return this.#failed(puts, removals);
    }
    this.writes += puts.length + removals.length;
    for (const state of puts) {
      this.#published.set(state.unit, state);
      this.#uncertain.delete(state.unit);
    }
    for (const unit of removals) {
      for (const facts of [this.#published, this.#since, this.#writtenMs, this.#uncertain])
        facts.delete(unit);
    }
    return true;
  }

  /**
   * The registry is another one, restored perhaps: what was said may be missing, and what was withdrawn may be back.
   * @returns whether what stands there could be read; if not, it will be tried again.
   */
  async #recall(signal: AbortSignal): Promise<boolean> {
    const { history } = this.#session;
    try {
      for (const { unit } of await this.#session.readOwnStates(signal)) {
        this.#uncertain.add(unit);
        this.touch(unit);
      }
    } catch (err) {
      if (signal.aborted) throw err;
      this.#logger.warn("cannot read this machine's unit states; trying again", { err });
      return this.#failed([], []);
    }
    this.#history = history;
    this.#startOver();
    return true;
  }

  /** Everything that was said went with the old lease, or is not known to stand there. */
  #startOver(): void {
    this.#registration = this.#session.registration;
    this.#history ??= this.#session.history;
    for (const unit of this.#published.keys()) {
      this.touch(unit);
      // A publication that was under way meanwhile may have come after the registration.
      this.#uncertain.add(unit);
    }
    this.#published.clear();
    this.#writtenMs.clear();
  }

  #collect(): { puts: UnitStateContent[]; removals: UnitName[]; waitMs: number } {
    const nowMs = this.#clock.monotonic();
    const puts: UnitStateContent[] = [];
    const removals: UnitName[] = [];
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [unit, dueMs] of this.#dueMs) {
      if (dueMs <= nowMs) this.#touched.add(unit);
      else nextMs = Math.min(nextMs, dueMs);
    }
    for (const unit of this.#touched) {
      const { state, progress } = this.#derive(unit);
      this.#dueMs.delete(unit);
      const isSaid =
        state !== "unknown" && !this.#uncertain.has(unit) && isPublished(state, this.#published.get(unit));
      const dueMs = state === "unknown" || isSaid ? "never" : this.#whenDue(unit, state, progress);
      if (dueMs === "never") {
        // It will be touched when something changes; until then the time it has to settle does not run.
        this.#dirtyMs.delete(unit);
      } else if (dueMs > nowMs) {
        this.#dueMs.set(unit, dueMs);
        nextMs = Math.min(nextMs, dueMs);
      } else {
        this.#dirtyMs.delete(unit);
        this.#writtenMs.set(unit, nowMs);
        if (state === undefined) removals.push(unit);
        else if (state !== "unknown") puts.push(this.#timed(unit, state));
      }
    }
    this.#touched.clear();
    return { puts, removals, waitMs: Math.max(0, nextMs - nowMs) };
  }

  #whenDue(
    unit: UnitName,
    state: TimelessState | undefined,
    progress: DerivedState["progress"],
  ): number | "never" {
    if (progress === "queued") return "never";
    const lastMs = this.#writtenMs.get(unit) ?? Number.NEGATIVE_INFINITY;
    // Whoever wrote the seat waits for the answer, and there are only as many of them as writes of seats.
    const mayBeWrittenMs = isAnswer(state, this.#published.get(unit)) ? lastMs : lastMs + writeIntervalMs;
    if (progress === "settled") return mayBeWrittenMs;
    const dirtyMs = this.#dirtyMs.get(unit) ?? this.#clock.monotonic();
    return Math.max(mayBeWrittenMs, dirtyMs + settlingMsMax);
  }

  #timed(unit: UnitName, state: TimelessState): UnitStateContent {
    const before = this.#since.get(unit);
    const sinceMs =
      before !== undefined && isSameSituation(before, state) ? before.sinceMs : this.#clock.now();
    const timed = { ...state, sinceMs };
    this.#since.set(unit, timed);
    return timed;
  }

  #failed(puts: readonly UnitStateContent[], removals: readonly UnitName[]): false {
    for (const unit of [...puts.map((state) => state.unit), ...removals]) {
      this.#writtenMs.delete(unit);
      this.touch(unit);
    }
    this.#retryAtMs = this.#clock.monotonic() + retryMs;
    return false;
  }
}

/** Says what a seat has asked for: that the unit was loaded, started, stopped on purpose, or given up, or cannot be. */
function isAnswer(state: TimelessState | undefined, published: UnitStateContent | undefined): boolean {
  if (state === undefined || published === undefined) return true;
  return (
    state.condition !== published.condition ||
    state.acked !== published.acked ||
    (state.jobResult === refusedJob) !== (published.jobResult === refusedJob) ||
    JSON.stringify(state.started) !== JSON.stringify(published.started)
  );
}

function isPublished(state: TimelessState | undefined, published: UnitStateContent | undefined): boolean {
  if (state === undefined || published === undefined) return state === published;
  return isSameState(state, published);
}
