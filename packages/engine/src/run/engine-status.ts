import type { Clock, EngineStatus } from "@fleet/core/ports";
import type { LossVerdict } from "../plan/loss-state.js";
import type { Plan } from "../plan/plan.js";

/** How many refusals are published; etcd is no place for a long list, and `explain` has all of them. */
const refusalsMax = 200;

/** Makes the status that people see. Equal facts give an equal status, so that nothing is written while nothing happens. */
export class StatusMaker {
  readonly #clock: Clock;
  /** What a moment of the process's clock is on the wall, computed once. */
  readonly #wallMs = new Map<number, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  make(plan: Plan, loss: LossVerdict): EngineStatus {
    const machines = loss.held
      .toSorted((a, b) => (a.machine < b.machine ? -1 : 1))
      .map(({ machine, why, untilMs }) =>
        untilMs === undefined
          ? { machine, held: why }
          : { machine, held: why, untilMs: this.#onTheWall(untilMs) },
      );
    if (loss.held.length === 0) this.#wallMs.clear();
    const refusals = plan.refusals.slice(0, refusalsMax).map(({ unit, reason }) => ({ unit, reason }));
    return { machines, refusals };
  }

  #onTheWall(monotonicMs: number): number {
    let wallMs = this.#wallMs.get(monotonicMs);
    if (wallMs === undefined) {
      wallMs = Math.round(this.#clock.now() + monotonicMs - this.#clock.monotonic());
      this.#wallMs.set(monotonicMs, wallMs);
    }
    return wallMs;
  }
}
