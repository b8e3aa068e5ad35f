import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseUnitName, type UnitName, type UnitState } from "@fleet/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { AgentMachine } from "../support/agent-machine.js";
import { systemClock } from "../support/system-clock.js";
import { UserManager } from "../support/user-manager.js";

const waiting = { timeout: 15_000, interval: 10 };
const service = (more = "") => `[Service]\nExecStart=/bin/sleep 1000\n${more}`;

describe("an agent on systemd", () => {
  let machine: UserManager;
  let host: AgentMachine;
  let names: UnitName[];

  beforeAll(async () => {
    machine = await UserManager.boot();
  });
  afterAll(() => machine?.stop());
  beforeEach(async () => {
    names = [];
    host = await AgentMachine.on(machine, 1_000);
    host.begin();
    // Connected is not enough: nothing is begun before systemd has told which boot this is.
    await vi.waitFor(() => expect(host.agent.status().bootId).toBeDefined(), waiting);
  });
  afterEach(async () => {
    for (const name of names) host.session.seat(name, { target: "absent" });
    await vi.waitFor(() => {
      for (const name of names) expect(stateOf(name)).toMatchObject({ condition: "unloaded" });
    }, waiting);
    expect(await host.unitDirectory.list()).toEqual([]);
    await host.end();
  });

  const unit = (name: string): UnitName => {
    const parsed = parseUnitName(name);
    names.push(parsed);
    return parsed;
  };
  const stateOf = (name: UnitName): UnitState | undefined => host.session.states.get(name);
  const untilState = (name: UnitName, facts: Partial<UnitState>) =>
    vi.waitFor(() => expect(stateOf(name)).toMatchObject(facts), waiting);

  test("loads, starts, stops, unloads and acknowledges", async () => {
    const web = unit("agent-web.service");
    host.session.seat(web, { text: service(), target: "loaded" });
    await untilState(web, { condition: "loaded", activeState: "inactive" });
    host.session.seat(web, { target: "launched" });
    await untilState(web, { activeState: "active", subState: "running", jobResult: "done" });
    expect((await host.describe(web)).fragmentPath).toBe(host.unitDirectory.pathOf(web));
    host.session.seat(web, { target: "loaded" });
    await untilState(web, { activeState: "inactive" });
    const tombstone = host.session.seat(web, { target: "absent" });
    await untilState(web, { condition: "unloaded", acked: tombstone });
    expect(await host.describe(web)).toMatchObject({ loadState: "not-found", activeState: "inactive" });
    expect(host.agent.status()).toMatchObject({ reloads: 0, taskFailures: 0 });
  });

  test("enables at load and disables at unload", async () => {
    const web = unit("agent-enabled.service");
    const link = join(machine.directory, "systemd/user/default.target.wants", web);
    host.session.seat(web, { text: service("[Install]\nWantedBy=default.target\n"), target: "loaded" });
    await untilState(web, { condition: "loaded" });
    expect(existsSync(link)).toBe(true);
    const tombstone = host.session.seat(web, { target: "absent" });
    await untilState(web, { acked: tombstone });
    expect(existsSync(link)).toBe(false);
  });

  test("a restart of the agent touches no unit and writes no state", async () => {
    const units = Array.from({ length: 10 }, (_, index) => unit(`agent-kept-${index}.service`));
    for (const name of units) host.session.seat(name, { text: service() });
    for (const name of units) await untilState(name, { activeState: "active", jobResult: "done" });
    const invocations = async () =>
      Promise.all(units.map(async (name) => (await host.describe(name)).invocationId));
    const before = await invocations();
    const writes = host.session.published.length;
    await host.end();
    host.begin();
    // The new agent is at work when it obeys a new seat.
    const after = unit("agent-after.service");
    host.session.seat(after, { text: service() });
    await untilState(after, { activeState: "active" });
    expect(await invocations()).toEqual(before);
    expect(host.session.published.slice(writes).map((state) => state.unit)).toEqual([after]);
  });

  test("a unit that crashes all the time costs at most one write a second", async () => {
    const loop = unit("agent-loop.service");
    const text =
      "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/false\nRestart=always\nRestartSec=50ms\n";
    const beganMs = systemClock.monotonic();
    host.session.seat(loop, { text });
    const changes = new Set<string>();
    host.unitManager.subscribe((event) => {
      if (event.kind === "changed" && event.units.has(loop)) changes.add(`${changes.size}`);
    });
    await vi.waitFor(() => expect(changes.size).toBeGreaterThan(60), waiting);
    const seconds = (systemClock.monotonic() - beganMs) / 1_000;
    const writes = host.session.published.filter((state) => state.unit === loop).length;
    expect(writes).toBeLessThanOrEqual(Math.floor(seconds) + 1);
    expect(writes).toBeGreaterThan(0);
  });

  test("refuses a name that belongs to the machine, and leaves its unit alone", async () => {
    const dbus = unit("dbus.service");
    const before = await host.describe(dbus);
    host.session.seat(dbus, { text: service() });
    await untilState(dbus, { condition: "refused" });
    expect(stateOf(dbus)?.reason).toMatch(/^"dbus.service" belongs to this machine/);
    host.session.seat(dbus, { target: "absent" });
    await untilState(dbus, { condition: "unloaded" });
    expect(await host.describe(dbus)).toEqual(before);
  });

  test("stops the old content completely before the new one is read", async () => {
    const web = unit("agent-changed.service");
    const log = join(machine.directory, "order");
    const text = (word: string) =>
      service(
        `ExecStartPre=/bin/sh -c 'echo start ${word} >>${log}'\nExecStopPost=/bin/sh -c 'sleep 0.2; echo stop ${word} >>${log}'\n`,
      );
    host.session.seat(web, { text: text("one") });
    await untilState(web, { activeState: "active" });
    host.session.seat(web, { text: text("two") });
    const seat = host.session.seats.get(web);
    await untilState(web, { activeState: "active", contentId: seat?.contentId ?? "" });
    expect(await readFile(log, "utf8")).toBe("start one\nstop one\nstart two\n");
    expect(host.agent.status().reloads).toBeLessThanOrEqual(1);
  });

  test("units that arrive together start in the order that they ask for, also with new content", async () => {
    const log = join(machine.directory, "sequence");
    const units = ["agent-z-first.service", "agent-m-second.service", "agent-a-third.service"].map(unit);
    const seat = (word: string) => {
      for (const [index, name] of units.entries()) {
        const after = index === 0 ? "" : `After=${units[index - 1]}\n`;
        // The first is the last to be stopped, so the others are ready before it.
        const text = `[Unit]\n${after}[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'sleep 0.1; echo ${word} ${index} >>${log}'\nExecStop=/bin/sleep ${index === 0 ? 0.5 : 0}\n`;
        host.session.seat(name, { text });
      }
    };
    for (const word of ["old", "new"]) {
      seat(word);
      for (const name of units)
        await untilState(name, {
          activeState: "active",
          contentId: host.session.seats.get(name)?.contentId ?? "",
        });
    }
    expect(await readFile(log, "utf8")).toBe("old 0\nold 1\nold 2\nnew 0\nnew 1\nnew 2\n");
  });

  test("a conflicting unit starts when the other's stop has ended", async () => {
    const old = unit("agent-old.service");
    const fresh = unit("agent-fresh.service");
    const log = join(machine.directory, "turns");
    host.session.seat(old, { text: service(`ExecStopPost=/bin/sh -c 'sleep 0.2; echo old >>${log}'\n`) });
    await untilState(old, { activeState: "active" });
    host.session.seat(fresh, {
      text: service(
        `ExecStartPre=/bin/sh -c 'echo fresh >>${log}'\n[X-Fleet]\nConflicts=agent-old.service\n`,
      ),
    });
    host.session.seat(old, { target: "absent" });
    await untilState(fresh, { activeState: "active" });
    expect(await readFile(log, "utf8")).toBe("old\nfresh\n");
  });

  test("killed between the intent and the start, it starts the unit once; killed after it, not again", async () => {
    const units = ["agent-unissued.service", "agent-issued.service"].map(unit);
    for (const name of units) host.session.seat(name, { text: service(), target: "loaded" });
    for (const name of units) await untilState(name, { condition: "loaded" });
    await host.end();
    const [unissued, issued] = units as [UnitName, UnitName];
    const stop = new AbortController();
    const running = host.unitManager.run(stop.signal);
    const bootId = await host.unitManager.bootId(stop.signal);
    for (const name of units) {
      host.session.seat(name, { target: "launched", startCount: 2 });
      const seat = host.session.seats.get(name);
      const generation = {
        bootId,
        seatRevision: seat?.createRevision,
        contentId: seat?.contentId,
        startCount: seat?.startCount,
      };
      for (const [document, text] of host.runtimeDocuments.documents) {
        if (!document.startsWith("agent-starts")) continue;
        const records = {
          ...JSON.parse(text),
          [name]: { generation, phase: "intent", invocationBefore: "" },
        };
        host.runtimeDocuments.documents.set(document, JSON.stringify(records));
      }
    }
    await (await host.unitManager.start(issued, stop.signal)).result;
    const before = await host.describe(issued);
    stop.abort();
    await running;
    host.begin();
    for (const name of units) await untilState(name, { activeState: "active", started: expect.anything() });
    expect(await host.describe(issued)).toEqual(before);
    expect((await host.describe(unissued)).activeState).toBe("active");
  });

  test("a frozen systemd is waited for", async () => {
    const web = unit("agent-frozen.service");
    await machine.freeze();
    try {
      host.session.seat(web, { text: service() });
      await vi.waitFor(() => expect(host.agent.status().taskFailures).toBeGreaterThan(0), waiting);
    } finally {
      await machine.thaw();
    }
    await untilState(web, { activeState: "active" });
  });

  test("a reload by somebody else and a re-execution restart nothing", async () => {
    const web = unit("agent-reload.service");
    host.session.seat(web, { text: service() });
    await untilState(web, { activeState: "active", jobResult: "done" });
    const before = await host.describe(web);
    await machine.systemctl("daemon-reload");
    await machine.systemctl("daemon-reexec");
    const after = unit("agent-reloaded.service");
    host.session.seat(after, { text: service() });
    await untilState(after, { activeState: "active" });
    expect(await host.describe(web)).toEqual(before);
  });

  test("after a boot everything that is seated starts again", async () => {
    const web = unit("agent-boot.service");
    host.session.seat(web, { text: service() });
    await untilState(web, { activeState: "active", jobResult: "done" });
    const before = stateOf(web)?.started?.bootId;
    await machine.reboot();
    await vi.waitFor(() => expect(stateOf(web)?.started?.bootId).not.toBe(before), waiting);
    await untilState(web, { activeState: "active" });
  });

  test("a hundred units start without a reload", async () => {
    const units = Array.from({ length: 100 }, (_, index) => unit(`agent-many-${index}.service`));
    for (const name of units) host.session.seat(name, { text: service() });
    for (const name of units) await untilState(name, { activeState: "active" });
    expect(host.agent.status()).toMatchObject({ reloads: 0, taskFailures: 0, running: 100 });
  });
});
