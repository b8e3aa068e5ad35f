import { FleetError, type UnitName } from "@fleet/core";
import type { Job, JobResult, LocalUnit, UnitManager, UnitManagerEvent } from "@fleet/core/ports";
import {
  describeMemoryUnit,
  hasInstallInformation,
  isKept,
  loadStateOf,
  type MemoryJob,
  type MemoryUnit,
  maskPath,
  nameOfPath,
  readMemoryUnit,
  startOutcome,
} from "./memory-unit.js";
import type { MemoryUnitDirectory } from "./memory-unit-directory.js";

/** A call that the twin received, for tests that count them. */
export interface MemoryCall {
  readonly member: "start" | "stop" | "reload" | "link" | "enable" | "disable" | "resetFailed" | "describe";
  readonly units: readonly string[];
}

/**
 * systemd in memory: the twin of the D-Bus adapter, under the same contract suite.
 * It plays services by their `Type`, `RemainAfterExit` and a command ending in `/false`. Jobs end at once unless
 * `holdsJobs` is set. Beyond the port it can be disconnected, frozen, rebooted and told that a unit has ended.
 */
export class MemoryUnitManager implements UnitManager {
  /** Every call, in order. */
  readonly calls: MemoryCall[] = [];
  /** While true, jobs stay queued until `finishJobs`. */
  holdsJobs = false;
  /** While true, no call is answered: each fails as if its time were up. */
  isFrozen = false;
  /** Answers of `systemState`. */
  state = "running";
  /** Units of which a condition does not hold: their starts are done, and nothing is started. */
  readonly unmet = new Set<UnitName>();
  /** Called before a start is carried out; what it throws is systemd's refusal. */
  beforeStart: (name: UnitName) => void = () => {};
  /** Carries out a queued job, unless jobs are held: at once. A simulation lets it take its time, fail, or hang. */
  carryOut: (job: MemoryJob) => void = (job) => queueMicrotask(() => job.finish(""));
  /** Told of each change of a unit's state, whoever caused it. */
  onState: (unit: Readonly<MemoryUnit>) => void = () => {};

  readonly #directory: MemoryUnitDirectory;
  readonly #links = new Map<string, string>();
  readonly #enabled = new Set<string>();
  readonly #masked = new Set<UnitName>();
  readonly #hostTexts = new Map<string, string>();
  /** Host units whose files systemd prefers to links. */
  readonly #shadows = new Set<string>();
  readonly #units = new Map<UnitName, MemoryUnit>();
  readonly #jobs = new Set<MemoryJob>();
  /** Those who wait for the ends of jobs over the connection. */
  readonly #followers = new Set<(result: JobResult) => void>();
  readonly #listeners = new Set<(event: UnitManagerEvent) => void>();
  readonly #waiters = new Set<() => void>();
  #boots = 1;
  #invocations = 0;
  #isRunning = false;
  #isCut = false;
  #hasEnded = false;
  #isAnnounced = false;
  #changed = new Set<UnitName>();

  constructor(directory: MemoryUnitDirectory) {
    this.#directory = directory;
  }

  get connected(): boolean {
    return this.#isRunning && !this.#isCut;
  }

  get problem(): string | undefined {
    return this.#isCut || this.#hasEnded ? "the connection was cut" : undefined;
  }

  async run(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#isRunning = true;
    this.#hasEnded = false;
    if (!this.#isCut) this.#announce();
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    if (!this.#isCut) this.cut();
    this.#isCut = false;
    this.#isRunning = false;
    this.#hasEnded = true;
  }

  subscribe(listener: (event: UnitManagerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async bootId(signal: AbortSignal): Promise<string> {
    while (!this.connected) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#waiters.add(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    return `memory-${this.#boots}`;
  }

  async systemState(signal: AbortSignal): Promise<string> {
    this.#check("ask systemd's state", signal);
    return this.state;
  }

  async describe(name: UnitName, signal: AbortSignal): Promise<LocalUnit> {
    this.#receive("describe", [name], signal);
    const unit = this.#load(name);
    const described = this.#describe(unit);
    this.#collect(unit);
    return described;
  }

  async describeLoaded(
    names: readonly UnitName[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<UnitName, LocalUnit>> {
    this.#check("describe units", signal);
    const units = new Map<UnitName, LocalUnit>();
    for (const name of names) {
      const unit = this.#units.get(name);
      if (unit !== undefined) units.set(name, this.#describe(unit));
    }
    return units;
  }

  async link(paths: readonly string[], signal: AbortSignal): Promise<void> {
    this.#receive("link", paths, signal);
    for (const path of paths) {
      if (this.#directory.textAt(path) === undefined) {
        throw new FleetError("not-found", `cannot link ${path}: Unit file ${path} does not exist.`);
      }
      this.#links.set(nameOfPath(path), path);
    }
  }

  async enable(paths: readonly string[], signal: AbortSignal): Promise<void> {
    await this.link(paths, signal);
    this.#receive("enable", paths, signal);
    for (const path of paths) {
      if (hasInstallInformation(this.#directory.textAt(path) ?? "")) this.#enabled.add(nameOfPath(path));
    }
  }

  async disable(names: readonly UnitName[], signal: AbortSignal): Promise<void> {
    this.#receive("disable", names, signal);
    for (const name of names) {
      this.#links.delete(name);
      this.#enabled.delete(name);
    }
  }

  async reload(signal: AbortSignal): Promise<void> {
    this.#receive("reload", [], signal);
    this.readAgain();
  }

  /** Somebody has systemd read its files again. */
  readAgain(): void {
    for (const unit of [...this.#units.values()]) this.#readUnit(unit.name);
    this.#emit({ kind: "resynced" });
  }

  /** Reads a unit's file. What goes on in the unit does not change by it, even if there is no file any more. */
  #readUnit(name: UnitName): MemoryUnit {
    const unit = readMemoryUnit(name, this.#pathOf(name), this.#textOf(name));
    const known = this.#units.get(name);
    if (known !== undefined) {
      const { activeState, subState, invocationId, job } = known;
      Object.assign(unit, { activeState, subState, invocationId, job });
    }
    this.#units.set(name, unit);
    return unit;
  }

  async start(name: UnitName, signal: AbortSignal): Promise<Job> {
    this.#receive("start", [name], signal);
    this.beforeStart(name);
    const unit = this.#load(name);
    const loadState = loadStateOf(unit);
    if (loadState === "not-found") {
      throw new FleetError("not-found", `cannot start "${name}": Unit ${name} not found.`);
    }
    if (loadState !== "loaded") {
      throw new FleetError("conflict", `cannot start "${name}": Unit ${name} has a bad unit file setting.`);
    }
    return this.#queue(unit, "start", () => this.#started(name));
  }

  async stop(name: UnitName, signal: AbortSignal): Promise<Job> {
    this.#receive("stop", [name], signal);
    const unit = this.#units.get(name);
    if (unit === undefined) return { result: Promise.resolve("done") };
    if (unit.activeState === "active") this.#set(name, "deactivating", "stop-sigterm");
    return this.#queue(unit, "stop", () => {
      this.#set(name, "inactive", "dead");
      return "done";
    });
  }

  async resetFailed(name: UnitName, signal: AbortSignal): Promise<void> {
    this.#receive("resetFailed", [name], signal);
    if (this.#units.get(name)?.activeState === "failed") this.#set(name, "inactive", "dead");
  }

  /** Lets all queued jobs end, in the order in which they were queued. */
  finishJobs(result?: JobResult): void {
    for (const job of [...this.#jobs]) job.finish(result ?? "");
  }

  /** A unit of the host itself, from a file that is not fleet's. */
  addHostUnit(name: string, text: string, isActive = false): void {
    this.#hostTexts.set(name, text);
    const unit = this.#load(name as UnitName);
    if (isActive) this.#set(unit.name, "active", "running");
    else this.#collect(unit);
  }

  /** Somebody puts a unit of the host's where systemd looks first, or takes it away again, and has systemd read its files. */
  shadow(name: UnitName, text: string | undefined): void {
    if (text === undefined) this.#shadows.delete(name);
    else {
      this.#shadows.add(name);
      this.#hostTexts.set(name, text);
    }
    this.readAgain();
  }

  /** The unit's process ends or is restarted by systemd itself. */
  play(name: UnitName, activeState: string, subState: string, isNewInvocation = false): void {
    const unit = this.#load(name);
    if (isNewInvocation) unit.invocationId = this.#nextInvocation();
    this.#set(name, activeState, subState);
  }

  /** Somebody masks the unit, and systemd reads its files again. */
  mask(name: UnitName): void {
    this.#masked.add(name);
    this.readAgain();
  }

  /** What systemd has in memory, as it is, for who watches the machine from outside. */
  get loaded(): ReadonlyMap<UnitName, Readonly<MemoryUnit>> {
    return this.#units;
  }

  /** The units that are enabled, for tests. */
  get enabled(): ReadonlySet<string> {
    return this.#enabled;
  }

  /** The connection breaks; systemd goes on. */
  cut(): void {
    this.#isCut = true;
    for (const follow of this.#followers) follow("lost");
    this.#followers.clear();
    this.#emit({ kind: "disconnected", problem: "the connection was cut" });
  }

  /** The connection is there again. */
  mend(): void {
    this.#isCut = false;
    if (this.#isRunning) this.#announce();
  }

  /** The machine boots: runtime links, units and jobs are gone. The directory is the caller's to clear. */
  reboot(): void {
    this.#boots += 1;
    for (const state of [this.#links, this.#enabled, this.#units, this.#jobs]) state.clear();
    this.cut();
    this.mend();
  }

  #announce(): void {
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
    this.#emit({ kind: "resynced" });
  }

  #receive(member: MemoryCall["member"], units: readonly string[], signal: AbortSignal): void {
    this.#check(`${member} ${units.join(", ")}`, signal);
    this.calls.push({ member, units });
  }

  #check(what: string, signal: AbortSignal): void {
    signal.throwIfAborted();
    if (!this.connected) throw new FleetError("unavailable", `cannot ${what}: no connection to systemd`);
    if (this.isFrozen) throw new FleetError("deadline-exceeded", `cannot ${what}: systemd does not answer`);
  }

  #load(name: UnitName): MemoryUnit {
    const known = this.#units.get(name);
    // systemd looks again for a file it did not find before.
    if (known !== undefined && known.text !== undefined) return known;
    return this.#readUnit(name);
  }

  #describe(unit: MemoryUnit): LocalUnit {
    const described = describeMemoryUnit(unit, this.#textOf(unit.name));
    // systemd goes by the link until it reads its files again.
    const isGone = unit.path === this.#directory.pathOf(unit.name) && !this.#links.has(unit.name);
    return isGone
      ? { ...described, fragmentPath: `/run/systemd/system/${unit.name}`, isFileGone: true }
      : described;
  }

  #queue(unit: MemoryUnit, kind: MemoryJob["kind"], carryOut: () => string): Job {
    const { name, job: before } = unit;
    // As systemd does: the same once more is the same job, and the opposite takes its place.
    if (before?.kind === kind) return { result: before.result };
    const { invocationId, subState } = unit;
    const ran = unit.activeState !== "inactive" && unit.activeState !== "failed";
    let follow: (result: JobResult) => void = () => {};
    const result = new Promise<JobResult>((resolve) => {
      follow = resolve;
    });
    const job: MemoryJob = {
      unit: name,
      kind,
      result,
      finish: (forced) => {
        if (!this.#jobs.delete(job)) return;
        const current = this.#units.get(name);
        if (current?.job === job) current.job = undefined;
        const word = forced === "" ? carryOut() : forced;
        this.#followers.delete(follow);
        follow(word);
        const isSkipped = kind === "start" && subState === "auto-restart" && this.unmet.has(name);
        if (ran && word === "done" && !isSkipped && this.connected)
          this.#emit({ kind: "job-done", unit: name, invocationId });
        this.#touch(name);
        if (current !== undefined) this.#collect(current);
      },
    };
    this.#followers.add(follow);
    this.#jobs.add(job);
    unit.job = job;
    before?.finish("canceled");
    this.#touch(name);
    if (!this.holdsJobs) this.carryOut(job);
    return { result };
  }

  #started(name: UnitName): string {
    const unit = this.#load(name);
    if (unit.activeState === "active") return "done";
    if (this.unmet.has(name)) {
      this.#set(name, "inactive", "dead");
      return "done";
    }
    const outcome = startOutcome(unit);
    unit.invocationId = this.#nextInvocation();
    this.#set(name, outcome.activeState, outcome.subState);
    return outcome.result;
  }

  #set(name: UnitName, activeState: string, subState: string): void {
    const unit = this.#load(name);
    unit.activeState = activeState;
    unit.subState = subState;
    this.onState(unit);
    this.#touch(name);
    this.#collect(unit);
  }

  #collect(unit: MemoryUnit): void {
    if (!isKept(unit)) this.#units.delete(unit.name);
  }

  #nextInvocation(): string {
    this.#invocations += 1;
    return this.#invocations.toString(16).padStart(32, "0");
  }

  #pathOf(name: UnitName): string {
    if (this.#masked.has(name)) return maskPath;
    if (this.#shadows.has(name)) return `/etc/systemd/system/${name}`;
    const linked = this.#links.get(name);
    // A link to nowhere is no file.
    if (linked !== undefined && this.#directory.textAt(linked) !== undefined) return linked;
    return this.#hostTexts.has(name) ? `/usr/lib/systemd/system/${name}` : "";
  }

  #textOf(name: UnitName): string | undefined {
    if (this.#masked.has(name)) return "";
    if (this.#shadows.has(name)) return this.#hostTexts.get(name);
    const linked = this.#links.get(name);
    const text = linked === undefined ? undefined : this.#directory.textAt(linked);
    return text ?? this.#hostTexts.get(name);
  }

  #touch(name: UnitName): void {
    this.#changed.add(name);
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    queueMicrotask(() => {
      this.#isAnnounced = false;
      const units = this.#changed;
      this.#changed = new Set();
      if (this.connected) this.#emit({ kind: "changed", units });
    });
  }

  #emit(event: UnitManagerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
