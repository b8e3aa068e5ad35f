import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseUnitName, type UnitName } from "@fleet/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GuardFiles } from "../guard/guard-files.js";
import { VirtualClock } from "../run/testing/virtual-clock.js";
import { MemoryUnitDirectory } from "../systemd/memory/memory-unit-directory.js";
import { MemoryUnitManager } from "../systemd/memory/memory-unit-manager.js";
import { guardUnitName } from "./drop-in.js";
import { ExclusiveUnits } from "./exclusive-units.js";

const web = parseUnitName("web.service");
const boot = "this-boot";
const guardPid = 7;
const ttlMs = 10_000;
const text = "[Service]\nExecStart=/bin/sleep 1\n[X-Fleet]\nExclusive=true\n";
const logger = { error() {}, warn() {}, info() {}, debug() {}, child: () => logger };

let directory: string;
let clock: VirtualClock;
let units: MemoryUnitManager;
let files: GuardFiles;
let exclusive: ExclusiveUnits;
let processes: Map<UnitName, number[]>;
let alive: Set<number>;
let readDropIns: string[];
let systemdAnswers: Promise<void>;
let stop: AbortController;
let running: Promise<unknown>;
const forgotten: UnitName[] = [];

const list = () => files.readUnits(boot);

function open(): ExclusiveUnits {
  return new ExclusiveUnits({
    directory: join(directory, "guard"),
    guardCommand: ["/bin/node", "guard"],
    isRoot: false,
    bootId: boot,
    units,
    manager: {
      searchPath: async () => [join(directory, "systemd/transient"), join(directory, "systemd/user")],
      dropInPaths: async () => {
        await systemdAnswers;
        return readDropIns;
      },
    },
    processes: {
      of: async () => processes,
      kill: async (unit) => {
        processes.delete(unit);
      },
    },
    isAlive: (pid) => alive.has(pid),
    ttlMs,
    stopMaxMs: 10_000,
    clock,
    logger,
  });
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "fleet-exclusive-"));
  clock = new VirtualClock();
  const unitDirectory = new MemoryUnitDirectory();
  units = new MemoryUnitManager(unitDirectory);
  files = new GuardFiles(join(directory, "guard"), "guard");
  processes = new Map();
  alive = new Set([guardPid]);
  readDropIns = [join(directory, "systemd/user/web.service.d/50-fleet-exclusive.conf")];
  systemdAnswers = Promise.resolve();
  forgotten.length = 0;
  stop = new AbortController();
  running = units.run(stop.signal);
  await clock.settle();
  // As if systemd had read it from where the guard's unit is written.
  await unitDirectory.write(guardUnitName, "[Service]\nExecStart=/bin/node\n");
  await units.link([unitDirectory.pathOf(guardUnitName)], stop.signal);
  exclusive = open();
});
afterEach(async () => {
  stop.abort();
  await running;
  rmSync(directory, { recursive: true });
});

/** Lets time pass until the work is done. */
async function during<T>(work: Promise<T>): Promise<T> {
  let isOver = false;
  const done = work.finally(() => {
    isOver = true;
  });
  done.catch(() => {});
  while (!isOver) await pass(20);
  return await done;
}

function begin(): void {
  const agent = {
    forgetStarts: async (unit: UnitName) => {
      forgotten.push(unit);
    },
    lookAgain: () => {},
  };
  running = Promise.all([running, exclusive.run(agent, stop.signal).catch(() => {})]);
}

/** Advances until it is so. */
async function untilSo(check: () => boolean | Promise<boolean>): Promise<void> {
  for (let round = 0; !(await check()); round += 1) {
    expect(round).toBeLessThan(500);
    await pass(20);
  }
}

/** Long enough for whatever is going to happen. */
async function linger(): Promise<void> {
  for (let round = 0; round < 60; round += 1) await pass(50);
}

/** A moment of both times: files are real. */
async function pass(ms: number): Promise<void> {
  await setTimeout(2);
  await clock.advance(ms);
}

const guardSays = (leftMs: number, stopping: readonly UnitName[] = []) =>
  files.writeReport({ bootId: boot, pid: guardPid, validUntilMs: clock.boottime() + leftMs, stopping });
const admit = () => during(exclusive.admit(web, text, 42, stop.signal));

describe("a start", () => {
  beforeEach(async () => {
    await exclusive.prepare(web, text, stop.signal);
    exclusive.renewed(clock.boottime() + ttlMs);
    await guardSays(ttlMs);
  });

  it("is admitted once the guard runs, has the unit on its list, and the unit has its token", async () => {
    expect(exclusive.obstacle(web)).toBeUndefined();
    await admit();
    expect(await list()).toEqual([web]);
    expect(readFileSync(join(directory, "guard/env/web.service"), "utf8")).toBe("FLEET_FENCING_TOKEN=42\n");
    expect(await units.describe(guardUnitName, stop.signal)).toMatchObject({ activeState: "active" });
    expect(await files.readFeed()).toMatchObject({ bootId: boot, stopMaxMs: 10_000 });
    expect(existsSync(readDropIns[0] ?? "")).toBe(true);
  });

  it("waits for a lease that is certain for a while", async () => {
    exclusive.renewed(clock.boottime() + ttlMs / 3 - 1);
    expect(exclusive.obstacle(web)).toMatch(/counts this machine as present/);
    await expect(admit()).rejects.toThrow("counts this machine as present");
  });

  it.each([
    ["has not heard of the lease", async () => await guardSays(1_000), "has not heard of the lease yet"],
    ["is dead", async () => void alive.clear(), "does not run"],
    ["is still stopping it", async () => await guardSays(ttlMs, [web]), "until the guard has stopped"],
    ["has stopped it, which is not dealt with", async () => await files.markStopped(web), "until the guard"],
  ])("is refused when the guard %s", async (_name, make, reason) => {
    await make();
    await expect(admit()).rejects.toThrow(reason);
  });

  it("is refused beside processes of an earlier run", async () => {
    processes.set(web, [4, 5]);
    await expect(admit()).rejects.toThrow("2 processes of an earlier run are still there");
  });

  it("finds its token only when it is admitted: a guard takes it away as long as it has not heard of the lease", async () => {
    await guardSays(1_000);
    await expect(admit()).rejects.toThrow("has not heard of the lease yet");
    expect(existsSync(join(directory, "guard/env/web.service"))).toBe(false);
  });

  it("counts for more than what was seen before it", async () => {
    await admit();
    exclusive.observe(web, false);
    await admit();
    begin();
    await linger();
    expect(await list()).toEqual([web]);
  });

  it("does not make systemd read everything again for nothing", async () => {
    await admit();
    const calls = units.calls.length;
    await admit();
    expect(units.calls.slice(calls).map(({ member }) => member)).not.toContain("reload");
  });

  it("is refused if systemd does not read the drop-in, even after a reload", async () => {
    readDropIns = [];
    await expect(admit()).rejects.toThrow("systemd does not read");
    expect(units.calls.map(({ member }) => member)).toContain("reload");
  });
});

it("tells the guard of renewals also while systemd lets a start wait", async () => {
  await exclusive.prepare(web, text, stop.signal);
  exclusive.renewed(clock.boottime() + ttlMs);
  await guardSays(ttlMs);
  begin();
  let answer = (): void => undefined;
  systemdAnswers = new Promise((resolve) => {
    answer = resolve;
  });
  const admitting = exclusive.admit(web, text, 42, stop.signal);
  await linger();
  const validUntilMs = clock.boottime() + ttlMs;
  exclusive.renewed(validUntilMs);
  await untilSo(async () => (await files.readFeed())?.validUntilMs === validUntilMs);
  answer();
  await guardSays(ttlMs);
  await during(admitting);
});

describe("the list", () => {
  beforeEach(async () => {
    await exclusive.prepare(web, text, stop.signal);
    exclusive.renewed(clock.boottime() + ttlMs);
    await guardSays(ttlMs);
    begin();
    await admit();
  });

  it("loses a unit that has ended by itself, and gets one that is there", async () => {
    exclusive.observe(web, false);
    await untilSo(async () => (await list())?.length === 0);
    exclusive.observe(web, true);
    await untilSo(async () => (await list())?.length === 1);
  });

  it("keeps a unit whose end may have been the guard's", async () => {
    await files.markStopped(web);
    exclusive.observe(web, false);
    await linger();
    expect(await list()).toEqual([web]);
    alive.clear();
    exclusive.observe(web, false);
    await linger();
    expect(await list()).toEqual([web]);
  });

  it("is not passed over: after a lapse the guard must have begun to stop before it hears of the lease again", async () => {
    const fedMs = (await files.readFeed())?.validUntilMs ?? 0;
    await clock.advance(ttlMs + 5_000);
    exclusive.renewed(clock.boottime() + 2 * ttlMs);
    await linger();
    expect(await files.readFeed()).toMatchObject({ validUntilMs: fedMs });
    // So it is for a fleetd that begins only then.
    const validUntilMs = clock.boottime() + 2 * ttlMs;
    exclusive = open();
    exclusive.renewed(validUntilMs);
    begin();
    await linger();
    expect(await files.readFeed()).toMatchObject({ validUntilMs: fedMs });
    await files.writeReport({ bootId: boot, pid: guardPid, stopping: [], expiredMs: fedMs });
    await untilSo(async () => ((await files.readFeed())?.validUntilMs ?? 0) > fedMs);
  });

  it("is not what decides whether a lapse was seen: others may be guarded besides", async () => {
    exclusive.observe(web, false);
    await untilSo(async () => (await list())?.length === 0);
    const fedMs = (await files.readFeed())?.validUntilMs ?? 0;
    await clock.advance(ttlMs + 5_000);
    exclusive.renewed(clock.boottime() + 2 * ttlMs);
    await linger();
    expect(await files.readFeed()).toMatchObject({ validUntilMs: fedMs });
    // A guard that knows of no deadline at all has done its work as well.
    await files.writeReport({ bootId: boot, pid: guardPid, stopping: [] });
    await untilSo(async () => ((await files.readFeed())?.validUntilMs ?? 0) > fedMs);
  });

  it("outlives fleetd", async () => {
    exclusive = open();
    begin();
    exclusive.observe(web, false);
    await untilSo(async () => (await list())?.length === 0);
  });

  it("is emptied, and everything else removed, with the last unit; the guard ends", async () => {
    await during(exclusive.withdraw(web, stop.signal));
    expect(await list()).toEqual([]);
    expect(readdirSync(join(directory, "guard/env"))).toEqual([]);
    expect(existsSync(readDropIns[0] ?? "")).toBe(false);
    expect(units.calls).toContainEqual(expect.objectContaining({ member: "stop", units: [guardUnitName] }));
  });

  it("lets a unit that was stopped be started anew when the guard is done with it", async () => {
    await files.markStopped(web);
    await guardSays(ttlMs, [web]);
    await linger();
    expect(forgotten).toEqual([]);
    await guardSays(ttlMs);
    await untilSo(() => forgotten.length > 0);
    await untilSo(async () => (await files.stoppedUnits()).length === 0);
  });
});

it("deals with what was stopped while fleetd was not there, though nothing is on the list any more", async () => {
  await guardSays(ttlMs);
  await files.markStopped(web);
  begin();
  await untilSo(() => forgotten.includes(web));
});

it("knows a unit that runs with the token of an older seat", async () => {
  expect(await exclusive.isOutdated(web, 42)).toBe(false);
  await files.writeEnvironment(web, { FLEET_FENCING_TOKEN: "41" });
  expect(await exclusive.isOutdated(web, 41)).toBe(false);
  expect(await exclusive.isOutdated(web, 42)).toBe(true);
});

it("kills what is left of a unit before it is let go of", async () => {
  processes.set(web, [4]);
  await during(exclusive.ensureGone(web));
  expect(processes.size).toBe(0);
});
