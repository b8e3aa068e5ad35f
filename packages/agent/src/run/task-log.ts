import type { UnitName } from "@fleet/core";
import type { Clock, Logger } from "@fleet/core/ports";
import type { AgentTask } from "../plan/machine-view.js";

/** From so many tasks in one moment on, they are not told of one by one. */
const toldTogether = 5;

/** How long a moment is. */
const momentMs = 250;

/**
 * Tells the log which tasks have been begun: few at once and one by one, many together at the end of the moment. A line for
 * each of many would cost the machine's journal more than the tasks cost fleet.
 */
export class TaskLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #untold: AgentTask[] = [];
  #momentMs = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Takes in what has been begun. */
  begun(tasks: readonly AgentTask[]): void {
    if (tasks.length === 0) return;
    const isNew = this.tellDue() === Number.POSITIVE_INFINITY && this.#leftMs <= 0;
    if (isNew) {
      this.#momentMs = this.#clock.monotonic();
      this.#count = 0;
    }
    this.#count += tasks.length;
    this.#untold.push(...tasks);
    if (isNew || this.#count < toldTogether) this.tell();
  }

  /** Tells what has waited long enough. @returns how long the rest has to wait, in ms; infinite if there is none. */
  tellDue(): number {
    if (this.#untold.length > 0 && this.#leftMs <= 0) this.tell();
    return this.#untold.length > 0 ? this.#leftMs : Number.POSITIVE_INFINITY;
  }

  /** Tells what has not been told. */
  tell(): void {
    const tasks = this.#untold;
    this.#untold = [];
    if (tasks.length < toldTogether) {
      for (const { kind, unit, reason } of tasks)
        this.#logger.info("task begun", { task: kind, unit, reason });
      return;
    }
    const groups = new Map<string, { task: AgentTask["kind"]; reason: string; units: UnitName[] }>();
    for (const { kind, unit, reason } of tasks) {
      const group = groups.get(`${kind} ${reason}`);
      if (group === undefined) groups.set(`${kind} ${reason}`, { task: kind, reason, units: [unit] });
      else group.units.push(unit);
    }
    for (const group of groups.values()) this.#logger.info("tasks begun", group);
  }

  get #leftMs(): number {
    return this.#momentMs + momentMs - this.#clock.monotonic();
  }
}
