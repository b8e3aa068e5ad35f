import { turnByTurn } from "./turn.js";

/** Something that is going to happen. */
export interface Timer {
  readonly dueMs: number;
  readonly order: number;
  /** Absent once it has happened or was cancelled. */
  fire: (() => void) | undefined;
}

/** No wait is shorter, if it is one at all: sums of fractions would else leave waits in which no time passes. */
const momentMs = 0.001;

/** More events than this in one moment are a loop that never waits. */
const atOnceMax = 20_000;

/**
 * The time of a simulated world, and everything that is going to happen in it. Time stands still while something happens
 * and everything that follows from it without waiting; then it jumps to the next event. Of two events of the same moment
 * the one that was scheduled first comes first.
 */
export class Scheduler {
  readonly #heap: Timer[] = [];
  #order = 0;
  #nowMs = 0;
  #events = 0;
  #cancelled = 0;
  #atOnce = 0;
  /** Called after each event and all that follows from it at once. */
  onSettled: () => void = () => {};

  /** Ms since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many events there were. */
  get events(): number {
    return this.#events;
  }

  /** Lets something happen after a while. */
  after(ms: number, fire: () => void): Timer {
    const waitMs = ms > 0 ? Math.max(ms, momentMs) : 0;
    const timer: Timer = { dueMs: this.#nowMs + waitMs, order: this.#order, fire };
    this.#order += 1;
    this.#push(timer);
    return timer;
  }

  /** Lets it not happen. */
  cancel(timer: Timer | undefined): void {
    if (timer?.fire === undefined) return;
    timer.fire = undefined;
    this.#cancelled += 1;
    if (this.#cancelled > 64 && this.#cancelled > this.#heap.length / 2) this.#sweep();
  }

  /** Lets time pass until then. Rejects with what an event throws. */
  run(untilMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      turnByTurn(() => {
        try {
          this.onSettled();
          const timer = this.#next(untilMs);
          if (timer !== undefined) {
            this.#happen(timer);
            return true;
          }
          this.#nowMs = Math.max(this.#nowMs, untilMs);
          resolve();
        } catch (error) {
          reject(error);
        }
        return false;
      });
    });
  }

  #happen(timer: Timer): void {
    this.#noteProgress(timer.dueMs);
    this.#nowMs = timer.dueMs;
    this.#events += 1;
    const { fire } = timer;
    timer.fire = undefined;
    fire?.();
  }

  #noteProgress(dueMs: number): void {
    this.#atOnce = dueMs > this.#nowMs ? 0 : this.#atOnce + 1;
    if (this.#atOnce > atOnceMax)
      throw new Error(`more than ${atOnceMax} events in one moment: somebody spins`);
  }

  /** Forgets everything that was going to happen. */
  clear(): void {
    this.#heap.length = 0;
    this.#cancelled = 0;
  }

  #next(untilMs: number): Timer | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.dueMs > untilMs) return undefined;
      this.#pop();
      if (first.fire !== undefined) return first;
      this.#cancelled -= 1;
    }
  }

  #sweep(): void {
    const alive = this.#heap.filter((timer) => timer.fire !== undefined);
    this.#heap.length = 0;
    this.#cancelled = 0;
    for (const timer of alive) this.#push(timer);
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(timer);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Timer;
      if (!isBefore(timer, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Timer;
    const { length } = heap;
    if (length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child += 1;
      const below = heap[child] as Timer;
      if (!isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
