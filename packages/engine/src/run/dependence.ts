import type { MachineId, UnitName } from "@fleet/core";
import type { EngineTask } from "../plan/task.js";
import { unansweredRevision } from "./assumed-view.js";

/**
 * Tells which tasks rely on writes that are not answered yet, and so have to wait. A plan on the assumed view may take
 * it for granted that an unanswered seat is there, because then it only does without something; what it must not use
 * is a place that a unit has not left yet.
 */
export class Dependence {
  readonly #units = new Map<UnitName, number>();
  readonly #arrivals = new Map<MachineId, number>();
  readonly #departures = new Map<MachineId, number>();
  readonly #peersOf: (unit: UnitName) => readonly string[];

  /** @param peersOf - The units that a unit follows. */
  constructor(peersOf: (unit: UnitName) => readonly string[]) {
    this.#peersOf = peersOf;
  }

  /** Counts a task in, or out, that is assumed to be done. */
  count(task: EngineTask, by: 1 | -1): void {
    change(this.#units, task.unit, by);
    if (task.kind === "seat" || task.kind === "move") change(this.#arrivals, task.machine, by);
    if (task.kind === "unseat") change(this.#departures, task.machine, by);
    if (task.kind === "move") change(this.#departures, task.from.machine, by);
  }

  /** Whether a write about the unit is under way. */
  has(unit: UnitName): boolean {
    return this.#units.has(unit);
  }

  /** The components of which some task has to wait; then all of it has to. */
  waiting(tasks: readonly EngineTask[]): ReadonlySet<UnitName> {
    const waiting = new Set<UnitName>();
    if (this.#units.size === 0) return waiting;
    for (const task of tasks) if (this.#mustWait(task)) waiting.add(task.component);
    return waiting;
  }

  #mustWait(task: EngineTask): boolean {
    if (this.#units.has(task.unit)) return true;
    switch (task.kind) {
      case "seat":
        return this.#departures.has(task.machine) || this.#areTied(task.peers);
      case "move":
        // What it has to make way for may not come. From a machine that is away it goes in any case.
        return (
          this.#departures.has(task.machine) ||
          this.#areTied(task.peers) ||
          (task.fromPresenceRevision > 0 && this.#arrivals.has(task.from.machine))
        );
      case "unseat":
        if (task.rival?.seatRevision === unansweredRevision) return true;
        if (task.cause !== "illegal") return false;
        return this.#arrivals.has(task.machine) || this.#areTied(this.#peersOf(task.unit));
      default:
        return false;
    }
  }

  #areTied(peers: readonly string[]): boolean {
    return peers.some((peer) => this.#units.has(peer as UnitName));
  }
}

function change<K>(counts: Map<K, number>, key: K, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
