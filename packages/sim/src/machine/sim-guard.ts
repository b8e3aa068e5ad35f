import type { ExclusiveAgent, ExclusiveCare } from "@fleet/agent";
import { FleetError, type UnitName } from "@fleet/core";
import { requirementsOf } from "../truth/records.js";
import type { World } from "../world.js";
import type { SimMachine } from "./sim-machine.js";
import type { SimProcess } from "./sim-process.js";

/**
 * The guard of a machine's exclusive units as protocol rule P9.1 has it: a process of its own that is fed the answered renewals,
 * and from the deadline and the time for stopping on leaves none of them alive, whatever has become of fleetd. It stands still
 * while its machine is suspended, and does what it has missed as soon as that is over. That it stops units in good order
 * before is left out: what they do between the deadline and their end is allowed anyway.
 */
export class SimGuard {
  readonly #world: World;
  readonly #machine: SimMachine;
  #deadlineMs = Number.NEGATIVE_INFINITY;
  /** What it has killed and fleetd has not taken note of. */
  readonly #marks = new Set<UnitName>();
  #wake: () => void = () => {};

  constructor(world: World, machine: SimMachine) {
    this.#world = world;
    this.#machine = machine;
  }

  /** Whether exclusive units must not run. */
  get hasExpired(): boolean {
    return this.#world.nowMs >= this.#deadlineMs;
  }

  /** A renewal was answered that was sent a lifetime before this. */
  feed(deadlineMs: number): void {
    if (deadlineMs <= this.#deadlineMs) return;
    const wasExpired = this.hasExpired;
    this.#deadlineMs = deadlineMs;
    const { scheduler, config } = this.#world;
    scheduler.after(deadlineMs + config.exclusiveStopMaxMs - this.#world.nowMs, () => this.look());
    if (wasExpired || this.#marks.size > 0) this.#wake();
  }

  /** The machine has lost its power, and with it all that runs. */
  forget(): void {
    this.#deadlineMs = Number.NEGATIVE_INFINITY;
    this.#marks.clear();
  }

  /** Kills what must not be there any more. */
  look(): void {
    const { nowMs, config } = this.#world;
    if (this.#machine.clocks.isSuspended || nowMs < this.#deadlineMs + config.exclusiveStopMaxMs) return;
    for (const unit of this.#machine.systemd.loaded.keys()) {
      if (!this.#machine.isAlive(unit) || !this.#machine.isExclusive(unit)) continue;
      this.#marks.add(unit);
      this.#world.witness.onGuard(this.#machine, unit);
      this.#machine.systemd.play(unit, "failed", "failed");
    }
  }

  /** What a process of fleetd has to do with it. */
  careFor(process: SimProcess): ExclusiveCare {
    return {
      run: (agent, signal) => this.#tell(agent, process, signal),
      prepare: async () => {},
      withdraw: async (unit) => {
        this.#marks.delete(unit);
      },
      obstacle: () => (this.hasExpired ? "the machine is not heard: the guard would stop it" : undefined),
      admit: async (unit) => {
        if (this.hasExpired) throw new FleetError("unavailable", `cannot start "${unit}": not heard`);
      },
      observe: () => {},
      ensureGone: async (unit) => {
        if (!this.#machine.isAlive(unit)) return;
        throw new FleetError("conflict", `cannot acknowledge "${unit}": it runs`);
      },
    };
  }

  /** Waits until there may be something to tell. */
  #bell(process: SimProcess, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#wake = () => process.deliver(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }

  /** Lets fleetd start anew what was killed, when the machine is heard again. */
  async #tell(agent: ExclusiveAgent, process: SimProcess, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#bell(process, signal);
      if (signal.aborted || this.hasExpired) continue;
      const killed = [...this.#marks];
      this.#marks.clear();
      for (const unit of killed) await agent.forgetStarts(unit);
      const here = [...this.#machine.systemd.loaded.keys()].filter((unit) => this.#machine.isExclusive(unit));
      agent.lookAgain(new Set([...killed, ...here]));
    }
  }
}

/** Whether a text says that the unit never runs twice. */
export function isExclusiveText(unit: string, text: string | undefined): boolean {
  return text !== undefined && requirementsOf(unit, text).exclusive;
}
