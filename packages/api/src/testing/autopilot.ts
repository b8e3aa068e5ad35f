import { isSeated, isTemplate, type MachineId, type Unit, type UnitName, wantedOn } from "@fleet/core";
import type { PretendCluster } from "./pretend-cluster.js";

/** What becomes of a unit that is started. */
export type Behaviour = "runs" | "fails" | "exits" | "hangs" | "nowhere" | "refused" | "systemd-refuses";

/**
 * Plays engine and machines of a pretend cluster: places units on the machine with the fewest, in order of id, and lets
 * them do what their behaviour says. It acts on each change a macrotask later, as the real ones would.
 */
export class Autopilot {
  /** What units do when started; default `runs`. */
  readonly behaviours = new Map<string, Behaviour>();
  readonly #cluster: PretendCluster;
  readonly #unsubscribe: () => void;
  #isStopped = false;
  #isScheduled = false;

  constructor(cluster: PretendCluster) {
    this.#cluster = cluster;
    this.#unsubscribe = cluster.subscribe(() => this.#schedule());
    this.#schedule();
  }

  /** From now on nothing happens by itself. */
  stop(): void {
    this.#isStopped = true;
    this.#unsubscribe();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#isStopped) return;
      for (const unit of [...this.#cluster.units.values()]) this.#place(unit);
      this.#removeSurplus();
      this.#obey();
    });
  }

  #place(unit: Unit): void {
    if (unit.desiredState === "inactive" || isTemplate(unit.name)) return;
    for (const machine of this.#homes(unit)) {
      const { desiredState: wants, startCount } = wantedOn(unit, machine);
      if (wants === "inactive") continue;
      const seat = this.#cluster.seats.get(machine)?.get(unit.name);
      if (seat?.target === "absent") continue;
      const isCurrent =
        seat?.target === wants && seat.contentId === unit.contentId && seat.startCount === startCount;
      if (!isCurrent) this.#cluster.seat(machine, unit.name, wants);
    }
  }

  #homes(unit: Unit): readonly MachineId[] {
    if (this.behaviours.get(unit.name) === "nowhere") return [];
    const present = [...this.#cluster.machines.values()]
      .filter((machine) => machine.presence !== undefined)
      .map(({ id }) => id)
      .sort();
    if (unit.requirements?.global === true) return present;
    const seated = present.filter((id) => isSeated(this.#cluster.seats.get(id)?.get(unit.name)));
    if (seated.length > 0) return seated;
    const loads = present.map((id) => ({ id, load: this.#cluster.seats.get(id)?.size ?? 0 }));
    const [best] = loads.sort((a, b) => a.load - b.load);
    return best === undefined ? [] : [best.id];
  }

  #removeSurplus(): void {
    for (const [machine, seats] of this.#cluster.seats) {
      for (const seat of [...seats.values()]) {
        const unit = this.#cluster.units.get(seat.unit);
        const isUnwanted = unit === undefined || unit.desiredState === "inactive";
        if (isUnwanted && seat.target !== "absent") this.#cluster.seat(machine, seat.unit, "absent");
      }
    }
  }

  #obey(): void {
    for (const [machine, seats] of this.#cluster.seats) {
      for (const seat of [...seats.values()]) {
        const state = this.#cluster.states.get(machine)?.get(seat.unit);
        if (seat.target === "absent") {
          this.#cluster.unseat(machine, seat.unit);
          this.#cluster.forgetState(machine, seat.unit);
        } else if (this.behaviours.get(seat.unit) === "refused") {
          if (state?.condition !== "refused") this.#start(machine, seat.unit);
        } else if (seat.target === "loaded") {
          const isIdle = state?.activeState === "inactive" && state.started === undefined;
          const isFresh = state?.contentId === seat.contentId && state.jobResult !== "refused";
          if (!isIdle || !isFresh) this.#cluster.report(machine, seat.unit, {});
        } else if (state?.jobResult === "refused" && state.contentId === seat.contentId) {
          // It would be refused again.
        } else if (state?.started?.startCount !== seat.startCount || state.contentId !== seat.contentId) {
          this.#start(machine, seat.unit);
        }
      }
    }
  }

  #start(machine: MachineId, unit: UnitName): void {
    const behaviour = this.behaviours.get(unit) ?? "runs";
    const words = {
      runs: { activeState: "active", subState: "running", jobResult: "done" },
      fails: { activeState: "failed", subState: "failed", jobResult: "failed" },
      exits: { activeState: "inactive", subState: "dead", jobResult: "done" },
      hangs: { activeState: "activating", subState: "start" },
      nowhere: {},
      refused: { isStarted: false, condition: "refused", reason: "it belongs to this machine" },
      "systemd-refuses": { isStarted: false, jobResult: "refused", reason: `Unit ${unit} is masked.` },
    } as const;
    this.#cluster.report(machine, unit, { isStarted: true, ...words[behaviour] });
  }
}
