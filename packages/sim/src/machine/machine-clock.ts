import type { Clock } from "@fleet/core/ports";
import type { Scheduler } from "../time/scheduler.js";
import type { SimProcess } from "./sim-process.js";

/** The first moment of every simulated world, on the wall: a date that nobody takes for a small number. */
export const wallEpochMs = Date.UTC(2026, 0, 1);

/** The clocks of a machine: the wall's can be set, and some stand still while the machine is suspended. */
export class MachineClocks {
  readonly #scheduler: Scheduler;
  #wallOffsetMs = 0;
  #suspendedMs = 0;
  #suspendedSinceMs: number | undefined;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get wallMs(): number {
    return wallEpochMs + Math.floor(this.#scheduler.nowMs) + this.#wallOffsetMs;
  }

  get boottimeMs(): number {
    return this.#scheduler.nowMs;
  }

  get monotonicMs(): number {
    const { nowMs } = this.#scheduler;
    const sinceMs = this.#suspendedSinceMs;
    return nowMs - this.#suspendedMs - (sinceMs === undefined ? 0 : nowMs - sinceMs);
  }

  get isSuspended(): boolean {
    return this.#suspendedSinceMs !== undefined;
  }

  /** Somebody sets the wall clock. */
  step(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  suspend(): void {
    this.#suspendedSinceMs ??= this.#scheduler.nowMs;
  }

  resume(): void {
    if (this.#suspendedSinceMs === undefined) return;
    this.#suspendedMs += this.#scheduler.nowMs - this.#suspendedSinceMs;
    this.#suspendedSinceMs = undefined;
  }
}

/** The clock of one process of a machine. */
export class ProcessClock implements Clock {
  readonly #scheduler: Scheduler;
  readonly #clocks: MachineClocks;
  readonly #process: SimProcess;

  constructor(scheduler: Scheduler, clocks: MachineClocks, process: SimProcess) {
    this.#scheduler = scheduler;
    this.#clocks = clocks;
    this.#process = process;
  }

  now(): number {
    return this.#clocks.wallMs;
  }

  monotonic(): number {
    return this.#clocks.monotonicMs;
  }

  boottime(): number {
    return this.#clocks.boottimeMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (this.#process.isDead || ms === Number.POSITIVE_INFINITY) {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        return;
      }
      const dueMs = this.#clocks.monotonicMs + Math.max(ms, 0);
      const wake = (): void => {
        const leftMs = dueMs - this.#clocks.monotonicMs;
        if (leftMs > 1e-6) {
          timer = this.#scheduler.after(leftMs, fire);
          return;
        }
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const fire = (): void => this.#process.deliver(wake);
      const onAbort = (): void => {
        this.#scheduler.cancel(timer);
        reject(signal.reason);
      };
      let timer = this.#scheduler.after(ms, fire);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}
