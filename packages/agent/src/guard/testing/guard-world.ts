import { FleetError, type UnitName } from "@fleet/core";
import { VirtualClock } from "../../run/testing/virtual-clock.js";
import { Guard } from "../guard.js";
import type { GuardFeed, GuardReport } from "../guard-files.js";

const boot = "this-boot";
const logger = { error() {}, warn() {}, info() {}, debug() {}, child: () => logger };

/** A systemd, a kernel and a directory, as far as a guard sees them. */
export class GuardWorld {
  readonly clock = new VirtualClock();
  readonly startMs = this.clock.boottime();
  feed: GuardFeed | undefined;
  units: readonly UnitName[] | undefined = [];
  bound: readonly UnitName[] = [];
  /** Units whose token is there. */
  readonly tokens = new Set<UnitName>();
  /** Units that have a job. */
  readonly jobs = new Set<UnitName>();
  hasRoom = true;
  boundAnswers: Promise<void> = Promise.resolve();
  report: GuardReport | undefined;
  readonly marks: UnitName[] = [];
  /** What the report said was being stopped, at each mark. */
  readonly stoppingAtMark: (readonly UnitName[])[] = [];
  /** What systemd says; units that are missing are inactive. */
  readonly states = new Map<UnitName, string>();
  readonly processes = new Map<UnitName, number[]>();
  readonly events: string[] = [];
  isSystemdDead = false;
  /** Units that obey a stop. */
  obedient = true;
  /** Units whose processes survive a SIGKILL for a while. */
  kills = new Map<UnitName, number>();
  #stop = new AbortController();

  since(): number {
    return this.clock.boottime() - this.startMs;
  }

  /** Lets the units run until `ms` after the start. */
  valid(ms: number, stopMaxMs = 10_000): void {
    this.feed = { bootId: boot, validUntilMs: this.startMs + ms, stopMaxMs };
  }

  runs(...units: UnitName[]): void {
    for (const unit of units) {
      this.states.set(unit, "active");
      this.processes.set(unit, [1]);
    }
    this.units = units;
  }

  ends(unit: UnitName): void {
    this.states.delete(unit);
    this.processes.delete(unit);
  }

  begin(): void {
    this.#stop = new AbortController();
    const asked = () => {
      if (this.isSystemdDead) throw new FleetError("unavailable", "cannot ask systemd: it is dead");
    };
    const guard = new Guard({
      clock: this.clock,
      bootId: boot,
      pid: 7,
      logger,
      files: {
        readFeed: async () => this.feed,
        readUnits: async () => this.units,
        tokenedUnits: async () => [...this.tokens],
        removeEnvironment: async (unit) => {
          this.tokens.delete(unit);
        },
        markStopped: async (unit) => {
          if (!this.hasRoom) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
          this.marks.push(unit);
          this.stoppingAtMark.push(this.report?.stopping ?? []);
        },
        writeReport: async (report) => {
          this.report = report;
        },
      },
      stopper: {
        stop: async (unit) => {
          asked();
          this.events.push(`stop ${unit} at ${this.since()}`);
          if (this.obedient) this.ends(unit);
          else this.states.set(unit, "deactivating");
        },
        activeState: async (unit) => {
          asked();
          return this.states.get(unit) ?? "inactive";
        },
        hasJob: async (unit) => {
          asked();
          return this.jobs.has(unit);
        },
        boundUnits: async () => {
          asked();
          await this.boundAnswers;
          return this.bound;
        },
      },
      processes: {
        of: async (units) => new Map([...this.processes].filter(([unit]) => units.includes(unit))),
        kill: async (unit) => {
          this.events.push(`kill ${unit} at ${this.since()}`);
          const left = (this.kills.get(unit) ?? 1) - 1;
          this.kills.set(unit, left);
          if (left > 0) return;
          this.ends(unit);
        },
      },
    });
    void guard.run(this.#stop.signal);
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.clock.settle();
  }
}
