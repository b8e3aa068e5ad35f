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
