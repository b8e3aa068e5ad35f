// What people do with systemctl behind fleet's back, on a real systemd: it is noticed by signals, told, and not fought.
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseUnitName, type UnitName, type UnitState } from "@fleet/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { AgentMachine } from "../support/agent-machine.js";
import { systemClock } from "../support/system-clock.js";
import { UserManager } from "../support/user-manager.js";

const waiting = { timeout: 15_000, interval: 10 };
/** What is noticed by signal; the slow resync comes after a minute. */
const noticedMsMax = 1_000;
const service = (more = "") => `[Service]\nExecStart=/bin/sleep 1000\n${more}`;

describe("behind the agent's back", () => {
  let machine: UserManager;
  let host: AgentMachine;
  let names: UnitName[];

  beforeAll(async () => {
    machine = await UserManager.boot();
  });
  afterAll(() => machine?.stop());
  beforeEach(async () => {
    names = [];
    host = await AgentMachine.on(machine);
    host.begin();
    await vi.waitFor(() => expect(host.agent.status().isConnected).toBe(true), waiting);
  });
  afterEach(async () => {
    for (const name of names) host.session.seat(name, { target: "absent" });
    await vi.waitFor(() => {
      for (const name of names) expect(stateOf(name)).toMatchObject({ condition: "unloaded" });
    }, waiting);
    await host.end();
  });

  const stateOf = (name: UnitName): UnitState | undefined => host.session.states.get(name);
  const untilState = (name: UnitName, facts: Partial<UnitState>) =>
    vi.waitFor(() => expect(stateOf(name)).toMatchObject(facts), waiting);
  const started = async (text: string, unitText = service()): Promise<UnitName> => {
    const name = parseUnitName(text);
    names.push(name);
    host.session.seat(name, { text: unitText });
    await untilState(name, { activeState: "active", jobResult: "done" });
    return name;
  };
  /** How long it takes until the state says so. */
  const noticed = async (act: Promise<void>, name: UnitName, facts: Partial<UnitState>): Promise<number> => {
    await act;
    const sinceMs = systemClock.monotonic();
    await untilState(name, facts);
    return systemClock.monotonic() - sinceMs;
  };

  test("systemctl stop and start are told within a second, and nothing is done", async () => {
    const web = await started("drift-web.service");
    const tasks = host.agent.status().tasks;
    expect(
      await noticed(machine.systemctl("stop", web), web, { activeState: "inactive", drift: "stopped" }),
    ).toBeLessThan(noticedMsMax);
    expect(await noticed(machine.systemctl("start", web), web, { activeState: "active" })).toBeLessThan(
      noticedMsMax + 1_000, // At most one write a second.
    );
    await vi.waitFor(() => expect(stateOf(web)?.drift).toBeUndefined(), waiting);
    expect(host.agent.status().tasks).toEqual(tasks);
  });

  test("systemctl kill is no drift: the unit has failed, and says how", async () => {
    const web = await started("drift-killed.service");
    await machine.systemctl("kill", "--signal=KILL", web);
    await untilState(web, { activeState: "failed", reason: "killed by SIGKILL" });
    expect(stateOf(web)?.drift).toBeUndefined();
  });

  const restarting = (condition: string, after: string) =>
    `[Unit]\nConditionPathExists=${condition}\n${service(`Restart=always\nRestartSec=${after}\n`)}`;

  test("a restart of systemd's own that a condition forbids is no drift", async () => {
    const condition = join(machine.directory, "drift-condition");
    await writeFile(condition, "");
    const web = await started("drift-skipped.service", restarting(condition, "200ms"));
    let isTold = false;
    host.unitManager.subscribe((event) => {
      if (event.kind === "job-done" && event.unit === web) isTold = true;
    });
    await rm(condition);
    await machine.systemctl("kill", "--signal=KILL", web);
    await untilState(web, { activeState: "inactive" });
    await vi.waitFor(async () => expect((await host.describe(web)).hasJob).toBe(false), waiting);
    expect(isTold).toBe(false);
    expect(stateOf(web)?.drift).toBeUndefined();
  });

  test("systemctl stop of one that waits for its restart is told", async () => {
    const web = await started("drift-waiting.service", restarting("/", "60s"));
    await machine.systemctl("kill", "--signal=KILL", web);
    await untilState(web, { subState: "auto-restart" });
    await machine.systemctl("stop", web);
    await untilState(web, { activeState: "inactive", drift: "stopped" });
  });

  test("a service that ends says its exit status and restarts, also to the next fleetd", async () => {
    const crash = parseUnitName("drift-crash.service");
    names.push(crash);
    host.session.seat(crash, {
      text: "[Unit]\nStartLimitIntervalSec=100\nStartLimitBurst=3\n[Service]\nExecStart=/bin/sh -c 'exit 7'\nRestart=on-failure\nRestartSec=10ms\n",
    });
    const reason = expect.stringMatching(/exit status 7, restarted \w+ times$/);
    await untilState(crash, { activeState: "failed", reason });
    const told = stateOf(crash);
    await host.end();
    host.session.states.clear();
    host.session.registration += 1;
    host.begin();
    await vi.waitFor(() => expect(stateOf(crash)?.reason).toBe(told?.reason), waiting);
  });

  test("one that is masked while it runs is left running, and stopped by its tombstone", async () => {
    const web = await started("drift-masked.service");
    const before = (await host.describe(web)).invocationId;
    const directory = join(machine.directory, "systemd/user.control");
    await mkdir(directory, { recursive: true });
    await symlink("/dev/null", join(directory, web));
    try {
      await machine.systemctl("daemon-reload");
      await untilState(web, { condition: "loaded", activeState: "active", drift: "masked" });
      expect((await host.describe(web)).invocationId).toBe(before);
      host.session.seat(web, { target: "absent" });
      await untilState(web, { condition: "unloaded" });
      expect(await host.describe(web)).toMatchObject({ activeState: "inactive" });
    } finally {
      await rm(join(directory, web));
      await machine.systemctl("daemon-reload");
    }
  });

  test("one whose link was taken away runs on, and is linked again for the next start", async () => {
    const web = await started("drift-disabled.service");
    const before = (await host.describe(web)).invocationId;
    await machine.systemctl("disable", "--runtime", web);
    await machine.systemctl("daemon-reload");
    await vi.waitFor(async () => expect((await host.describe(web)).invocationId).toBe(before), waiting);
    await machine.systemctl("stop", web);
    await untilState(web, { activeState: "inactive" });
    host.session.seat(web, { startCount: 2 });
    await untilState(web, { activeState: "active", started: expect.objectContaining({ startCount: 2 }) });
  });

  test.each([
    ["disabled", (name: UnitName) => machine.systemctl("disable", "--runtime", name)],
    ["unlinked", (name: UnitName) => rm(join(machine.directory, "systemd/user", name))],
  ])("one that was %s, without a daemon-reload, is stopped by the next fleetd", async (word, takeAway) => {
    const kept = await started(`drift-${word}-kept.service`);
    const gone = await started(`drift-${word}-gone.service`);
    const before = (await host.describe(kept)).invocationId;
    await takeAway(kept);
    await takeAway(gone);
    expect(await host.describe(gone)).toMatchObject({ loadState: "loaded", isFileGone: true });
    await host.end();
    host.session.seat(gone, { target: "absent" });
    host.begin();
    await untilState(gone, { condition: "unloaded" });
    expect(await host.describe(gone)).toMatchObject({ activeState: "inactive" });
    await vi.waitFor(async () => {
      const fragmentPath = host.unitDirectory.pathOf(kept);
      expect(await host.describe(kept)).toMatchObject({ fragmentPath, invocationId: before });
    }, waiting);
    host.session.seat(kept, { target: "loaded" });
    await untilState(kept, { activeState: "inactive" });
  });

  test("with drift = reconcile what was stopped is started again", async () => {
    await host.end();
    host.reconcilesDrift = true;
    host.begin();
    const web = await started("drift-back.service");
    const before = (await host.describe(web)).invocationId;
    await machine.systemctl("stop", web);
    await vi.waitFor(async () => {
      const { activeState, invocationId } = await host.describe(web);
      expect(activeState).toBe("active");
      expect(invocationId).not.toBe(before);
    }, waiting);
  });

  test("a unit that takes its time to stop gets it, and delays nobody", async () => {
    const slow = await started(
      "drift-slow.service",
      // A signal that ends nothing, from the first moment on: a shell's trap may come too late for a quick stop.
      "[Service]\nExecStart=/bin/sleep 1000\nKillSignal=SIGCONT\nTimeoutStopSec=2\n",
    );
    const sinceMs = systemClock.monotonic();
    host.session.seat(slow, { target: "loaded" });
    const other = await started("drift-quick.service");
    expect(stateOf(slow)).not.toMatchObject({ activeState: "inactive" });
    expect(stateOf(other)).toMatchObject({ activeState: "active" });
    await vi.waitFor(() => expect(["inactive", "failed"]).toContain(stateOf(slow)?.activeState), waiting);
    expect(systemClock.monotonic() - sinceMs).toBeGreaterThan(1_900);
  });
});
