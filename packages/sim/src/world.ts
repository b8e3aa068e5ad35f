import type { MemoryUnit } from "@fleet/agent/systemd";
import { isFleetError, type UnitName } from "@fleet/core";
import type { Clock, Logger } from "@fleet/core/ports";
import type { Checker, Violation } from "./checks/checker.js";
import type { SimConfig } from "./config.js";
import { EtcdServer, type RestorePoint } from "./etcd/etcd-server.js";
import { EventLog } from "./event-log.js";
import { wallEpochMs } from "./machine/machine-clock.js";
import { SimMachine } from "./machine/sim-machine.js";
import type { SimProcess } from "./machine/sim-process.js";
import { describeChange } from "./story/describe-change.js";
import { loggerInto } from "./story/world-logger.js";
import { Scheduler } from "./time/scheduler.js";
import { keyOf, leaderOf } from "./truth/records.js";
import { Truth } from "./truth/truth.js";
import { type Acknowledgement, Users } from "./users/users.js";

/** What happens on machines, as the world hears of it. */
export interface WorldWitness {
  onCall(machine: SimMachine, call: "start" | "stop", unit: UnitName): () => void;
  onUnitState(machine: SimMachine, unit: Readonly<MemoryUnit>): void;
  /** The guard is about to kill an exclusive unit. */
  onGuard(machine: SimMachine, unit: UnitName): void;
  onPower(machine: SimMachine): void;
  /** A process of fleetd is gone, by a signal or by an error of its own. */
  onProcess(machine: SimMachine, how: unknown): void;
}

/** Everything there is: machines, etcd, users, time, and those who watch whether promises are kept. */
export class World {
  readonly seed: string;
  readonly config: SimConfig;
  readonly scheduler = new Scheduler();
  readonly server: EtcdServer;
  readonly truth: Truth;
  readonly events: EventLog;
  readonly users: Users;
  readonly machines: readonly SimMachine[];
  readonly witness: WorldWitness;
  readonly #checkers: Checker[] = [];
  readonly backups: RestorePoint[] = [];
  /** How often each kind of deed was done. */
  readonly faults = new Map<string, number>();
  readonly #lasting = new Set<() => void>();
  /** Whether the time of faults is over. */
  isMended = false;
  /** Whether everything has come right, and nothing is to happen any more. */
  isResting = false;
  /** The first promise that was broken. */
  violation: Violation | undefined;

  constructor(seed: string, config: SimConfig, keepsLines: boolean) {
    this.seed = seed;
    this.config = config;
    this.events = new EventLog(keepsLines);
    this.server = new EtcdServer(this.scheduler, serverClock(this.scheduler));
    this.truth = new Truth(this.scheduler, this.server);
    this.users = new Users(this);
    this.scheduler.onSettled = () => this.server.look();
    this.witness = {
      onCall: (machine, call, unit) => {
        this.log(machine.name, `systemd: ${call} ${unit}`);
        for (const checker of this.#checkers) checker.onCall?.(machine, call, unit);
        return () => {
          this.log(machine.name, `systemd: ${call} ${unit} refused`);
          for (const checker of this.#checkers) checker.onRefused?.(machine, call, unit);
        };
      },
      onUnitState: (machine, unit) => {
        this.log(machine.name, `systemd: ${unit.name} is ${unit.activeState}`);
        for (const checker of this.#checkers) checker.onUnitState?.(machine, unit);
      },
      onGuard: (machine, unit) => {
        this.log(machine.name, `guard: kills ${unit}`);
        for (const checker of this.#checkers) checker.onGuard?.(machine, unit);
      },
      onPower: (machine) => {
        this.log(machine.name, machine.isOn ? "power on" : "power off");
        for (const checker of this.#checkers) checker.onPower?.(machine);
      },
      onProcess: (machine, how) => {
        this.log(machine.name, `fleetd: ${how === "gone" ? "gone" : `ended: ${how}`}`);
        for (const checker of this.#checkers) checker.onProcessGone?.(machine);
        if (how !== "gone") this.fail("no-bugs", `fleetd on ${machine.name} ended by itself: ${trace(how)}`);
      },
    };
    this.truth.onRecord = (change) => {
      for (const checker of this.#checkers) checker.onRecord?.(change);
    };
    this.truth.onRevision = (change) => {
      this.log(change.origin.who, describeChange(change));
      for (const checker of this.#checkers) checker.onRevision?.(change);
    };
    const names = Array.from({ length: config.machines }, (_, index) => `m${index + 1}`);
    // So few that what units reserve decides about places.
    this.machines = names.map(
      (name, index) => new SimMachine(this, name, metadataOf(index), { slots: 1 + (index % 2) }),
    );
    this.server.onBreak = () => {
      for (const machine of this.machines) machine.link.breakNow();
    };
  }

  /** Takes in who watches. */
  watch(checkers: readonly Checker[]): void {
    this.#checkers.push(...checkers);
  }

  get checkers(): readonly Checker[] {
    return this.#checkers;
  }

  get nowMs(): number {
    return this.scheduler.nowMs;
  }

  /** The machine of that name. */
  machine(name: string): SimMachine {
    const found = this.machines.find((machine) => machine.name === name);
    if (found === undefined) throw new Error(`there is no machine ${name}`);
    return found;
  }

  /** The machine of that id, if it is one of this world's. */
  machineById(id: string): SimMachine | undefined {
    return this.machines.find((machine) => machine.id === id);
  }

  /** The machine whose process leads, by what stands in etcd. */
  leader(): SimMachine | undefined {
    const instance = leaderOf(this.truth.history.current(keyOf.leader))?.instance;
    return this.machines.find((machine) => machine.running?.instance === instance);
  }

  log(who: string, what: string): void {
    this.events.add(this.scheduler.nowMs, who, what);
  }

  /** A promise was broken. */
  fail(invariant: string, what: string): void {
    if (this.violation !== undefined) return;
    this.violation = { invariant, atMs: this.scheduler.nowMs, what };
    this.log("check", `${invariant} BROKEN: ${what}`);
  }

  onAcknowledged(acknowledgement: Acknowledgement): void {
    for (const checker of this.#checkers) checker.onAcknowledged?.(acknowledgement);
  }

  onAccept(machine: string | undefined): void {
    for (const checker of this.#checkers) checker.onAccept?.(machine);
  }

  /** etcd is restored from a backup, or wiped. */
  restore(point: RestorePoint | undefined): void {
    this.server.restore(point);
    for (const checker of this.#checkers) checker.onRestore?.();
  }

  loggerFor(name: string, process: SimProcess): Logger {
    return loggerInto(this.events, this.scheduler, name, process);
  }

  /** Something that lasts for a while, and no longer than the time of faults. */
  lasting(ms: number, undo: () => void): void {
    const once = (): void => {
      if (this.#lasting.delete(once)) undo();
    };
    this.#lasting.add(once);
    this.scheduler.after(ms, once);
  }

  /** Ends the time of faults: everything that lasts ends now. */
  mend(): void {
    this.isMended = true;
    for (const undo of [...this.#lasting]) undo();
    for (const { link } of this.machines) {
      link.repliesToLose = 0;
      link.lateWrites = { left: 0, ms: 0 };
    }
  }

  /** Ends everything, so that nothing of this world runs on. */
  end(): void {
    for (const { running } of this.machines) running?.process.kill();
    this.scheduler.clear();
  }
}

const kernels = ["6.1.0-18-amd64", "5.10", "6.12.3"];

function metadataOf(index: number) {
  return {
    zone: index % 2 === 0 ? "a" : "b",
    disk: index % 3 === 0 ? "ssd" : "hdd",
    kernel: kernels[index % 3] as string,
  };
}

function trace(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isFleetError(error) ? `${error.code}: ${error.message}` : (error.stack ?? error.message);
}

function serverClock(scheduler: Scheduler): Clock {
  return {
    now: () => wallEpochMs + scheduler.nowMs,
    monotonic: () => scheduler.nowMs,
    boottime: () => scheduler.nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const onAbort = (): void => {
          scheduler.cancel(timer);
          reject(signal.reason);
        };
        const timer = scheduler.after(ms, () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        });
        signal.addEventListener("abort", onAbort);
      }),
  };
}
