// The bus dies, or systemd re-executes itself: fleetd says so, reconnects, reconciles; no unit is touched.
import { readFile } from "node:fs/promises";
import type { FleetCluster } from "@fleet/demo";
import { until } from "@fleet/lab";
import { beforeAll, describe, expect, it } from "vitest";
import { fleetctl, invocations, useCluster } from "../../support/fleet.js";

const limits = { timeoutMs: 60_000, everyMs: 50 };

async function logLines(cluster: FleetCluster, machine: string): Promise<readonly Record<string, unknown>[]> {
  const text = await readFile(cluster.lab.logs(machine).daemon, "utf8");
  return text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("over the session bus", () => {
  const cluster = useCluster("e2ebus", { machines: 1, bus: true, ttl: "5s" });

  beforeAll(async () => {
    await fleetctl(cluster(), "start", "examples/units/hello.service");
  });

  it("survives the death of the bus", async () => {
    const before = await invocations(cluster());
    const pids = [...(await cluster().lab.unitsRunning("m1", "dbus.service")).values()].flat();
    expect(pids).toHaveLength(1);
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await until("fleetd to notice", limits, async () =>
      (await logLines(cluster(), "m1")).some(
        ({ level, message }) => level === "warn" && /systemd/.test(`${message}`),
      ),
    );
    await fleetctl(cluster(), "start", "examples/units/blue.service");
    await fleetctl(cluster(), "stop", "blue");
    expect(await invocations(cluster())).toEqual(before);
  });
});

describe("over the manager's private socket", () => {
  const cluster = useCluster("e2eprivate", { machines: 1, ttl: "5s" });

  it("survives a re-execution of systemd", async () => {
    await fleetctl(cluster(), "start", "examples/units/hello.service");
    const before = await invocations(cluster());
    await cluster().lab.systemctl("m1", ["daemon-reexec"]);
    await fleetctl(cluster(), "start", "examples/units/blue.service");
    await fleetctl(cluster(), "destroy", "blue");
    await cluster().waitForPlaces("blue.service", (places) => places.length === 0);
    expect(await invocations(cluster())).toEqual(before);
  });

  it("shows a unit that fails, and a stop by hand, in list-units", async () => {
    const listed = async () =>
      await fleetctl(cluster(), "list-units", "--no-legend", "--fields=unit,active,sub");
    await cluster().lab.systemctl("m1", ["stop", "hello.service"]);
    await until(
      "hello to be listed as stopped",
      limits,
      async () => (await listed()) === "hello.service\tinactive\tdead\n",
    );
  });
});
