import type { SimMachine } from "../machine/sim-machine.js";
import type { World } from "../world.js";
import type { Version } from "./key-history.js";

/**
 * Which history of etcd a machine may act upon. After etcd went back in time a machine that knows more than etcd does must
 * believe nothing that stands there until an operator has accepted it (protocol rule P6). One that was out of touch since
 * before the backup was made knows nothing that could contradict it; and so does one whose fleetd has begun anew since, as
 * long as it has not acted upon anything that the backup lacks: what a crash forgets is known for less than a minute.
 */
export class Beliefs {
  readonly #world: World;
  readonly #accepted = new Map<SimMachine, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** To be called when etcd was restored. */
  onRestore(): void {
    const { truth, machines } = this.#world;
    const restored = truth.restores.at(-1);
    if (restored === undefined) return;
    for (const machine of machines) {
      if (machine.lastContactMs < restored.takenAtMs) this.#accepted.set(machine, truth.branch);
    }
  }

  /** To be called when an operator accepts what etcd holds. */
  onAccept(name: string | undefined): void {
    const { truth, machines } = this.#world;
    for (const machine of machines) {
      if (name === undefined || name === machine.name) this.#accepted.set(machine, truth.branch);
    }
  }

  /** Whether a machine may act upon a record of etcd. */
  mayActUpon(machine: SimMachine, version: Version): boolean {
    const { branch } = version;
    if (branch <= (this.#accepted.get(machine) ?? 0)) return true;
    const restored = this.#world.truth.restores[branch - 1];
    if (restored === undefined) return true;
    const isFresh = (machine.running?.startedAtMs ?? 0) > restored.atMs;
    return isFresh && !machine.actedBetween(restored.takenAtMs, restored.atMs);
  }

  /** Since which history the watermarks of a machine count. */
  acceptedBranch(machine: SimMachine): number {
    return this.#accepted.get(machine) ?? 0;
  }
}
