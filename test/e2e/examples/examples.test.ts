// Every example is valid, and every one that needs nothing beyond systemd really runs.

import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { parseUnitFile, parseUnitName, unitWarnings, validateUnit } from "@fleet/core";
import { until } from "@fleet/lab";
import { describe, expect, it } from "vitest";
import { checkout, fleetctl, useCluster } from "../../support/fleet.js";

const directory = `${checkout}/examples/units`;
const files = readdirSync(directory).filter((file) => !file.endsWith(".md"));
const cluster = useCluster("e2eexamples", { machines: 2, ttl: "5s", metadata: () => ({ disk: "big" }) });
const limits = { timeoutMs: 60_000, everyMs: 50 };

describe("examples/units", () => {
  it.each(files)("%s is valid, without a warning, explained, and listed in the README", (file) => {
    const text = readFileSync(`${directory}/${file}`, "utf8");
    const options = parseUnitFile(text);
    const name = parseUnitName(file);
    expect(() => validateUnit(name, options)).not.toThrow();
    expect(unitWarnings(name, options)).toEqual([]);
    expect(text).toMatch(/^# /);
    expect(readFileSync(`${directory}/README.md`, "utf8")).toContain(`\`${file}\``);
  });

  it("cat shows the exact text, comments and all", async () => {
    await fleetctl(cluster(), "submit", "examples/units/cadvisor.service");
    expect(await fleetctl(cluster(), "cat", "cadvisor")).toBe(
      await readFile(`${directory}/cadvisor.service`, "utf8"),
    );
  });

  it("the monitor writes what it knows of its machine", async () => {
    await fleetctl(cluster(), "start", "examples/units/monitor.service");
    for (const { name, machineId } of cluster().machines) {
      const page = `${cluster().lab.paths(name).runtime}/fleet-monitor/machine.prom`;
      const pattern = new RegExp(
        `^machine_load1\\{machine="${machineId}"\\} \\d+\\.\\d+\nmachine_memory_available_kib\\{machine="${machineId}"\\} \\d+\n$`,
      );
      await until(`the page of ${name}`, limits, async () =>
        pattern.test(await readFile(page, "utf8").catch(() => "")),
      );
    }
  });

  it("instances of web never share a machine; the third waits", async () => {
    await fleetctl(cluster(), "submit", "examples/units/web@.service");
    await fleetctl(cluster(), "start", "web@1", "web@2");
    await fleetctl(cluster(), "start", "--no-block", "web@3");
    const [one, two] = [await cluster().placesOf("web@1.service"), await cluster().placesOf("web@2.service")];
    expect([...one, ...two].sort()).toEqual(["m1", "m2"]);
    await fleetctl(cluster(), "destroy", "web@1");
    await cluster().waitForPlaces("web@3.service", (places) => places.length === 1 && places[0] === one[0]);
  });

  it("a socket starts its service, on the same machine", async () => {
    await fleetctl(cluster(), "load", "examples/units/wishes.socket", "examples/units/wishes.service");
    await fleetctl(cluster(), "start", "wishes.socket");
    const listed = await fleetctl(cluster(), "list-units", "--no-legend", "--fields=unit,machine", "--full");
    const places = [...listed.matchAll(/^wishes\.\w+\t+(\S+)$/gm)].map(([, machine]) => machine);
    expect(places).toHaveLength(2);
    expect(places[0]).toBe(places[1]);
    const machine = cluster().machines.find(({ machineId }) => places[0]?.startsWith(machineId))?.name ?? "";
    const { appendFile } = await import("node:fs/promises");
    await appendFile(`${cluster().lab.paths(machine).runtime}/wishes`, "more units\n");
    await until("the wish to be read", limits, async () =>
      (await readFile(cluster().lab.logs(machine).machine, "utf8")).includes("somebody wishes: more units"),
    );
  });

  it("a timer starts its service, on the same machine", async () => {
    await fleetctl(cluster(), "load", "examples/units/tick.timer", "examples/units/tick.service");
    await fleetctl(cluster(), "start", "tick.timer");
    await until("a tick", limits, async () => {
      const logs = await Promise.all(
        cluster().machines.map(({ name }) => readFile(cluster().lab.logs(name).machine, "utf8")),
      );
      return logs.some((log) => /^tick$/m.test(log));
    });
  });
});
