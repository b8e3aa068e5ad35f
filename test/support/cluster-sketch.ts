import {
  type Amounts,
  type ClusterView,
  type DesiredState,
  type DestroyedMark,
  isSeated,
  type Machine,
  type MachineId,
  type MachinePolicy,
  noPolicy,
  type PresenceState,
  parseAmounts,
  parseMachineId,
  parseMetadata,
  parseRequirements,
  parseUnitName,
  type Seat,
  type SeatTarget,
  type Unit,
  type UnitName,
  type UnitState,
  type UnreadableRecord,
  unitContentFromText,
} from "@fleet/core";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * A cluster in memory that tests write down briefly and then change. Everything in it is valid; a revision is used up by
 * each change, so things added later are younger.
 */
export class ClusterSketch {
  readonly units = new Map<UnitName, Unit>();
  readonly destroyed = new Map<UnitName, DestroyedMark>();
  readonly machines = new Map<MachineId, Machine>();
  readonly seats = new Map<MachineId, Map<UnitName, Seat>>();
  readonly states = new Map<MachineId, Map<UnitName, UnitState>>();
  readonly unreadableUnits = new Set<UnitName>();
  readonly unreadableSeats = new Set<UnitName>();
  readonly presumed = new Map<UnitName, Unit>();
  unreadable: readonly UnreadableRecord[] = [];
  #revision = 1;

  /** The cluster as a planner sees it. */
  get view(): ClusterView {
    return {
      revision: this.#revision,
      identity: undefined,
      leader: undefined,
      units: this.units,
      destroyed: this.destroyed,
      machines: this.machines,
      seats: this.seats,
      states: this.states,
      unreadableUnits: this.unreadableUnits,
      unreadableSeats: this.unreadableSeats,
      presumed: this.presumed,
      unreadable: this.unreadable,
    };
  }

  nextRevision(): number {
    this.#revision += 1;
    return this.#revision;
  }

  /** Known machines that are away. */
  get absent(): ReadonlySet<MachineId> {
    return new Set(
      [...this.machines.values()].filter(({ presence }) => presence === undefined).map(({ id }) => id),
    );
  }

  /**
   * Adds machines from `m1 m2{zone=eu,disk=ssd}`. A mark after the name says what is special: `!` away, `~` leaving,
   * `*` frozen, `^` cordoned, `%` drained, `?` forgotten. What it has stands in brackets: `m1{zone=eu}[cpu=2,memory=1G]`.
   */
  addMachines(text: string): this {
    for (const word of text.split(/\s+/).filter(Boolean)) {
      const match = /^([\w-]+)([!~*^%?]?)(?:\{([^}]*)\})?(?:\[(.*)\])?$/.exec(word);
      if (match === null) throw new Error(`not a machine: ${word}`);
      const [, name = "", mark = "", metadata = "", capacity = ""] = match;
      this.addMachine(name, mark, metadata, capacity);
    }
    return this;
  }

  private addMachine(name: string, mark: string, metadata: string, capacity = ""): void {
    const id = parseMachineId(name);
    const state: PresenceState = mark === "~" ? "leaving" : mark === "*" ? "frozen" : "up";
    const revision = this.nextRevision();
    const presence = {
      id,
      primaryIp: "",
      apiAddresses: [],
      metadata: parseMetadata(metadata),
      ...(capacity === "" ? {} : { capacity: amountsOf(capacity) }),
      version: "test",
      bootId: `boot-of-${name}`,
      instance: `instance-of-${name}`,
      state,
      leaseId: "1",
      createRevision: revision,
      modRevision: revision,
    };
    this.machines.set(id, {
      id,
      presence: mark === "!" || mark === "?" ? undefined : presence,
      known: mark !== "?",
      recordRevision: mark === "?" ? 0 : revision,
      metadata: parseMetadata(metadata),
      policy: { cordoned: mark === "^", drained: mark === "%" },
    });
  }

  /** Makes a present machine vanish. Its states go with its lease. */
  lose(name: string): this {
    const id = parseMachineId(name);
    this.machines.set(id, { ...this.machines.get(id)!, presence: undefined });
    this.states.delete(id);
    this.nextRevision();
    return this;
  }

  /**
   * Adds units from `api`, `db/loaded>m1`, `lock>m1{Conflicts=db.service;Global=true}`: name, desired state (`launched` if
   * not said, `unset` for a record that lacks it), the machine of its seat, lines of `[X-Fleet]`. Several are separated
   * by `; ` and the ones further left have the older seats.
   */
  addUnits(text: string): this {
    for (const word of splitOutsideBraces(text)) {
      const match = /^([^/>{]+)(?:\/(\w+))?(?:>([\w-]+))?(?:\{(.*)\})?$/s.exec(word);
      if (match === null) throw new Error(`not a unit: ${word}`);
      const [, shortName = "", desired = "launched", machine, options = ""] = match;
      const name = parseUnitName(/\.\w+$/.test(shortName) ? shortName : `${shortName}.service`);
      this.putUnit(name, desired === "unset" ? "inactive" : (desired as DesiredState), options.split(";"));
      if (machine !== undefined) {
        this.putSeat(machine, name, desired === "loaded" ? "loaded" : "launched");
        this.reportLoaded(machine, name);
      }
    }
    return this;
  }

  /** Creates or replaces a unit's record. */
  putUnit(name: UnitName, desiredState: DesiredState, options: readonly string[]): Unit {
    const lines = options.map((line) => line.trim()).filter(Boolean);
    const content = unitContentFromText(["[X-Fleet]", ...lines, ""].join("\n"));
    const revision = this.nextRevision();
    const unit: Unit = {
      name,
      contentId: content.contentId,
      hash: content.hash,
      desiredState,
      startCount: 1,
      changedAtMs: 0,
      createRevision: this.units.get(name)?.createRevision ?? revision,
      modRevision: revision,
      content,
      requirements: parseRequirements(content.options, name),
    };
    this.units.set(name, unit);
    return unit;
  }

  /** Says what an operator wants of a machine. */
  setPolicy(name: string, policy: Partial<MachinePolicy>): this {
    const id = parseMachineId(name);
    this.machines.set(id, { ...this.machines.get(id)!, policy: { ...noPolicy, ...policy } });
    this.nextRevision();
    return this;
  }

  changeUnit(name: string, change: Partial<Mutable<Unit>>): this {
    const key = serviceName(name);
    this.units.set(key, { ...this.units.get(key)!, ...change, modRevision: this.nextRevision() });
    return this;
  }

  /** Makes a unit's text unreadable, as a damaged record or a missing file does. */
  damage(name: string): this {
    return this.changeUnit(name, { content: undefined, requirements: undefined });
  }

  /** Makes a unit's record unreadable. Of one with a seat it is still known what the seat's text says. */
  garble(name: UnitName): this {
    const unit = this.units.get(name);
    const hasSeat = [...this.seats.values()].some((seats) => isSeated(seats.get(name)));
    if (unit !== undefined && hasSeat) this.presumed.set(name, unit);
    this.units.delete(name);
    this.unreadableUnits.add(name);
    return this;
  }

  /** Takes a unit's record away without a mark. Of one with a seat it is still known what the seat's text says. */
  vanish(name: UnitName): this {
    this.garble(name).unreadableUnits.delete(name);
    return this;
  }

  /** The record can be read, or the unit was destroyed. */
  mend(name: UnitName): this {
    this.unreadableUnits.delete(name);
    this.presumed.delete(name);
    return this;
  }

  /** Destroys a unit as an API server does. */
  destroy(name: string): this {
    const key = serviceName(name);
    const revision = this.nextRevision();
    const recordRevision = this.units.get(key)?.modRevision ?? 0;
    this.units.delete(key);
    this.destroyed.set(key, { name: key, recordRevision, createRevision: revision, modRevision: revision });
    return this;
  }

  putSeat(machine: string, name: UnitName, target: SeatTarget, change: Partial<Seat> = {}): Seat {
    const id = parseMachineId(machine);
    if (!this.machines.has(id)) this.addMachine(machine, "!", "");
    const unit = this.units.get(name);
    const revision = this.nextRevision();
    const seat: Seat = {
      machine: id,
      unit: name,
      contentId: unit?.contentId ?? "",
      hash: unit?.hash ?? "",
      target,
      startCount: unit?.startCount ?? 0,
      term: { n: 1, uuid: "term" },
      reason: "test",
      createRevision: this.seats.get(id)?.get(name)?.createRevision ?? revision,
      modRevision: revision,
      ...change,
    };
    inner(this.seats, id).set(name, seat);
    return seat;
  }

  /** Lets a machine report a unit as loaded and, unless told otherwise, active. */
  reportLoaded(machine: string, name: UnitName, change: Partial<UnitState> = {}): void {
    const id = parseMachineId(machine);
    if (this.machines.get(id)?.presence === undefined) return;
    const seat = this.seats.get(id)?.get(name);
    const revision = this.nextRevision();
    const launched = seat === undefined || seat.target === "launched";
    const started =
      seat?.target === "launched"
        ? {
            started: {
              bootId: `boot-of-${machine}`,
              seatRevision: seat.createRevision,
              contentId: seat.contentId,
              startCount: seat.startCount,
            },
          }
        : {};
    inner(this.states, id).set(name, {
      machine: id,
      unit: name,
      condition: "loaded",
      loadState: "loaded",
      activeState: launched ? "active" : "inactive",
      subState: launched ? "running" : "dead",
      contentId: seat?.contentId ?? "",
      hash: seat?.hash ?? "",
      sinceMs: 0,
      ...started,
      createRevision: revision,
      modRevision: revision,
      ...change,
    });
  }

  /** Lets every machine that is there do what its seats say, and report it. */
  letAgentsWork(): this {
    for (const machine of this.machines.values()) {
      if (machine.presence === undefined || machine.presence.state === "frozen") continue;
      const states = inner(this.states, machine.id);
      const seats = inner(this.seats, machine.id);
      for (const [name, state] of states) {
        if (state.condition === "unloaded" && !seats.has(name)) states.delete(name);
      }
      for (const [name, seat] of seats) {
        if (seat.target !== "absent") {
          if (states.get(name)?.condition !== "refused") this.reportLoaded(machine.id, name);
        } else {
          this.reportLoaded(machine.id, name, {
            condition: "unloaded",
            activeState: "inactive",
            acked: seat.modRevision,
          });
        }
      }
    }
    return this;
  }

  /** Where each of `names` has live seats: `api=m1 mon=m1,m2 db=-`. */
  where(names: readonly string[]): string {
    return names
      .map((name) => {
        const key = serviceName(name);
        const machines = [...this.seats]
          .filter(([, seats]) => isSeated(seats.get(key)))
          .map(([machine]) => machine)
          .sort();
        return `${name}=${machines.join(",") || "-"}`;
      })
      .join(" ");
  }
}

function amountsOf(text: string): Amounts {
  const parsed = parseAmounts(text);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return Object.fromEntries(parsed.amounts);
}

/** Adds `.service` to a name without a type. */
export function serviceName(name: string): UnitName {
  return parseUnitName(/\.\w+$/.test(name) ? name : `${name}.service`);
}

function inner<V>(maps: Map<MachineId, Map<UnitName, V>>, id: MachineId): Map<UnitName, V> {
  let map = maps.get(id);
  if (map === undefined) {
    map = new Map();
    maps.set(id, map);
  }
  return map;
}

function splitOutsideBraces(text: string): readonly string[] {
  const words: string[] = [];
  let depth = 0;
  let word = "";
  for (const character of text) {
    if (character === "{") depth += 1;
    if (character === "}") depth -= 1;
    if (character === ";" && depth === 0) {
      words.push(word.trim());
      word = "";
    } else {
      word += character;
    }
  }
  words.push(word.trim());
  return words.filter(Boolean);
}
