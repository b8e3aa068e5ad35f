import { sleep } from "@fleet/lab";
import type { RunningUnit, Truth } from "../truth.js";

/** One run of a unit on a machine, from its start to its end. */
export interface Run {
  readonly machine: string;
  readonly unit: string;
  readonly invocation: string;
  /** When it was first seen, on the stage's clock. */
  readonly fromMs: number;
  /** When it was first missed; `undefined` while it runs. */
  endedMs?: number;
  /** Where else the unit ran when it was first missed. */
  elsewhere?: readonly string[];
}

/** Everything that ran where and when, by looking at the machines' cgroups again and again. */
export class Timeline {
  readonly #truth: Pick<Truth, "look">;
  readonly #now: () => number;
  readonly #open = new Map<string, Run>();
  readonly #all = new Map<string, Run>();
  /** Every run there was, by its start. */
  readonly runs: Run[] = [];
  /** The most units that each machine has run at once. */
  readonly peak = new Map<string, number>();

  constructor(truth: Pick<Truth, "look">, now: () => number) {
    this.#truth = truth;
    this.#now = now;
  }

  /** What runs now. Each look is recorded. */
  look(): readonly RunningUnit[] {
    const running = this.#truth.look();
    const atMs = this.#now();
    const seen = new Set<string>();
    const counts = new Map<string, number>();
    for (const { machine, unit, invocation } of running) {
      const key = `${machine}/${unit}/${invocation}`;
      seen.add(key);
      counts.set(machine, (counts.get(machine) ?? 0) + 1);
      if (this.#open.has(key)) continue;
      this.#open.set(key, this.#begin(key, { machine, unit, invocation, fromMs: atMs }));
    }
    for (const [key, run] of this.#open) {
      if (seen.has(key)) continue;
      run.endedMs = atMs;
      run.elsewhere = running
        .filter(({ unit, machine }) => unit === run.unit && machine !== run.machine)
        .map(({ machine }) => machine);
      this.#open.delete(key);
    }
    for (const [machine, count] of counts) {
      if (count > (this.peak.get(machine) ?? 0)) this.peak.set(machine, count);
    }
    return running;
  }

  // A unit with commands that run before its own has no process between two of them, and is still on its way.
  #begin(key: string, fresh: Run): Run {
    const known = this.#all.get(key);
    if (known === undefined) {
      this.#all.set(key, fresh);
      this.runs.push(fresh);
      return fresh;
    }
    delete known.endedMs;
    delete known.elsewhere;
    return known;
  }

  /** Looks until aborted. */
  async run(everyMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.look();
      await sleep(everyMs, signal).catch(() => undefined);
    }
  }
}
