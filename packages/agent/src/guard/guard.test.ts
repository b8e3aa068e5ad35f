import { FleetError, parseUnitName, type UnitName } from "@fleet/core";
import { beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../run/testing/virtual-clock.js";
import { Guard } from "./guard.js";
import type { GuardFeed, GuardReport } from "./guard-files.js";

const a = parseUnitName("a.service");
const b = parseUnitName("b.service");
const boot = "this-boot";
const logger = { error() {}, warn() {}, info() {}, debug() {}, child: () => logger };

/** A systemd, a kernel and a directory, as far as a guard sees them. */
class World {
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

let world: World;
beforeEach(() => {
  world = new World();
});

describe("a guard", () => {
  it("does nothing as long as the deadline is moved on", async () => {
    world.runs(a);
    world.valid(10_000);
    world.begin();
    for (let second = 3; second <= 60; second += 3) {
      await world.clock.advance(3_000);
      world.valid(10_000 + second * 1_000);
    }
    expect(world.events).toEqual([]);
    expect(world.marks).toEqual([]);
  });

  it("stops what is on the list at the deadline, not before, and leaves a mark", async () => {
    world.runs(a, b);
    world.valid(10_000);
    world.begin();
    await world.clock.advance(9_999);
    expect(world.events).toEqual([]);
    await world.clock.advance(1);
    expect(world.events).toEqual(["stop a.service at 10000", "stop b.service at 10000"]);
    expect(world.marks).toEqual([a, b]);
    await world.clock.advance(100);
    expect(world.report).toMatchObject({ pid: 7, stopping: [a, b], expiredMs: world.startMs + 10_000 });
    await world.clock.advance(1_000);
    expect(world.report).toMatchObject({ stopping: [] });
  });

  it("kills what does not stop in time, until nothing is left", async () => {
    world.runs(a);
    world.obedient = false;
    world.kills.set(a, 3);
    world.valid(10_000, 5_000);
    world.begin();
    await world.clock.advance(14_999);
    expect(world.events).toEqual(["stop a.service at 10000"]);
    await world.clock.advance(1_000);
    expect(world.events.slice(1)).toEqual([
      "kill a.service at 15000",
      "kill a.service at 15100",
      "kill a.service at 15200",
    ]);
    expect(world.report).toMatchObject({ stopping: [] });
  });

  it("kills in time though systemd is dead, and says what it has done", async () => {
    world.runs(a);
    world.valid(10_000, 5_000);
    world.begin();
    await world.clock.settle();
    world.isSystemdDead = true;
    await world.clock.advance(15_000);
    expect(world.events).toEqual(["kill a.service at 15000"]);
    expect(world.marks).toEqual([a]);
    world.isSystemdDead = false;
    await world.clock.advance(1_000);
    expect(world.events.slice(1)).toEqual([expect.stringMatching(/^stop a\.service at 15\d00$/)]);
    expect(world.report).toMatchObject({ stopping: [] });
  });

  it("stops again whatever comes back after the deadline, and kills it at once after the limit", async () => {
    world.runs(a);
    world.valid(10_000, 5_000);
    world.begin();
    await world.clock.advance(12_000);
    world.runs(a);
    await world.clock.advance(1_500);
    expect(world.events).toEqual([
      "stop a.service at 10000",
      expect.stringMatching(/^stop a\.service at 1[23]\d00$/),
    ]);
    await world.clock.advance(10_000);
    world.obedient = false;
    world.runs(a);
    await world.clock.advance(1_500);
    expect(world.events.slice(2).toSorted()).toEqual([
      expect.stringMatching(/^kill a\.service at 2[34]\d00$/),
      expect.stringMatching(/^stop a\.service at 2[34]\d00$/),
    ]);
  });

  it("lets everything be when the deadline comes again, and ends what it has begun", async () => {
    world.runs(a);
    world.obedient = false;
    world.valid(10_000, 5_000);
    world.begin();
    await world.clock.advance(11_000);
    world.valid(60_000, 5_000);
    await world.clock.advance(5_000);
    expect(world.events).toEqual(["stop a.service at 10000", "kill a.service at 15000"]);
    world.runs(a);
    await world.clock.advance(30_000);
    expect(world.events).toHaveLength(2);
  });

  it("leaves no mark of what was over already", async () => {
    world.units = [a];
    world.valid(1_000);
    world.begin();
    world.marks.length = 0;
    await world.clock.settle();
    world.marks.length = 0;
    await world.clock.advance(2_000);
    expect(world.marks).toEqual([]);
  });

  it("stops what is bound to it or has its token, though it is not on the list", async () => {
    world.runs(a, b);
    world.units = [];
    world.bound = [a];
    world.tokens.add(b);
    world.valid(10_000);
    world.begin();
    await world.clock.advance(10_100);
    expect(world.events.toSorted()).toEqual([
      expect.stringMatching(/^stop a\.service at 10[01]00$/),
      "stop b.service at 10000",
    ]);
    expect(world.marks.toSorted()).toEqual([a, b]);
  });

  it("does not say that it has acted before it has asked what is bound to it", async () => {
    let answer = (): void => undefined;
    world.valid(1_000);
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    world.boundAnswers = answered;
    world.begin();
    await world.clock.advance(3_000);
    expect(world.report?.expiredMs).toBeUndefined();
    world.bound = [a];
    answer();
    await world.clock.advance(200);
    expect(world.report).toMatchObject({ expiredMs: world.startMs + 1_000 });
    expect(world.events).toEqual([expect.stringContaining("stop a.service")]);
  });

  it("takes the tokens away at the deadline and as long as it has passed, not before", async () => {
    world.runs(a);
    world.tokens.add(a);
    world.valid(10_000);
    world.begin();
    await world.clock.advance(9_999);
    expect([...world.tokens]).toEqual([a]);
    await world.clock.advance(1);
    expect([...world.tokens]).toEqual([]);
    world.tokens.add(b);
    await world.clock.advance(1_100);
    expect([...world.tokens]).toEqual([]);
    world.valid(60_000);
    await world.clock.advance(2_000);
    world.tokens.add(a);
    await world.clock.advance(10_000);
    expect([...world.tokens]).toEqual([a]);
  });

  it("asks again if a unit that was asked to stop comes back before it was seen to be gone", async () => {
    world.runs(a);
    world.obedient = false;
    world.valid(10_000);
    world.begin();
    await world.clock.advance(10_000);
    // Somebody's start has taken the stop's place.
    world.states.set(a, "active");
    world.obedient = true;
    await world.clock.advance(2_000);
    expect(world.events).toEqual([
      "stop a.service at 10000",
      expect.stringMatching(/^stop a\.service at 1[01]\d00$/),
    ]);
    expect(world.report).toMatchObject({ stopping: [] });
  });

  it("asks again if systemd waits to start a unit once more", async () => {
    world.runs(a);
    world.obedient = false;
    world.valid(10_000);
    world.begin();
    await world.clock.advance(10_000);
    world.processes.delete(a);
    world.states.set(a, "activating");
    world.obedient = true;
    await world.clock.advance(2_000);
    expect(world.events).toHaveLength(2);
    expect(world.report).toMatchObject({ stopping: [] });
  });

  it("leaves a mark of a start that had to wait and is taken back", async () => {
    world.units = [a];
    world.valid(5_000);
    world.begin();
    await world.clock.settle();
    world.marks.length = 0;
    world.jobs.add(a);
    await world.clock.advance(6_000);
    expect(world.events).toEqual(["stop a.service at 5000"]);
    expect(world.marks).toEqual([a]);
  });

  it.each([
    ["stops", true, ["stop a.service at 10000"]],
    ["kills", false, ["stop a.service at 10000", "kill a.service at 15000"]],
  ])("%s though there is no room for a mark, and makes it later", async (_name, obedient, events) => {
    world.runs(a);
    world.obedient = obedient;
    world.hasRoom = false;
    world.valid(10_000, 5_000);
    world.begin();
    await world.clock.advance(18_000);
    expect(world.events).toEqual(events);
    expect(world.report).toMatchObject({ stopping: [a] });
    world.hasRoom = true;
    await world.clock.advance(1_100);
    expect(world.marks).toEqual([a]);
    expect(world.report).toMatchObject({ stopping: [] });
    expect(world.events).toEqual(events);
  });

  it("kills though systemd is dead and there is no room for a mark", async () => {
    world.runs(a, b);
    world.isSystemdDead = true;
    world.hasRoom = false;
    world.valid(10_000, 5_000);
    world.begin();
    await world.clock.advance(16_000);
    expect(world.events).toEqual(["kill a.service at 15000", "kill b.service at 15000"]);
  });

  it("wakes up late from a suspend and stops at once, by a clock that went on", async () => {
    world.runs(a);
    world.valid(10_000);
    world.begin();
    await world.clock.settle();
    // As after a suspend: the deadline has passed meanwhile, and the timer has a second left at most.
    world.valid(0);
    await world.clock.advance(1_000);
    expect(world.events).toEqual(["stop a.service at 1000"]);
  });
});

describe("a guard that begins", () => {
  it.each([
    ["no deadline", undefined],
    ["a deadline of another boot", { bootId: "another", validUntilMs: 9e9, stopMaxMs: 10_000 }],
  ])("takes %s for expired, and waits for nothing", async (_name, feed) => {
    world.runs(a);
    world.obedient = false;
    world.feed = feed;
    world.begin();
    await world.clock.advance(200);
    expect(world.events[0]).toBe("kill a.service at 0");
    expect(world.events).toContainEqual(expect.stringContaining("stop a.service"));
  });

  it("asks systemd what is bound to it if the list is lost", async () => {
    world.runs(a);
    world.units = undefined;
    world.bound = [a];
    world.valid(1_000);
    world.begin();
    await world.clock.advance(1_100);
    expect(world.events).toEqual([expect.stringMatching(/^stop a\.service at 1[01]00$/)]);
  });

  it("goes by a deadline that is still valid, and marks what its predecessor's end has stopped", async () => {
    world.runs(a, b);
    world.ends(b);
    world.valid(10_000);
    world.begin();
    await world.clock.advance(500);
    expect(world.marks).toEqual([b]);
    expect(world.events).toEqual([]);
    await world.end();
  });

  it("says that it is there only when it is clear what was stopped", async () => {
    world.runs(a);
    world.ends(a);
    world.isSystemdDead = true;
    world.valid(10_000);
    world.begin();
    await world.clock.advance(2_500);
    expect(world.report).toBeUndefined();
    world.isSystemdDead = false;
    await world.clock.advance(2_000);
    expect(world.marks).toEqual([a]);
    expect(world.report).toMatchObject({ pid: 7 });
  });

  it("keeps a promise that was made though the file is lost, and what it was to guard", async () => {
    world.runs(a);
    world.valid(10_000);
    world.begin();
    await world.clock.advance(1_000);
    world.feed = undefined;
    await world.clock.advance(8_000);
    expect(world.events).toEqual([]);
    await world.clock.advance(1_000);
    expect(world.events).toEqual(["stop a.service at 10000"]);
  });
});
