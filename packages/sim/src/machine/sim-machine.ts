import { type MemoryJob, MemoryUnitDirectory, MemoryUnitManager } from "@fleet/agent/systemd";
import {
  type Amounts,
  type MachineId,
  type Metadata,
  parseMachineId,
  parseUnitName,
  type UnitName,
} from "@fleet/core";
import { Chance } from "../chance.js";
import { Link } from "../etcd/link.js";
import { SimStore } from "../etcd/sim-store.js";
import type { Version } from "../truth/key-history.js";
import { keyOf, liveSeatOf } from "../truth/records.js";
import type { World } from "../world.js";
import { Daemon } from "./daemon.js";
import { Documents } from "./gated-documents.js";
import { gateUnitDirectory } from "./gated-unit-directory.js";
import { GatedUnitManager } from "./gated-unit-manager.js";
import { MachineClocks, ProcessClock } from "./machine-clock.js";
import { isExclusiveText, SimGuard } from "./sim-guard.js";
import { SimProcess } from "./sim-process.js";

/** How jobs of systemd fare: within a fraction of a second, slowly, not at all until mended, or with a failure. */
export type JobMode = "quick" | "slow" | "hanging" | "failing";

/** A process of fleetd on a machine. */
export interface RunningDaemon {
  readonly process: SimProcess;
  readonly daemon: Daemon;
  readonly instance: string;
  readonly startedAtMs: number;
  readonly stop: AbortController;
  /** When an answer of etcd last arrived. */
  contactMs: number;
}

interface StartNote {
  readonly phase: string;
  readonly generation: {
    readonly seatRevision: number;
    readonly contentId: string;
    readonly startCount: number;
  };
}

/** How long systemd waits before it starts fleetd again. */
const restartAfterMs = 500;

/** How long fleetd may take, after it has asked systemd for something, until it remembers on whose word. */
const rememberingMs = 1_000;

/** A machine with a disk, a systemd, a line to etcd, and one process of fleetd at a time. */
export class SimMachine {
  readonly name: string;
  readonly id: MachineId;
  readonly metadata: Metadata;
  readonly capacity: Amounts;
  readonly link: Link;
  readonly directory = new MemoryUnitDirectory();
  readonly systemd = new MemoryUnitManager(this.directory);
  readonly clocks: MachineClocks;
  /** Lives on when fleetd does not. */
  readonly guard: SimGuard;
  readonly #world: World;
  readonly #disk = new Documents();
  readonly #runtime = new Documents();
  readonly #chance: Chance;
  readonly #hanging = new Set<MemoryJob>();
  #incarnation = 0;
  #boots = 1;
  #jobMode: JobMode = "quick";
  isOn = true;
  running: RunningDaemon | undefined;
  /** When somebody last started or stopped a unit by hand. */
  readonly touchedByHandMs = new Map<string, number>();
  /** When an answer of etcd last arrived at any process. */
  lastContactMs = Number.NEGATIVE_INFINITY;
  /** When fleetd has started something, or heard that it has stopped, and the seat of then. */
  #acted: { readonly atMs: number; readonly unit: UnitName; readonly seat: Version }[] = [];

  constructor(world: World, name: string, metadata: Metadata, capacity: Amounts) {
    this.#world = world;
    this.name = name;
    this.id = parseMachineId(`${name}${"0".repeat(32 - name.length)}`);
    this.metadata = metadata;
    this.capacity = capacity;
    this.link = new Link(world.scheduler);
    this.clocks = new MachineClocks(world.scheduler);
    this.guard = new SimGuard(world, this);
    this.#chance = new Chance(`${world.seed} machine ${name}`);
    this.systemd.carryOut = (job) => this.#carryOut(job);
    this.systemd.onState = (unit) => {
      world.witness.onUnitState(this, unit);
      if (this.isAlive(unit.name)) this.guard.look();
    };
  }

  /** Names this boot, as the truth counts boots. */
  get boot(): number {
    return this.#boots;
  }

  /** systemd starts fleetd, unless it runs or the machine is off. */
  startDaemon(): void {
    if (!this.isOn || this.running !== undefined) return;
    this.#incarnation += 1;
    const world = this.#world;
    const { scheduler, config } = world;
    const name = `${this.name}#${this.#incarnation}`;
    const process = new SimProcess(name);
    const chance = new Chance(`${world.seed} process ${name}`);
    const instance = chance.uuid();
    const running: RunningDaemon = {
      process,
      instance,
      startedAtMs: scheduler.nowMs,
      stop: new AbortController(),
      contactMs: Number.NEGATIVE_INFINITY,
      daemon: new Daemon({
        machine: this.id,
        address: `192.0.2.${this.name.slice(1)}`,
        metadata: this.metadata,
        capacity: this.capacity,
        exclusive: this.guard.careFor(process),
        instance,
        store: new SimStore({
          server: world.server,
          link: this.link,
          process,
          scheduler,
          chance: new Chance(`${world.seed} line ${name}`),
          origin: { kind: "process", who: name, instance },
          onContact: () => {
            running.contactMs = scheduler.nowMs;
            this.lastContactMs = scheduler.nowMs;
          },
        }),
        onRenewed: (validUntilMs) => this.guard.feed(validUntilMs),
        unitManager: new GatedUnitManager(this.systemd, process, scheduler, this.#chance, (call, unit) => {
          if (call === "start") this.#noteAct(call, unit);
          const ended = (): void => {
            if (call === "stop") this.#noteAct(call, unit);
          };
          return { refused: world.witness.onCall(this, call, unit), ended };
        }),
        unitDirectory: gateUnitDirectory(this.directory, process),
        runtime: this.#runtime.forProcess(process, "runtime"),
        disk: this.#disk.forProcess(process, "disk"),
        clock: new ProcessClock(scheduler, this.clocks, process),
        random: chance,
        logger: world.loggerFor(name, process),
        ttlSeconds: config.ttlSeconds,
        engine: {
          machineTtlMs: config.ttlSeconds * 1000,
          massLossHoldWatchedMs: config.holdWatchedMs,
          massLossHoldFoundMs: config.holdFoundMs,
          exclusiveStopMaxMs: config.exclusiveStopMaxMs,
          unitFileRetentionMs: config.retentionMs,
        },
      }),
    };
    this.running = running;
    running.daemon.run(running.stop.signal).then(
      () => this.#hasEnded(running, undefined),
      (error: unknown) => this.#hasEnded(running, error),
    );
  }

  /** fleetd dies where it stands; systemd starts it again after a while. */
  crash(downMs = restartAfterMs): void {
    const { running } = this;
    if (running === undefined) return;
    this.#kill(running);
    this.#world.lasting(downMs, () => this.startDaemon());
  }

  /** fleetd is told to end, and started again when it has. */
  restart(): void {
    const { running } = this;
    running?.process.deliver(() => running.stop.abort());
  }

  /** The power fails: nothing is left but the disk. */
  powerOff(): void {
    if (!this.isOn) return;
    this.isOn = false;
    if (this.running !== undefined) this.#kill(this.running);
    this.#hanging.clear();
    this.link.breakNow();
    this.directory.clear();
    this.#runtime.clear();
    this.systemd.state = "running";
    this.systemd.reboot();
    this.#boots += 1;
    this.clocks.resume();
    this.guard.forget();
    this.#world.witness.onPower(this);
  }

  powerOn(): void {
    if (this.isOn) return;
    this.isOn = true;
    this.#world.witness.onPower(this);
    this.#world.scheduler.after(200, () => this.startDaemon());
  }

  /** Somebody reboots it in good order: fleetd says farewell while systemd is stopping. */
  shutDown(): void {
    if (!this.isOn) return;
    this.systemd.state = "stopping";
    const { running } = this;
    if (running === undefined) {
      this.powerOff();
      return;
    }
    running.process.deliver(() => {
      void running.daemon.announceLeaving(new AbortController().signal).catch(() => undefined);
    });
    this.#world.scheduler.after(2_000, () => this.powerOff());
  }

  setJobs(mode: JobMode): void {
    this.#jobMode = mode;
    if (mode === "hanging") return;
    for (const job of this.#hanging) this.#carryOut(job);
    this.#hanging.clear();
  }

  /** Somebody on the machine does it by hand. */
  async byHand(what: "start" | "stop", unit: string): Promise<void> {
    const name = parseUnitName(unit);
    const known = this.systemd.loaded.get(name);
    // To stop what is not there, and to start what runs, is nothing.
    if (what === "stop" ? known === undefined : known?.activeState === "active" && known.job === undefined)
      return;
    this.touchedByHandMs.set(unit, this.#world.nowMs);
    await this.systemd[what](name, new AbortController().signal).catch(() => undefined);
  }

  /** A unit's process dies. */
  die(unit: string): void {
    const name = parseUnitName(unit);
    const known = this.systemd.loaded.get(name);
    if (known?.activeState === "active") this.systemd.play(name, "failed", "failed");
  }

  /** Whether systemd has the unit from fleet's own file. */
  isOurs(unit: string): boolean {
    const name = unit as UnitName;
    return this.systemd.loaded.get(name)?.path === this.directory.pathOf(name);
  }

  /** Whether systemd has the unit from a file of the host's own; not so if it runs on after its file is gone. */
  isHosts(unit: string): boolean {
    const path = this.systemd.loaded.get(unit as UnitName)?.path ?? "";
    return path !== "" && !this.isOurs(unit);
  }

  /** To be called when fleetd is interrupted: what it was about need not be remembered. */
  doubtLatestActs(): void {
    this.#acted = this.#acted.filter(({ atMs }) => atMs < this.#world.nowMs - rememberingMs);
  }

  /** The seats on which fleetd has acted until then, and that were not written before the other moment. */
  actedOnSeatsSince(sinceMs: number, untilMs: number): readonly { unit: UnitName; seat: Version }[] {
    return this.#acted.filter(({ atMs, seat }) => atMs <= untilMs && seat.sinceMs >= sinceMs);
  }

  /** What fleetd has put down in the runtime directory about starts, document by document. */
  startDocuments(): readonly string[] {
    return [...this.#runtime.names].flatMap((name) =>
      name.startsWith("agent-starts-") ? (this.#runtime.peek(name) ?? []) : [],
    );
  }

  /** Whether fleetd has put down that it issued the start that a seat asks for. */
  hasIssued(
    unit: string,
    seatRevision: number | undefined,
    seat: { readonly contentId: string; readonly startCount: number },
  ): boolean {
    return this.startDocuments().some((document) => {
      const record = (JSON.parse(document) as Record<string, StartNote>)[unit];
      if (record?.phase !== "issued") return false;
      const { generation } = record;
      return (
        generation.seatRevision === seatRevision &&
        generation.contentId === seat.contentId &&
        generation.startCount === seat.startCount
      );
    });
  }

  /** Whether anything of the unit lives. */
  isAlive(unit: string): boolean {
    const state = this.systemd.loaded.get(unit as UnitName)?.activeState ?? "inactive";
    return state !== "inactive" && state !== "failed";
  }

  /** Whether what systemd has of the unit says that it never runs twice. */
  isExclusive(unit: string): boolean {
    return isExclusiveText(unit, this.systemd.loaded.get(unit as UnitName)?.text);
  }

  /** What runs or is about to run: as systemd has it. */
  isRunning(unit: string): boolean {
    const known = this.systemd.loaded.get(unit as UnitName);
    if (known === undefined) return false;
    return !["inactive", "failed"].includes(known.activeState) || known.job?.kind === "start";
  }

  #noteAct(call: "start" | "stop", unit: UnitName): void {
    const { nowMs, truth } = this.#world;
    const version = truth.history.newest(keyOf.seat(this.id, unit));
    // The stop of a unit that is to run is the first half of an act: a machine that dies in it need not remember it.
    const isHalf = call === "stop" && liveSeatOf(version)?.target === "launched";
    if (version !== undefined && !isHalf) this.#acted.push({ atMs: nowMs, unit, seat: version });
  }

  #kill(running: RunningDaemon, how: unknown = "gone"): void {
    this.doubtLatestActs();
    running.process.kill();
    this.running = undefined;
    this.#world.witness.onProcess(this, how);
  }

  #hasEnded(running: RunningDaemon, error: unknown): void {
    if (this.running !== running) return;
    this.#kill(running, error ?? "gone");
    this.#world.scheduler.after(restartAfterMs, () => this.startDaemon());
  }

  #carryOut(job: MemoryJob): void {
    const mode = this.#jobMode;
    if (mode === "hanging") {
      this.#hanging.add(job);
      return;
    }
    const ms = mode === "slow" ? 1_000 + this.#chance.fraction() * 14_000 : 2 + this.#chance.fraction() * 60;
    this.#world.scheduler.after(ms, () => {
      if (mode !== "failing" || !this.#chance.happens(0.5)) return job.finish("");
      // One that another job has taken the place of does nothing any more.
      const isPending = this.systemd.loaded.get(job.unit)?.job === job;
      if (job.kind === "start" && isPending) this.systemd.play(job.unit, "failed", "failed");
      job.finish("failed");
    });
  }
}
