import type { Requirements } from "@fleet/core";
import type { SimMachine } from "../machine/sim-machine.js";
import { exclude, isUp, misfit, seatedOn, seatsOf } from "../truth/legality.js";
import {
  keyOf,
  liveSeatOf,
  partsOf,
  policyOf,
  requirementsOf,
  seatOf,
  stateOf,
  statusOf,
  unitOf,
} from "../truth/records.js";
import { contentOf } from "../users/users.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";
import { isPlaceFor } from "./place-for.js";

/**
 * I7, it converges. Some time after the faults have stopped
 * - every machine that is on is present and believes etcd, one that is off is not, somebody leads, and nothing is held back; no job of systemd is
 *   under way;
 * - every plain unit that is wanted has one live seat, on a machine that is there; every global unit one on each machine
 *   that fits. Where one is missing, the leader says why, and going through the machines by hand finds no place either;
 *   A unit that leaves a drained machine may have two, old and new, if the leader says why it is still on its way;
 *   so it must if a unit that follows nobody stays on a drained machine that it is not pinned to;
 * - what has a seat is on that machine with the text of its seat, and runs if it is to be launched, unless its one start was
 *   issued and it has failed or was stopped by hand since, or it says itself that it waits for a unit that excludes it and
 *   runs there without a seat, which nobody may stop (P4.3); and its published state says what systemd says;
 * - what runs without a seat is remarked upon by the leader, and no other copy of a plain unit is active;
 * - no tombstone is left on a machine that is present or forgotten, no mark of destruction, no state of what is not there.
 */
export function converges(world: World): Checker {
  return { invariant: "I7", unsettled: () => new Settlement(world).problems() };
}

class Settlement {
  readonly #world: World;
  readonly #problems: string[] = [];
  readonly #refused: ReadonlyMap<string, string>;
  readonly #held: ReadonlySet<string>;

  constructor(world: World) {
    this.#world = world;
    const { held, refused } = statusOf(world.truth.history.current(keyOf.status));
    this.#refused = refused;
    this.#held = held;
  }

  problems(): readonly string[] {
    const { truth, machines } = this.#world;
    if (truth.history.current(keyOf.leader) === undefined) this.#problems.push("nobody leads");
    for (const machine of this.#held) {
      if (truth.history.current(keyOf.record(machine)) !== undefined)
        this.#problems.push(`${short(machine)} is held`);
    }
    for (const machine of machines) {
      if (machine.isOn) this.#checkMachine(machine);
      // What it means that the machine is off is still to come.
      else if (truth.history.current(keyOf.presence(machine.id)) !== undefined)
        this.#problems.push(`${machine.name} is off, and still present`);
    }
    for (const unit of truth.units()) this.#checkUnit(unit);
    for (const [machine, unit] of truth.seats()) this.#checkTombstone(machine, unit);
    for (const key of truth.history.keys) {
      const [area, name] = partsOf(key);
      if (area === "destroyed") this.#problems.push(`the mark of ${name} is left`);
    }
    return this.#problems;
  }

  #checkMachine(machine: SimMachine): void {
    const { truth } = this.#world;
    if (!isUp(this.#world, machine.id)) {
      this.#problems.push(`${machine.name} is not up`);
      return;
    }
    for (const unit of seatedOn(this.#world, machine.id)) this.#checkSeated(machine, unit);
    for (const [unit, { job }] of machine.systemd.loaded) {
      // A job that began slowly ends slowly, also when all faults are over.
      if (job !== undefined) this.#problems.push(`systemd still works on ${unit} on ${machine.name}`);
      const isSeated = truth.history.current(keyOf.seat(machine.id, unit)) !== undefined;
      if (isSeated || !machine.isRunning(unit) || !machine.isOurs(unit)) continue;
      if (!this.#refused.has(unit))
        this.#problems.push(`${unit} runs on ${machine.name} without a seat, unremarked`);
    }
    for (const unit of truth.unitsSaidOn(machine.id)) {
      const isSeated = truth.history.current(keyOf.seat(machine.id, unit)) !== undefined;
      const isHere = machine.directory.textAt(machine.directory.pathOf(unit as never)) !== undefined;
      if (!isSeated && !isHere) this.#problems.push(`the state of ${unit} on ${machine.name} is left`);
    }
  }

  #checkSeated(machine: SimMachine, unit: string): void {
    const { history } = this.#world.truth;
    const version = history.current(keyOf.seat(machine.id, unit));
    const seat = liveSeatOf(version);
    if (seat === undefined || unitOf(history.current(keyOf.unit(unit))) === undefined) return;
    const text = machine.directory.textAt(machine.directory.pathOf(unit as never));
    const where = `${unit} on ${machine.name}`;
    if (text === undefined) {
      this.#problems.push(`${where} is not loaded`);
      return;
    }
    if (contentOf(text).contentId !== seat.contentId)
      this.#problems.push(`${where} has another content than its seat`);
    const isRunning = machine.isRunning(unit);
    const state = stateOf(history.current(keyOf.state(machine.id, unit)));
    const isDue = seat.target === "launched" && !isRunning;
    if (isDue && !machine.hasIssued(unit, version?.createRevision, seat)) {
      const waits = state?.reason !== undefined && this.#isShutOut(machine, unit, text);
      if (!waits) this.#problems.push(`${where} was not started`);
    }
    const actual = machine.systemd.loaded.get(unit as never)?.activeState ?? "inactive";
    if (state?.activeState !== actual) {
      this.#problems.push(`${where} is said to be ${state?.activeState}, and is ${actual}`);
    }
  }

  /** Whether a unit without a seat, or with a seat and no record, runs on the machine and excludes this one. */
  #isShutOut(machine: SimMachine, unit: string, text: string): boolean {
    const { history } = this.#world.truth;
    return [...machine.systemd.loaded].some(([other, { text: theirs }]) => {
      if (other === unit || theirs === undefined || !machine.isRunning(other)) return false;
      const isSeated = liveSeatOf(history.current(keyOf.seat(machine.id, other))) !== undefined;
      if (isSeated && history.current(keyOf.unit(other)) !== undefined) return false;
      return exclude(unit, requirementsOf(unit, text), other, requirementsOf(other, theirs));
    });
  }

  #checkUnit(unit: string): void {
    const { truth } = this.#world;
    const record = unitOf(truth.history.current(keyOf.unit(unit)));
    const demands = truth.demandsNow(unit);
    if (record === undefined || demands === undefined) return;
    const seats = seatsOf(this.#world, unit);
    if (record.desiredState === "inactive") {
      for (const machine of seats)
        this.#problems.push(`${unit} is inactive and has a seat on ${short(machine)}`);
    } else if (demands.global) this.#checkGlobal(unit, demands, seats);
    else this.#checkPlain(unit, record.contentId, demands, seats);
  }

  #checkGlobal(unit: string, demands: Requirements, seats: readonly string[]): void {
    for (const { id, name } of this.#world.machines) {
      if (!isUp(this.#world, id)) continue;
      const isFit = misfit(this.#world, id, { ...demands, machineId: undefined }) === undefined;
      if (seats.includes(id) && !isFit)
        this.#problems.push(`global ${unit} has a seat on ${name}, which does not fit`);
      if (!seats.includes(id) && isPlaceFor(this.#world, id, unit, demands)) {
        this.#problems.push(`global ${unit} has no seat on ${name}`);
      }
    }
  }

  #checkPlain(unit: string, contentId: string, demands: Requirements, seats: readonly string[]): void {
    const world = this.#world;
    const pair = this.#handOver(unit, seats);
    if (pair !== undefined) {
      // The new copy cannot take over, and the leader says so.
      if (!this.#refused.has(unit))
        this.#problems.push(`${unit} is on its way to ${short(pair.heir)}, and nobody says why`);
      if (isUp(world, pair.heir)) this.#checkLegal(unit, demands, pair.heir);
      return;
    }
    if (seats.length > 1) this.#problems.push(`${unit} has ${seats.length} seats`);
    const [seat] = seats;
    const isServed = seat !== undefined && isUp(world, seat);
    if (isServed) {
      this.#checkLegal(unit, demands, seat);
      const isToLeave = policyOf(world.truth.history.current(keyOf.policy(seat))).drained;
      const mayStay = demands.machineId !== undefined || demands.machineOf.length > 0;
      if (isToLeave && !mayStay && !this.#refused.has(unit))
        this.#problems.push(`${unit} stays on ${short(seat)}, which is drained, and nobody says why`);
      return;
    }
    const isTextThere = world.truth.history.current(keyOf.text(contentId)) !== undefined;
    if (!isTextThere && this.#refused.has(unit)) return;
    const place = world.machines.find(({ id }) => isUp(world, id) && isPlaceFor(world, id, unit, demands));
    if (demands.exclusive && this.#isInItsOwnWay(unit, contentId) && this.#refused.has(unit)) return;
    const where = seat === undefined ? "no seat" : `its seat on ${short(seat)}, which is away`;
    if (place !== undefined) this.#problems.push(`${unit} has ${where}, and ${place.name} would do`);
    else if (!this.#refused.has(unit)) this.#problems.push(`${unit} has ${where}, and nobody says why`);
  }

  /** The two seats of a unit that leaves a drained machine: the younger one names the machine of the other. */
  #handOver(unit: string, seats: readonly string[]): { readonly heir: string } | undefined {
    const { history } = this.#world.truth;
    if (seats.length !== 2) return undefined;
    const heir = seats.find((machine) => {
      const version = history.current(keyOf.seat(machine, unit));
      const old = seatOf(version)?.replaces;
      if (version === undefined || old === undefined || old === machine || !seats.includes(old)) return false;
      const isYounger =
        version.createRevision > (history.current(keyOf.seat(old, unit))?.createRevision ?? 0);
      return isYounger && policyOf(history.current(keyOf.policy(old))).drained;
    });
    return heir === undefined ? undefined : { heir };
  }

  /**
   * Whether an exclusive unit waits for a copy of its own that no time makes an end of: one that lost its seat, which is only
   * stopped for an active one elsewhere (P4.3); or one of another text, which may have no guard, on a machine that is away.
   */
  #isInItsOwnWay(unit: string, contentId: string): boolean {
    const { history } = this.#world.truth;
    return this.#world.machines.some(({ id }) => {
      if (isUp(this.#world, id)) return this.#isStray(id, unit);
      const seat = seatOf(history.current(keyOf.seat(id, unit)));
      return seat !== undefined && (seat.contentId !== contentId || this.#mayHaveAnotherText(id, unit));
    });
  }

  /** Whether a seat had another text before, and its machine has said nothing of the new one. */
  #mayHaveAnotherText(machine: string, unit: string): boolean {
    const { history } = this.#world.truth;
    const versions = history.all(keyOf.seat(machine, unit));
    const contentId = seatOf(versions.at(-1))?.contentId;
    const last = versions.findLastIndex((version) => seatOf(version)?.contentId !== contentId);
    if (seatOf(versions[last]) === undefined) return false;
    const sinceMs = versions[last + 1]?.sinceMs ?? 0;
    return !history
      .all(keyOf.state(machine, unit))
      .some((version) => version.sinceMs >= sinceMs && stateOf(version)?.contentId === contentId);
  }

  #isStray(machine: string, unit: string): boolean {
    const there = this.#world.machineById(machine);
    return there?.directory.textAt(there.directory.pathOf(unit as never)) !== undefined;
  }

  #checkLegal(unit: string, demands: Requirements, machine: string): void {
    const problem = misfit(this.#world, machine, demands);
    if (problem !== undefined) this.#problems.push(`${unit} has a seat on ${short(machine)}, but ${problem}`);
    for (const peer of demands.machineOf) {
      const peerSeats = seatsOf(this.#world, peer);
      // One that is there without a seat occupies its machine like any other (P4.3).
      if (this.#isStray(machine, peer)) continue;
      if (!peerSeats.includes(machine) && peerSeats.every((at) => isUp(this.#world, at))) {
        this.#problems.push(`${unit} is not where ${peer} is`);
      }
    }
    for (const other of seatedOn(this.#world, machine)) {
      if (other === unit) continue;
      if (exclude(unit, demands, other, this.#world.truth.demandsHeld(other))) {
        this.#problems.push(`${unit} and ${other} share ${short(machine)}, but exclude each other`);
      }
    }
  }

  #checkTombstone(machine: string, unit: string): void {
    const { history } = this.#world.truth;
    if (seatOf(history.current(keyOf.seat(machine, unit)))?.target !== "absent") return;
    const isPresent = history.current(keyOf.presence(machine)) !== undefined;
    const isKnown = history.current(keyOf.record(machine)) !== undefined;
    if (isPresent || !isKnown) this.#problems.push(`the tombstone of ${unit} on ${short(machine)} is left`);
  }
}

function short(machine: string): string {
  return machine.replace(/0+$/, "");
}
