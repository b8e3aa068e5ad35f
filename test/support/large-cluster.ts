import {
  type ContentId,
  type Machine,
  type MachineId,
  parseMachineId,
  parseRequirements,
  parseUnitName,
  type Seat,
  type Unit,
  type UnitName,
  type UnitState,
  unitContentFromText,
} from "@fleet/core";
import type { Plan, PlanView } from "@fleet/engine";

/** How large a cluster is. */
export interface ClusterSize {
  readonly units: number;
  readonly machines: number;
  readonly globals: number;
  /** Whether units use the rules that the original does not know, too. */
  readonly allRules?: boolean;
}

/** A cluster for measuring: machines in ten zones, and units with all kinds of rules, none of which is placed yet. */
export class LargeCluster {
  readonly machines = new Map<MachineId, Machine>();
  readonly units = new Map<UnitName, Unit>();
  readonly seats = new Map<MachineId, Map<UnitName, Seat>>();
  readonly states = new Map<MachineId, Map<UnitName, UnitState>>();
  readonly #content = unitContentFromText("[Service]\nExecStart=/bin/true\n");
  #revision = 1;

  constructor({ units, machines, globals, allRules = false }: ClusterSize) {
    for (let index = 0; index < machines; index += 1) this.#addMachine(index);
    for (let index = 0; index < globals; index += 1) this.#addUnit(`global${index}.service`, "Global=true");
    for (let index = 0; index < units; index += 1) {
      const [name, ...options] = allRules ? ruledUnit(index) : mixedUnit(index);
      this.#addUnit(name, ...options);
    }
  }

  get view(): PlanView {
    const { machines, units, seats, states } = this;
    return { machines, units, seats, states, destroyed: new Map(), unreadableUnits: new Set() };
  }

  /** Carries a plan out, and lets the machines report everything as active. */
  settle({ tasks }: Pick<Plan, "tasks">): void {
    for (const task of tasks) {
      if (task.kind === "move") {
        this.#seatsOf(task.from.machine).set(task.unit, { ...task.from, target: "absent" });
      }
      if (task.kind !== "seat" && task.kind !== "move") continue;
      const { machine, unit, wish, reason } = task;
      const createRevision = this.#nextRevision();
      const versioned = { createRevision, modRevision: createRevision };
      const term = { n: 1, uuid: "term" };
      this.#seatsOf(machine).set(unit, { machine, unit, ...wish, term, reason, ...versioned });
      this.#statesOf(machine).set(unit, activeState(machine, unit, wish.contentId, createRevision));
    }
  }

  /** Takes machines away, the first ones by id. */
  lose(count: number): ReadonlySet<MachineId> {
    const lost = [...this.machines.keys()].slice(0, count);
    for (const id of lost) this.machines.set(id, { ...this.machines.get(id)!, presence: undefined });
    return new Set(lost);
  }

  #addMachine(index: number): void {
    const id = parseMachineId(`m${String(index).padStart(6, "0")}`);
    const disk = index % 3 === 0 ? "ssd" : "hdd";
    const metadata = { zone: `z${index % 10}`, disk, rack: `r${index % 250}`, kernel: `5.${index % 20}` };
    const revision = this.#nextRevision();
    const presence = {
      id,
      primaryIp: "",
      apiAddresses: [],
      metadata,
      capacity: { cpu: 8000, memory: (16 + (index % 4) * 16) * 1024 ** 3 },
      version: "",
      bootId: "",
      instance: "",
      state: "up" as const,
      leaseId: "1",
      createRevision: revision,
      modRevision: revision,
    };
    this.machines.set(id, {
      id,
      known: true,
      metadata,
      policy: { cordoned: false, drained: false },
      presence,
    });
  }

  #addUnit(text: string, ...options: readonly string[]): void {
    const name = parseUnitName(text);
    const revision = this.#nextRevision();
    const parsed = options.map((line) => {
      const equals = line.indexOf("=");
      return { section: "X-Fleet", name: line.slice(0, equals), value: line.slice(equals + 1) };
    });
    this.units.set(name, {
      name,
      contentId: this.#content.contentId,
      hash: this.#content.hash,
      desiredState: "launched",
      startCount: 1,
      changedAtMs: 0,
      createRevision: revision,
      modRevision: revision,
      content: this.#content,
      requirements: parseRequirements(parsed, name),
    });
  }

  #nextRevision(): number {
    this.#revision += 1;
    return this.#revision;
  }

  #seatsOf(machine: MachineId): Map<UnitName, Seat> {
    const seats = this.seats.get(machine) ?? new Map<UnitName, Seat>();
    this.seats.set(machine, seats);
    return seats;
  }

  #statesOf(machine: MachineId): Map<UnitName, UnitState> {
    const states = this.states.get(machine) ?? new Map<UnitName, UnitState>();
    this.states.set(machine, states);
    return states;
  }
}

/** Of ten units four are plain, two demand metadata, one spreads, two exclude each other, and one follows. */
function mixedUnit(index: number): readonly [name: string, ...options: string[]] {
  switch (index % 10) {
    case 4:
      return [`zoned${index}.service`, `MachineMetadata=zone=z${index % 7}`];
    case 5:
      return [`ssd${index}.service`, "MachineMetadata=disk=ssd", `MachineMetadata=zone=z${index % 10}`];
    case 6:
      return [`spread${Math.floor(index / 1000)}@${index}.service`, "Conflicts=%p@*.service"];
    case 7:
      return [`db${index}.service`, `Conflicts=web${index + 1}.service`];
    case 8:
      return [`web${index}.service`];
    case 9:
      return [`side${index}.service`, `MachineOf=db${index - 2}.service`];
    default:
      return [`plain${index}.service`];
  }
}

/** The same, with six of twenty units that use the newer rules. */
function ruledUnit(index: number): readonly [name: string, ...options: string[]] {
  switch (index % 20) {
    case 0:
      return [`big${index}.service`, "Reserve=cpu=0.5,memory=2G"];
    case 1:
      return [`small${index}.service`, "Reserve=memory=256M", "Prefer=disk=ssd"];
    case 2:
      return [`zoned${Math.floor(index / 1000)}@${index}.service`, "Spread=zone"];
    case 3:
      return [`racked${Math.floor(index / 1000)}@${index}.service`, "Spread=rack", "Reserve=cpu=100m"];
    case 10:
      return [`new${index}.service`, 'MachineMetadata="kernel>=5.4" "zone!=z3" "disk~=s*"'];
    case 11:
      return [`near${index}.service`, `Prefer=50:unit:db${index - 4}.service`, "Avoid=unit:big*"];
    default:
      return mixedUnit(index);
  }
}

function activeState(
  machine: MachineId,
  unit: UnitName,
  contentId: ContentId,
  createRevision: number,
): UnitState {
  return {
    machine,
    unit,
    condition: "loaded",
    loadState: "loaded",
    activeState: "active",
    subState: "running",
    contentId,
    hash: "",
    sinceMs: 0,
    createRevision,
    modRevision: createRevision,
  };
}
