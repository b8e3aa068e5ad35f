import { type MachineId, refusedJob, type UnitName, type UnitState } from "@fleet/core";
import type { Logger, UnitDirectory } from "@fleet/core/ports";
import type { StartMemory } from "../plan/machine-view.js";
import { unitStateOf } from "../plan/unit-state-of.js";
import type { BootMarks } from "./boot-marks.js";
import type { ExclusiveCare } from "./exclusive-care.js";
import { localFileOf } from "./local-file.js";
import type { SeatSource } from "./seat-source.js";
import type { StartRecords } from "./start-records.js";
import type { DerivedState, StatePublisher } from "./state-publisher.js";
import { UnitMemory } from "./unit-memory.js";
import type { Watermarks } from "./watermarks.js";

/** Files that are read at a time. */
const readsMax = 32;

/** The types of units that start others. */
const triggerTypes = ["socket", "timer", "path", "automount"] as const;

/** All units of this machine: those with a file, those with a seat, and those something was said of. */
export class MachineMemory {
  readonly units = new Map<UnitName, UnitMemory>();
  /** What this machine said of its units in the registry before this process. */
  #said: ReadonlyMap<UnitName, UnitState> = new Map();
  readonly #machine: MachineId;
  readonly #seats: SeatSource;
  readonly #directory: UnitDirectory;
  readonly #records: StartRecords;
  readonly #watermarks: Watermarks;
  readonly #marks: BootMarks;
  readonly #exclusive: ExclusiveCare | undefined;
  readonly #logger: Logger;
  #publisher: StatePublisher | undefined;

  constructor(options: {
    readonly machine: MachineId;
    readonly seats: SeatSource;
    readonly directory: UnitDirectory;
    readonly records: StartRecords;
    readonly watermarks: Watermarks;
    readonly marks: BootMarks;
    readonly exclusive?: ExclusiveCare | undefined;
    readonly logger: Logger;
  }) {
    this.#machine = options.machine;
    this.#seats = options.seats;
    this.#directory = options.directory;
    this.#records = options.records;
    this.#watermarks = options.watermarks;
    this.#marks = options.marks;
    this.#exclusive = options.exclusive;
    this.#logger = options.logger;
  }

  /** Says who knows what was published. */
  attach(publisher: StatePublisher): void {
    this.#publisher = publisher;
  }

  /** @returns the unit's memory, made if necessary. */
  of(name: UnitName): UnitMemory {
    const known = this.units.get(name);
    if (known !== undefined) return known;
    const memory = new UnitMemory(name, this.#directory.pathOf(name), {
      seat: (unit) => this.#seats.of(unit),
      watermark: (unit) => this.#watermarks.of(unit),
      starts: (unit) => this.#starts(unit),
      hasState: (unit) => this.#publisher?.has(unit) ?? false,
      startObstacle: (unit) => this.#exclusive?.obstacle(unit),
      hasTrigger: (unit) => this.#hasTrigger(unit),
    });
    this.units.set(name, memory);
    return memory;
  }

  /** Drops a unit that is nowhere any more. */
  prune(name: UnitName): void {
    const memory = this.units.get(name);
    if (memory === undefined || memory.work !== undefined || memory.seat !== undefined) return;
    if (memory.file === undefined && !memory.hasState) this.units.delete(name);
  }

  /** Compares the directory with what is known. @param isFresh - Reads every file, not only those that are new. */
  async readFiles(isFresh: boolean, signal: AbortSignal): Promise<void> {
    const present = new Set(await this.#directory.list());
    for (const memory of this.units.values()) {
      if (!present.has(memory.name) && memory.work === undefined) memory.file = undefined;
    }
    const wanted = [...present].filter((name) => isFresh || this.units.get(name)?.file === undefined);
    for (let begin = 0; begin < wanted.length; begin += readsMax) {
      signal.throwIfAborted();
      await Promise.all(wanted.slice(begin, begin + readsMax).map((name) => this.#readFile(name)));
    }
  }

  /** What systemd said was said in another boot. */
  forgetSystemd(): void {
    for (const memory of this.units.values()) memory.local = undefined;
  }

  /** Takes in which boot this is. */
  async enterBoot(bootId: string): Promise<void> {
    const here = [...this.units.values()].filter((unit) => unit.file !== undefined).map((unit) => unit.name);
    await this.#marks.enter(bootId, here, (unit) => this.#records.isUnreadable(unit));
  }

  /** The unit was stopped on purpose or is gone: nothing of it counts as started. */
  async forgetStarts(name: UnitName): Promise<void> {
    await this.#records.remove(name);
    await this.#marks.settle(name);
  }

  /** Takes in what this machine has said in the registry. */
  recall(states: readonly UnitState[]): void {
    this.#said = new Map(states.map((state) => [state.unit, state]));
    for (const state of states) {
      const memory = this.of(state.unit);
      // A refusal is no end of anything: systemd is asked again, and may agree.
      if (state.jobResult !== undefined && state.jobResult !== refusedJob)
        memory.jobResult ??= state.jobResult;
      // Nobody else knows it any more: systemd does not remember who stopped what.
      if (state.drift === "stopped") memory.wasStopped = true;
    }
  }

  /** What the cluster should know of a unit now. @param isPending - It is about to be looked at. */
  derive(name: UnitName, isPending: boolean): DerivedState {
    const memory = this.units.get(name);
    if (memory === undefined) return { state: undefined, progress: "settled" };
    if (memory.file !== undefined && memory.local === undefined)
      return { state: "unknown", progress: "settled" };
    const state = unitStateOf(this.#machine, memory, memory);
    if (memory.isQueued || memory.work === "load") return { state, progress: "queued" };
    const isSettling = isPending || memory.work !== undefined || memory.isStarting;
    return { state, progress: isSettling ? "settling" : "settled" };
  }

  /** Looks for the unit whose business it is to start this one: by its name, as systemd pairs them by default. */
  #hasTrigger(unit: UnitName): boolean {
    const name = unit.slice(0, unit.lastIndexOf("."));
    return triggerTypes.some((type) => this.units.get(`${name}.${type}` as UnitName)?.file !== undefined);
  }

  #starts(unit: UnitName): StartMemory {
    const record = this.#records.of(unit);
    if (record !== undefined) return { kind: "record", record };
    if (!this.#marks.isLost(unit)) return { kind: "never" };
    const state = this.#said.get(unit);
    if (state === undefined) return { kind: "lost", saidStarted: undefined };
    return { kind: "lost", saidStarted: state.started ?? "not started" };
  }

  async #readFile(name: UnitName): Promise<void> {
    const memory = this.of(name);
    if (memory.work !== undefined) return;
    try {
      const text = await this.#directory.read(name);
      memory.file = text === undefined ? undefined : localFileOf(name, text);
    } catch (err) {
      memory.file = "unreadable";
      this.#logger.error("cannot read a unit file; the unit is left alone", { unit: name, err });
    }
  }
}
