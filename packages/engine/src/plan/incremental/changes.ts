import type { MachineId, UnitName } from "@fleet/core";

/** What has happened to a view since it was last planned on. Naming too much costs time; naming too little is a bug. */
export interface PlanChanges {
  /** Anything may be different: plan from scratch. */
  readonly all: boolean;
  /** Units whose record, content, mark, seats or states may be different. */
  readonly units: ReadonlySet<UnitName>;
  /** Machines whose presence, record, metadata or policy may be different. */
  readonly machines: ReadonlySet<MachineId>;
  /** For each of the units, the machines where its seat or state may be different. Absent: any machine. */
  readonly spots?: ReadonlyMap<UnitName, ReadonlySet<MachineId>>;
}

/** Adds up changes that nobody has planned on yet. */
export class ChangeCollector {
  #all = true;
  readonly #units = new Set<UnitName>();
  readonly #machines = new Set<MachineId>();
  readonly #spots = new Map<UnitName, ReadonlySet<MachineId>>();
  #hasSpots = true;

  /** Takes in what has changed. */
  add({ all, units, machines, spots }: PlanChanges): void {
    if (this.#all || all) {
      this.#all = true;
      return;
    }
    for (const unit of units) this.#units.add(unit);
    for (const machine of machines) this.#machines.add(machine);
    if (spots === undefined && units.size > 0) this.#hasSpots = false;
    for (const [unit, at] of spots ?? []) {
      const known = this.#spots.get(unit);
      this.#spots.set(unit, known === undefined ? at : new Set([...known, ...at]));
    }
  }

  /** Hands out what has been added up since the last time. The first time that is everything. */
  take(): PlanChanges {
    const taken: PlanChanges = {
      all: this.#all,
      units: new Set(this.#units),
      machines: new Set(this.#machines),
      ...(this.#hasSpots ? { spots: new Map(this.#spots) } : {}),
    };
    this.#all = false;
    this.#hasSpots = true;
    this.#units.clear();
    this.#machines.clear();
    this.#spots.clear();
    return taken;
  }
}
