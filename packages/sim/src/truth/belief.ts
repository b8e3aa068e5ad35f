import type { SimMachine } from "../machine/sim-machine.js";
import type { World } from "../world.js";
import type { Version } from "./key-history.js";
import { keyOf } from "./records.js";

/**
 * Which history of etcd a machine may act upon. After etcd went back in time, a machine that has acted upon seats which
 * the backup lacks must believe nothing that stands there, until an operator has accepted it (protocol rule P6.2); unless they were
 * there before, and were written anew since: it asks whether what it acted upon is there, or something newer. One that
 * has not knows nothing that could contradict the backup: a revision alone is known for as long as a process lives, and etcd
 * may have overtaken it by the time it is asked.
 */
export class Beliefs {
  readonly #world: World;
  readonly #accepted = new Map<SimMachine, number>();
  readonly #acceptedAtMs = new Map<SimMachine, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** To be called when an operator accepts what etcd holds. */
  onAccept(name: string | undefined): void {
    const { truth, machines } = this.#world;
    for (const machine of machines) {
      if (name !== undefined && name !== machine.name) continue;
      this.#accepted.set(machine, truth.branch);
      this.#acceptedAtMs.set(machine, this.#world.nowMs);
    }
  }

  /** Whether a machine may act upon a record of etcd. */
  mayActUpon(machine: SimMachine, version: Version): boolean {
    const { branch } = version;
    if (branch <= (this.#accepted.get(machine) ?? 0)) return true;
    const restored = this.#world.truth.restores[branch - 1];
    if (restored === undefined || restored.isLossless) return true;
    return machine
      .actedOnSeatsSince(restored.takenAtMs, restored.atMs)
      .every(({ unit, seat }) => this.#isOvertaken(machine, unit, seat, branch));
  }

  /** Whether the seat was written again in the other history, later by its revisions: then it contradicts nothing. */
  #isOvertaken(machine: SimMachine, unit: string, seat: Version, branch: number): boolean {
    return this.#world.truth.history
      .all(keyOf.seat(machine.id, unit))
      .some(
        (version) =>
          version.branch >= branch &&
          version.createRevision === seat.createRevision &&
          version.revision > seat.revision,
      );
  }

  /** When an operator last accepted what etcd holds for a machine: all that stands there counts as said anew then (P6.3). */
  acceptedAtMs(machine: SimMachine): number {
    return this.#acceptedAtMs.get(machine) ?? Number.NEGATIVE_INFINITY;
  }

  /** Since which history the watermarks of a machine count. */
  acceptedBranch(machine: SimMachine): number {
    return this.#accepted.get(machine) ?? 0;
  }
}
