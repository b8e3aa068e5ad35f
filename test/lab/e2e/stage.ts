import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CommandResult, LabError, runCommand, sleep, until } from "@fleet/lab";
import { fleetctlCommand } from "../fleetctl.js";
import type { MachineLab } from "../lab.js";
import { cut, heal } from "../network.js";
import { type RunningUnit, Truth } from "../truth.js";
import { leadingMachine } from "./api.js";
import { whyNotConverged } from "./convergence.js";
import { Timeline } from "./timeline.js";
import type { UnitSpec } from "./unit-spec.js";
import type { Absence, Evidence, Violation } from "./verdict.js";

/** Something that was done or seen. */
export interface StageEvent {
  readonly atMs: number;
  readonly what: string;
}

/** A figure. */
export interface Measure {
  readonly valueMs: number;
  /** The budget it is held to. */
  readonly atMostMs?: number;
}

const lookEveryMs = 40;
const settleTimeoutMs = 60_000;
// A command is given up long after it should have answered, so that a hang is seen as one.
const commandTimeoutMs = 120_000;

/** What a scenario works with: a lab, what is asked of fleet in it, and the record of what comes of it. */
export class Stage {
  readonly lab: MachineLab;
  readonly ttlMs: number;
  readonly timeline: Timeline;
  readonly events: StageEvent[] = [];
  readonly measures = new Map<string, Measure>();
  readonly violations: Violation[] = [];
  readonly #specs = new Map<string, UnitSpec>();
  readonly #dismissed = new Map<string, UnitSpec>();
  readonly #asked = new Map<string, number[]>();
  readonly #absences: Absence[] = [];
  readonly #startedMs = performance.now();
  /** Goes with the lab, whoever ends it. */
  readonly #directory: string;
  readonly #progress: (line: string) => void;
  readonly signal: AbortSignal;
  /** The most units a machine may ever run (I5); `undefined`: all that one loss can bring to the survivors. */
  unitsPerMachineMax: number | undefined;
  /** How long after its cause an end or a start may be seen: longer than slow stops that a scenario asks for. */
  graceMs = 5_000;
  /** A checkout with the bundles of an older commit, for upgrades from there. */
  readonly older: string | undefined;

  constructor(
    lab: MachineLab,
    options: { ttlMs: number; signal: AbortSignal; progress: (line: string) => void; older?: string },
  ) {
    this.lab = lab;
    this.#directory = mkdtempSync(join(lab.paths.directory, "units-"));
    this.ttlMs = options.ttlMs;
    this.signal = options.signal;
    this.older = options.older;
    this.#progress = options.progress;
    this.timeline = new Timeline(new Truth(lab), () => this.nowMs());
  }

  /** Milliseconds since the stage was set. */
  nowMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** Every machine's name. */
  get machines(): readonly string[] {
    return this.lab.machines.names;
  }

  /** What is wanted to run now. */
  get specs(): ReadonlyMap<string, UnitSpec> {
    return this.#specs;
  }

  /** Notes what is wanted to run, where the scenario asks for it by other ways than `start`. */
  want(units: readonly UnitSpec[]): void {
    for (const unit of units) this.#specs.set(unit.name, unit);
  }

  /** What has been gathered for the verdict. */
  evidence(): Evidence {
    return {
      timeline: this.timeline,
      specs: new Map([...this.#dismissed, ...this.#specs]),
      absences: this.#absences,
      asked: this.#asked,
      ttlMs: this.ttlMs,
      graceMs: this.graceMs,
    };
  }

  /** Notes something that happened. */
  say(what: string): void {
    const atMs = this.nowMs();
    this.events.push({ atMs, what });
    this.#progress(`${(atMs / 1000).toFixed(2).padStart(7)} s  ${what}`);
  }

  /** Does something and notes it. @returns when it began, and what it gave. */
  async act<T>(
    what: string,
    action: () => Promise<T>,
  ): Promise<{ readonly atMs: number; readonly value: T }> {
    const atMs = this.nowMs();
    this.say(what);
    return { atMs, value: await action() };
  }

  /** Notes a figure. @param atMostMs - A budget: more is a failure. */
  measure(name: string, valueMs: number, atMostMs?: number): void {
    this.measures.set(name, atMostMs === undefined ? { valueMs } : { valueMs, atMostMs });
    const limit = atMostMs === undefined ? "" : ` (at most ${Math.round(atMostMs)})`;
    this.say(`${name}: ${Math.round(valueMs)} ms${limit}`);
    if (atMostMs !== undefined && valueMs > atMostMs)
      this.violations.push({ promise: "time", what: `${name}: ${Math.round(valueMs)} ms${limit}` });
  }

  /** Holds a promise: if `holds` is false, it was broken. */
  expect(promise: string, holds: boolean, what: string): void {
    if (!holds) this.violations.push({ promise, what });
  }

  /** Lets a time pass that is itself what is tested. */
  async pass(ms: number, why: string): Promise<void> {
    this.say(`${(ms / 1000).toFixed(1)} s pass: ${why}`);
    await sleep(ms, this.signal);
  }

  /** Waits until what runs is as it should be. @returns when it was. */
  async until(
    what: string,
    timeoutMs: number,
    check: (running: readonly RunningUnit[]) => boolean | Promise<boolean>,
  ): Promise<number> {
    await until(what, { timeoutMs, everyMs: 10, signal: this.signal }, async () => {
      return await check(this.timeline.look());
    });
    return this.nowMs();
  }

  /** Runs fleetctl. A status other than 0 is a result. @param machines - Whose API is used; default: any. */
  async fleetctl(args: readonly string[], machines?: readonly string[]): Promise<CommandResult> {
    const command = fleetctlCommand(this.lab, args, machines);
    return await runCommand(command, { timeoutMs: commandTimeoutMs, signal: this.signal });
  }

  /** Runs fleetctl, which must succeed. @returns what it printed. */
  async fleet(...args: readonly string[]): Promise<string> {
    const result = await this.fleetctl(args);
    if (result.code === 0) return result.stdout;
    throw new LabError("failed", `fleetctl ${args.slice(0, 3).join(" ")}: ${result.stderr.trim()}`);
  }

  /**
   * Submits units and starts them; the command has been acknowledged when it returns. See `settle`.
   * @param machines - Whose API is used; default: any.
   * @param flags - `--replace`, if units of these names are there with other texts.
   */
  async start(
    units: readonly UnitSpec[],
    machines?: readonly string[],
    flags: readonly string[] = [],
  ): Promise<void> {
    const files = units.map(({ name, text }) => {
      const file = join(this.#directory, name);
      writeFileSync(file, text);
      return file;
    });
    for (const unit of units) {
      this.#specs.set(unit.name, unit);
      this.#ask(unit.name);
    }
    await this.act(`start ${units.length} units`, async () => {
      const result = await this.fleetctl(["start", "--no-block", ...flags, ...files], machines);
      if (result.code !== 0) throw new LabError("failed", `fleetctl start: ${result.stderr.trim()}`);
    });
  }

  /** Destroys units; the command has been acknowledged when it returns. */
  async destroy(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const spec = this.#specs.get(name);
      if (spec !== undefined) this.#dismissed.set(name, spec);
      this.#specs.delete(name);
      this.#ask(name);
    }
    await this.act(`destroy ${names.length} units`, async () => await this.fleet("destroy", ...names));
    for (const name of names) this.#ask(name);
  }

  /** Lets something go on while the scenario does other things; it must be awaited later. */
  meanwhile<T>(work: Promise<T>): Promise<T> {
    // If the scenario fails first, nobody is there to hear of this failure as well.
    work.catch(() => undefined);
    return work;
  }

  /** Notes that somebody asks for the end, or another start, of a unit, by other ways than this stage. */
  ask(unit: string): void {
    this.#ask(unit);
  }

  #ask(unit: string): void {
    this.#asked.set(unit, [...(this.#asked.get(unit) ?? []), this.nowMs()]);
  }

  /**
   * Waits until everything that is wanted runs where it should, by the machines' own account, and fleet says the same
   * (I1, I7). @returns when that was first so. @throws {LabError} `timeout` with what is still wrong.
   */
  async settle(timeoutMs = settleTimeoutMs): Promise<number> {
    let why: string | undefined = "nobody has looked";
    const end = performance.now() + timeoutMs;
    while (why !== undefined) {
      this.signal.throwIfAborted();
      why = await whyNotConverged(this, this.timeline.look());
      if (why === undefined) break;
      if (performance.now() > end)
        throw new LabError("timeout", `not converged after ${timeoutMs / 1000} s: ${why}`);
      await sleep(20, this.signal);
    }
    return this.nowMs();
  }

  /** The machines that a unit runs on. */
  placesOf(unit: string): readonly string[] {
    return this.timeline
      .look()
      .filter((running) => running.unit === unit)
      .map(({ machine }) => machine);
  }

  /** How many units run on a machine. */
  countOn(machine: string): number {
    return this.timeline.look().filter((running) => running.machine === machine).length;
  }

  /** The machine whose fleetd leads; waits until one does. */
  async leader(): Promise<string> {
    let found: string | undefined;
    await until("a leader", { timeoutMs: 30_000, everyMs: 50, signal: this.signal }, async () => {
      found = await leadingMachine(this.lab);
      return found !== undefined;
    });
    return found ?? "";
  }

  /** A machine whose fleetd does not lead. */
  async follower(): Promise<string> {
    const leader = await this.leader();
    return this.machines.find((machine) => machine !== leader) ?? leader;
  }

  /** Notes that machines are away from now on. @param off - Their units end with them. */
  away(machines: readonly string[], off: boolean): void {
    for (const machine of machines) this.#absences.push({ machine, fromMs: this.nowMs(), off });
  }

  /** Notes that machines are back. */
  back(machines: readonly string[]): void {
    for (const absence of this.#absences) {
      if (machines.includes(absence.machine) && absence.toMs === undefined) absence.toMs = this.nowMs();
    }
  }

  /** Cuts the power of machines. @returns when. */
  async cutPower(machines: readonly string[]): Promise<number> {
    this.away(machines, true);
    const { atMs } = await this.act(`power cut: ${machines.join(", ")}`, async () => {
      await this.lab.machines.cutPower(machines);
    });
    return atMs;
  }

  /** Switches machines on again. */
  async boot(machines: readonly string[]): Promise<void> {
    await this.act(`switch on: ${machines.join(", ")}`, async () => await this.lab.machines.boot(machines));
    this.back(machines);
  }

  /** Freezes a machine for a time. @returns when it was frozen. */
  async freeze(machine: string, forMs: number): Promise<number> {
    this.away([machine], false);
    const { atMs } = await this.act(`freeze ${machine}`, async () => {
      await this.lab.machines.freeze(machine, true);
    });
    await this.pass(forMs, `${machine} is frozen`);
    await this.act(`thaw ${machine}`, async () => await this.lab.machines.freeze(machine, false));
    this.back([machine]);
    return atMs;
  }

  /** Cuts a machine off for a time. @returns when it was cut off. */
  async cutOff(machine: string, forMs: number): Promise<number> {
    this.away([machine], false);
    const { atMs } = await this.act(`cut ${machine} off`, async () => await cut(this.lab.holder, machine));
    await this.pass(forMs, `${machine} is cut off`);
    await this.act(`heal ${machine}`, async () => await heal(this.lab.holder, machine));
    this.back([machine]);
    return atMs;
  }

  /** Looks at the machines until aborted. */
  async watch(signal: AbortSignal): Promise<void> {
    await this.timeline.run(lookEveryMs, signal);
  }
}
