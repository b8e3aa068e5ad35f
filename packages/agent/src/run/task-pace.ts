import type { Revision } from "@fleet/core";
import type { AgentTaskKind } from "../plan/machine-view.js";

/** No way from a seat to its end is longer: load, stop, start. */
const tasksFree = 4;

const pauseMsMin = 1_000;
const pauseMsMax = 60_000;

/**
 * Slows down a unit whose tasks succeed and change nothing: the plan then asks for the same again, or goes round. A task
 * that is what was done last for the same seat waits, and so does every task after the first few for one seat; each such
 * wait is twice as long as the one before. A while of calm ends that.
 */
export class TaskPace {
  #kind: AgentTaskKind | undefined;
  #seat: Revision | undefined;
  #doneMs = Number.NEGATIVE_INFINITY;
  #tasks = 0;
  #surplus = 0;

  /** A task was carried out without an error. @param seat - The mod revision of the seat. @param nowMs - On `monotonic`. */
  done(kind: AgentTaskKind, seat: Revision | undefined, nowMs: number): void {
    const isNew = seat !== this.#seat || nowMs - this.#doneMs > 2 * this.#pauseMs;
    if (isNew) {
      this.#tasks = 0;
      this.#surplus = 0;
    } else if (this.#isSurplus(kind)) this.#surplus += 1;
    this.#tasks += 1;
    this.#kind = kind;
    this.#seat = seat;
    this.#doneMs = nowMs;
  }

  /** @returns from when on a task may be begun, on `monotonic`; long ago if at once. */
  readyAtMs(kind: AgentTaskKind, seat: Revision | undefined): number {
    if (seat !== this.#seat || !this.#isSurplus(kind)) return Number.NEGATIVE_INFINITY;
    return this.#doneMs + this.#pauseMs;
  }

  #isSurplus(kind: AgentTaskKind): boolean {
    return kind === this.#kind || this.#tasks >= tasksFree;
  }

  get #pauseMs(): number {
    return Math.min(pauseMsMin * 2 ** this.#surplus, pauseMsMax);
  }
}
