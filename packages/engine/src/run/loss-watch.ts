import {
  belongsToMachine,
  type ClusterView,
  isSeated,
  type MachineId,
  type Seat,
  type UnitName,
} from "@fleet/core";
import type { Clock } from "@fleet/core/ports";
import { advanceLoss, initialLossState } from "../plan/loss.js";
import type { LossOptions, LossVerdict } from "../plan/loss-state.js";
import type { Plan } from "../plan/plan.js";

/**
 * A candidate does not plan, so it does not know which units have no other place. It takes those that nobody has moved
 * for so long for such, lest an old loss count for ever.
 */
const presumedStuckAfterMs = 60_000;

/** Who looks so much later than it wanted to was stopped, or could not follow. */
const stalledAfterMs = 1_000;

/**
 * Watches machines come and go, for a candidate as for the leader: what one has seen vanish as a candidate, it need not
 * doubt when it leads.
 */
export class LossWatch {
  readonly #clock: Clock;
  readonly #options: LossOptions;
  #state = initialLossState;
  #hasGap = true;
  #wakeAtMs: number | undefined;
  #isStalled = false;
  #releasedSince = new Map<MachineId, number>();
  /** Units of released machines that the newest plan could not move. Absent while somebody else plans. */
  #stuck: ReadonlyMap<MachineId, ReadonlySet<UnitName>> | undefined;

  constructor(clock: Clock, options: LossOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Something may have happened unseen: what is missing at the next look was merely found missing. */
  noteGap(): void {
    this.#hasGap = true;
  }

  /** Learns from a plan which units cannot go anywhere else. */
  notePlan(plan: Plan): void {
    const stuck = new Map<MachineId, Set<UnitName>>();
    for (const { unit, machine, failed } of plan.refusals) {
      // What keeps a unit on a machine that is there, such as a hand-over, does not when that is gone.
      if (machine === undefined || !this.#releasedSince.has(machine)) continue;
      // A unit that only waits for its turn is not stuck.
      if (failed.some(({ check }) => check === "pace")) continue;
      stuck.set(machine, (stuck.get(machine) ?? new Set()).add(unit));
    }
    this.#stuck = stuck;
  }

  /** The office is lost: from now on somebody else plans. */
  noteEndOfTerm(): void {
    this.#isStalled = this.#isLate(this.#clock.monotonic());
    this.#stuck = undefined;
  }

  /** Looks at the machines as they are now. */
  look(view: ClusterView): LossVerdict {
    const nowMs = this.#clock.monotonic();
    const known = new Set<MachineId>();
    const present = new Set<MachineId>();
    const leaving = new Set<MachineId>();
    const givenUp = new Set<MachineId>();
    const returns = new Map<MachineId, string>();
    for (const machine of view.machines.values()) {
      if (machine.known) known.add(machine.id);
      const { recordRevision, policy } = machine;
      // The record is written anew when a machine returns, so that a word about an earlier absence means nothing now.
      if (policy.released !== undefined && policy.released === recordRevision) givenUp.add(machine.id);
      // What cannot be read says nothing, but somebody is there to have said it.
      if (machine.presence === undefined && machine.unreadable === undefined) continue;
      present.add(machine.id);
      if (machine.presence?.state === "leaving") leaving.add(machine.id);
    }
    for (const id of known) {
      const revision = view.machines.get(id)?.recordRevision;
      // A revision says nothing of what happened in a registry that was restored.
      if (!present.has(id) && revision !== undefined) returns.set(id, `${view.identity?.epoch} ${revision}`);
    }
    const movableSeats = new Map<MachineId, number>();
    for (const id of known) {
      if (!present.has(id)) movableSeats.set(id, this.#movableSeats(view, id, nowMs));
    }
    const stuck = new Set([...movableSeats.keys()].filter((id) => this.#hasStuckSeats(view, id)));
    const watched = !this.#hasGap;
    const stalled = this.#isLate(nowMs);
    this.#hasGap = false;
    this.#isStalled = false;
    const options = this.#options;
    const verdict = advanceLoss(this.#state, {
      nowMs,
      known,
      present,
      leaving,
      movableSeats,
      stuck,
      watched,
      stalled,
      returns,
      givenUp,
      options,
    });
    this.#state = verdict.state;
    this.#wakeAtMs = verdict.wakeAtMs;
    this.#releasedSince = new Map(
      [...verdict.released].map((id) => [id, this.#releasedSince.get(id) ?? nowMs]),
    );
    return verdict;
  }

  /** Whether it is long past the time to look. Only who leads looks when it is time, others when something happens. */
  #isLate(nowMs: number): boolean {
    if (this.#isStalled) return true;
    return (
      this.#stuck !== undefined && this.#wakeAtMs !== undefined && nowMs > this.#wakeAtMs + stalledAfterMs
    );
  }

  #movableSeats(view: ClusterView, machine: MachineId, nowMs: number): number {
    let movable = 0;
    // Not all that is refused has a seat that could be moved, so they are not subtracted but left out.
    const stuck = this.#stuck?.get(machine);
    for (const seat of view.seats.get(machine)?.values() ?? []) {
      if (isMovable(view, seat) && stuck?.has(seat.unit) !== true) movable += 1;
    }
    if (this.#stuck !== undefined) return movable;
    const releasedSinceMs = this.#releasedSince.get(machine);
    const isPresumedStuck = releasedSinceMs !== undefined && nowMs - releasedSinceMs >= presumedStuckAfterMs;
    return isPresumedStuck ? 0 : movable;
  }

  /** Whether there are units that would go if there were a place for them. Pinned and global ones would not. */
  #hasStuckSeats(view: ClusterView, machine: MachineId): boolean {
    for (const unit of this.#stuck?.get(machine) ?? []) {
      const seat = view.seats.get(machine)?.get(unit);
      if (seat !== undefined && isMovable(view, seat)) return true;
    }
    return false;
  }
}

/** Whether a seat would go elsewhere if its machine were given up. */
function isMovable(view: ClusterView, seat: Seat): boolean {
  if (!isSeated(seat) || view.unreadableUnits.has(seat.unit)) return false;
  const unit = view.units.get(seat.unit);
  if (unit?.requirements === undefined || unit.desiredState === "inactive") return false;
  return !belongsToMachine(unit.requirements, seat.machine, () => undefined);
}
