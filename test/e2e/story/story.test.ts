// The demo's story with assertions: three machines behave as one, and lose one.

import { loseMachine } from "@fleet/demo";
import { describe, expect, it } from "vitest";
import { fleetctl, invocations, rows, useCluster } from "../../support/fleet.js";

const cluster = useCluster("e2estory", {
  machines: 3,
  ttl: "5s",
  metadata: (number): Record<string, string> => (number <= 2 ? { disk: "big" } : {}),
});
const units = "examples/units";
const ordinary = ["hello", "hello-sidekick", "blue", "green", "archive"];

describe("three machines as one", () => {
  it("lists them with address and metadata, in the original's layout", async () => {
    const machines = [...cluster().machines].sort((a, b) => (a.machineId < b.machineId ? -1 : 1));
    const expected = machines.map(({ machineId, address, metadata }) => {
      const pairs = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
      return `${machineId.slice(0, 8)}...\t${address}\t${pairs.map(([key, value]) => `${key}=${value}`).join(",")}\n`;
    });
    expect(await fleetctl(cluster(), "list-machines")).toBe(
      `MACHINE\t\tIP\t\tMETADATA\n${expected.join("")}`,
    );
  });

  it("runs a global unit on every machine", async () => {
    expect(await fleetctl(cluster(), "load", `${units}/monitor.service`)).toContain(
      "Triggered global unit monitor.service load\n",
    );
    expect(rows(await fleetctl(cluster(), "list-unit-files", "--no-legend"))).toMatchObject([
      ["monitor.service", expect.stringMatching(/^[0-9a-f]{7}$/), "loaded", "-", "global"],
    ]);
    expect(await fleetctl(cluster(), "start", `${units}/monitor.service`)).toBe(
      "Triggered global unit monitor.service start\n",
    );
    await cluster().waitForPlaces("monitor.service", (places) => places.length === 3);
  });

  it("places ordinary units by their rules", async () => {
    const printed = await fleetctl(cluster(), "start", ...ordinary.map((name) => `${units}/${name}.service`));
    for (const name of ordinary) {
      expect(printed).toMatch(
        new RegExp(`^Unit ${name}\\.service launched on [0-9a-f]{8}\\.\\.\\./127\\.0\\.0\\.1[123]$`, "m"),
      );
    }
    const places = await Promise.all(ordinary.map((name) => cluster().placesOf(`${name}.service`)));
    const [hello, sidekick, blue, green, archive] = places;
    expect(places.map((place) => place.length)).toEqual([1, 1, 1, 1, 1]);
    expect(sidekick).toEqual(hello);
    expect(blue).not.toEqual(green);
    expect(["m1", "m2"]).toContain(archive?.[0]);
  });

  it("lists every copy as active", async () => {
    await cluster().waitForListedActive(["monitor.service", ...ordinary.map((name) => `${name}.service`)]);
    const listed = rows(await fleetctl(cluster(), "list-units", "--no-legend"));
    expect(listed).toHaveLength(8);
    for (const [, , active, sub] of listed) expect([active, sub]).toEqual(["active", "running"]);
  });
});

describe("a lost machine", () => {
  it("has its units started elsewhere, and nothing else is touched", async () => {
    const victim = (await cluster().placesOf("hello.service"))[0] ?? "";
    const others = cluster()
      .machines.map(({ name }) => name)
      .filter((name) => name !== victim);
    const before = await invocations(cluster(), others);
    const report = await loseMachine(cluster(), victim);
    expect([...report.moved.keys()]).toEqual(
      expect.arrayContaining(["hello.service", "hello-sidekick.service"]),
    );
    expect(report.moved.get("hello-sidekick.service")).toEqual(report.moved.get("hello.service"));
    expect(await invocations(cluster(), others)).toMatchObject(before);
    await cluster().waitForMachines(2);

    await cluster().lab.reviveMachine(victim);
    await cluster().waitForPlaces("monitor.service", (places) => places.includes(victim));
    expect([...(await cluster().lab.unitsRunning(victim)).keys()]).toEqual([
      "fleetd.service",
      "monitor.service",
    ]);
    expect(await invocations(cluster(), others)).toMatchObject(before);
  });
});

describe("stop, unload, destroy", () => {
  it("stops and keeps the unit loaded", async () => {
    expect(await fleetctl(cluster(), "stop", "hello-sidekick")).toContain(
      "Unit hello-sidekick.service loaded on ",
    );
    expect(await cluster().placesOf("hello-sidekick.service")).toEqual([]);
  });

  it("unloads", async () => {
    expect(await fleetctl(cluster(), "unload", "hello-sidekick")).toContain(
      "Unit hello-sidekick.service inactive\n",
    );
  });

  it("destroys: processes gone, units listed nowhere", async () => {
    const names = ["monitor", ...ordinary];
    const printed = await fleetctl(cluster(), "destroy", ...names);
    expect(printed).toBe(names.map((name) => `Destroyed ${name}.service\n`).join(""));
    for (const name of names)
      await cluster().waitForPlaces(`${name}.service`, (places) => places.length === 0);
    expect(await fleetctl(cluster(), "list-unit-files", "--no-legend")).toBe("");
  });
});
