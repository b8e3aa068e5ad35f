// Whoever asks is told why: of a unit without a place, of machines whose units wait, and of the daemon itself.

import { writeFile } from "node:fs/promises";
import { until } from "@fleet/lab";
import { describe, expect, it } from "vitest";
import { apiStatus, fleetctl, useCluster } from "../../support/fleet.js";

const cluster = useCluster("e2ewhy", {
  machines: 4,
  ttl: "5s",
  environment: { FLEET_MASS_LOSS_HOLD: "10m" },
});

const urlOf = (index: number): string => cluster().endpoint.split(",")[index] ?? "";

async function submit(name: string, text: string): Promise<string> {
  const file = `${cluster().lab.dataDirectory}/${name}`;
  await writeFile(file, text);
  return file;
}

const unitText = "[Service]\nExecStart=/bin/sleep 100000\n";

describe("a cluster that is asked why", () => {
  it("says why a unit has no place, also to a start that gives up", async () => {
    const file = await submit("nowhere.service", `${unitText}[X-Fleet]\nMachineMetadata=zone=moon\n`);
    const start = await cluster().fleetctl(["start", "--block-attempts=1", file]);
    expect(start.status).toBe(1);
    expect(start.stderr).toContain("not placed on any machine: no machine: 4 lack zone=moon");
    const unit = await (await fetch(`${urlOf(1)}/fleet/v2/units/nowhere.service`)).json();
    expect(unit).toMatchObject({ problem: "no machine: 4 lack zone=moon" });
    await fleetctl(cluster(), "destroy", "nowhere.service");
  });

  it("explains a unit to whoever asks, and what would give it a place", async () => {
    const demanding = `${unitText}[X-Fleet]\nMachineMetadata=zone=moon\nConflicts=rival*\n`;
    await fleetctl(cluster(), "start", "--no-block", await submit("lost.service", demanding));
    const lost = await cluster().fleetctl(["explain", "lost"]);
    expect(lost.status).toBe(0);
    expect(lost.stdout).toMatch(/^lost\.service has no place on any of 4 machines: all lack zone=moon\.\n/);
    expect(lost.stdout).toContain("wants zone=moon; found no zone on 4");
    expect(lost.stdout).toContain("set zone=moon on one of 4 machines");
    const [first] = cluster().machines;
    const body = JSON.stringify([{ op: "add", path: `/${first?.machineId}/metadata/zone`, value: "moon" }]);
    await fetch(`${urlOf(0)}/fleet/v1/machines`, { method: "PATCH", body });
    const found = await until("the unit to run", { timeoutMs: 20_000, everyMs: 100 }, async () => {
      const { stdout } = await cluster().fleetctl(["explain", "lost", "-o", "json"]);
      const explained = JSON.parse(stdout);
      return explained.summary === `runs on ${first?.machineId}` && explained;
    });
    expect(found).toMatchObject({ schema: "fleetctl.explain/1", standing: "placed", objections: [] });
    const missing = await cluster().fleetctl(["explain", "losst"]);
    expect(missing).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("did you mean lost.service?"),
    });
  });

  it("answers what-if without touching anything, and it comes so", async () => {
    const plan = (...args: readonly string[]) => cluster().fleetctl(["plan", ...args]);
    const [first, second] = cluster().machines.map(({ machineId }) => machineId);
    const before = await fleetctl(cluster(), "list-units", "-o", "json");
    const lose = await plan("lose", first ?? "", "-o", "json");
    expect(lose.status).toBe(1);
    expect(JSON.parse(lose.stdout)).toMatchObject({
      fits: false,
      refusals: [{ unit: "lost.service", isNew: true }],
    });
    expect((await plan("survive")).stdout).toContain("1 of 4 machines leave units without a place");
    await submit("more@.service", unitText);
    const more = await plan("start", `${cluster().lab.dataDirectory}/more@{1..3}.service`, "-o", "json");
    expect(more.status).toBe(0);
    type Row = { readonly unit: string; readonly machine: { readonly id: string } };
    // Which of them is placed first is up to who is faster.
    const foreseen = JSON.parse(more.stdout).moves.map((move: { to: Row["machine"][] }) => move.to[0]?.id);
    expect(await fleetctl(cluster(), "list-units", "-o", "json")).toEqual(before);
    await fleetctl(cluster(), "start", `${cluster().lab.dataDirectory}/more@{1..3}.service`);
    const units: readonly Row[] = JSON.parse(await fleetctl(cluster(), "list-units", "-o", "json")).items;
    const started = units.filter(({ unit }) => unit.startsWith("more@")).map(({ machine }) => machine.id);
    expect(started.sort()).toEqual(foreseen.sort());
    const drain = JSON.parse((await plan("drain", second ?? "", "-o", "json")).stdout);
    expect(drain.fits).toBe(true);
    await fleetctl(cluster(), "destroy", "lost.service", "more@{1..3}");
  });

  it("counts what its daemons do, and tells their conditions, without a secret", async () => {
    await fleetctl(cluster(), "start", await submit("here.service", unitText));
    const bodies = await Promise.all(
      cluster().machines.map(async (_, index) => (await fetch(`${urlOf(index)}/metrics`)).text()),
    );
    const leaders = bodies.filter((body) => /^fleet_engine_leader_start_time [1-9]/m.test(body));
    expect(leaders).toHaveLength(1);
    expect(leaders[0]).toMatch(/^fleet_engine_task_count_total\{type="attemptscheduleunit"\} [1-9]/m);
    for (const body of bodies) {
      expect(body).toMatch(/^fleet_registry_operation_count_total\{type="keepAliveOnce"\} [1-9]/m);
      expect(body).toContain('fleet_session_condition{condition="joined"} 1');
      expect(body).toMatch(/^process_resident_memory_bytes [1-9]\d+/m);
    }
    const state = await (await fetch(`${urlOf(0)}/fleet/v2/debug/state`)).json();
    expect(state).toMatchObject({
      agent: { isConnected: true },
      api: { available: true },
      engine: { isCandidate: true },
      replica: { condition: "current", machinesPresent: 4 },
      session: { condition: "joined" },
    });
  });

  it("says that moves are held when most machines vanish, and until when", async () => {
    const apart = `${unitText}[X-Fleet]\nConflicts=apart-*.service\n`;
    const names = ["apart-1.service", "apart-2.service", "apart-3.service", "apart-4.service"];
    const files = await Promise.all(names.map((name) => submit(name, apart)));
    await fleetctl(cluster(), "start", ...files);
    const [survivor, ...victims] = cluster().machines;
    const victimIds = victims.map(({ machineId }) => machineId);
    await Promise.all(victims.map(({ name }) => cluster().lab.killMachine(name)));
    // The lease that ends first is a single loss, which is acted on at once.
    const holds = await until("the holds to be told", { timeoutMs: 60_000, everyMs: 250 }, async () => {
      const told = (await apiStatus(cluster(), survivor?.name ?? ""))?.holds ?? [];
      return told.length >= victims.length - 1 && told;
    });
    for (const { machineID, reason, untilMs } of holds) {
      expect(victimIds).toContain(machineID);
      expect(reason).toMatch(/^lost together with most machines/);
      expect(untilMs).toBeGreaterThan(Date.now());
    }
  });
});
