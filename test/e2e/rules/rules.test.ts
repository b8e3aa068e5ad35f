// The rules that the original does not know, on real machines: versions, wishes, room, and units that run once only.
import type { MachinePageV2 } from "@fleet/client";
import { until } from "@fleet/lab";
import { expect, it } from "vitest";
import { fleetctl, useCluster } from "../../support/fleet.js";

const zones: Readonly<Record<number, string>> = { 1: "a", 2: "a", 3: "b" };
const cluster = useCluster("e2erules", {
  machines: 3,
  ttl: "5s",
  metadata: (number) => ({
    zone: zones[number] ?? "",
    kernel: `5.${number + 8}`,
    disk: number === 2 ? "ssd" : "hdd",
  }),
  environment: { FLEET_CAPACITY: "cpu=2,memory=1G,gpu=1", FLEET_EXCLUSIVE_STOP_MAX: "2s" },
});

/** Starts a unit with lines of `[X-Fleet]`. */
async function start(name: string, ...lines: readonly string[]): Promise<void> {
  const text = ["[Service]", "ExecStart=/bin/sleep infinity", "[X-Fleet]", ...lines, ""].join("\n");
  const [endpoint = ""] = cluster().endpoint.split(",");
  const answer = await fetch(`${endpoint}/fleet/v2/units/${name}`, {
    method: "PUT",
    body: JSON.stringify({ text, desiredState: "launched" }),
  });
  expect(answer.status, await answer.text()).toBeLessThan(300);
}

async function runsOn(name: string): Promise<string> {
  return (await cluster().waitForPlaces(name, (places) => places.length === 1))[0] ?? "";
}

it("a version, compared part by part", async () => {
  await start("new.service", "MachineMetadata=kernel>=5.10", "MachineMetadata=zone!=b");
  expect(await runsOn("new.service")).toBe("m2");
  await fleetctl(cluster(), "destroy", "new");
});

it("instances spread over zones, and prefer a disk", async () => {
  const lines = ["Spread=zone", "Prefer=disk=ssd"];
  for (const instance of [1, 2, 3]) await start(`w@${instance}.service`, ...lines);
  expect(await runsOn("w@1.service")).toBe("m2");
  expect(await runsOn("w@2.service")).toBe("m3");
  expect(await runsOn("w@3.service")).toBe("m2");
  await fleetctl(cluster(), "destroy", "w@1", "w@2", "w@3");
});

it("units wait for room, and say for what", async () => {
  for (const number of [1, 2, 3, 4]) await start(`gpu-${number}.service`, "Reserve=gpu=1");
  const places = [];
  for (const number of [1, 2, 3]) places.push(await runsOn(`gpu-${number}.service`));
  expect(places.sort()).toEqual(["m1", "m2", "m3"]);
  const explained = await fleetctl(cluster(), "explain", "gpu-4");
  expect(explained).toContain("gpu");
  const [endpoint = ""] = cluster().endpoint.split(",");
  const page = (await (await fetch(`${endpoint}/fleet/v2/machines`)).json()) as MachinePageV2;
  expect(page.machines?.map(({ capacity, reserved }) => ({ capacity, reserved }))).toEqual(
    Array.from({ length: 3 }, () => ({
      capacity: { cpu: "2", memory: "1G", gpu: "1" },
      reserved: { gpu: "1" },
    })),
  );
  await fleetctl(cluster(), "destroy", "gpu-2");
  await runsOn("gpu-4.service");
  await fleetctl(cluster(), "destroy", "gpu-1", "gpu-3", "gpu-4");
});

it("an exclusive unit never runs twice while it is moved", async () => {
  await start("once.service", "Exclusive=true");
  const home = await runsOn("once.service");
  const machine = cluster().machines.find(({ name }) => name === home)?.machineId ?? "";
  const [endpoint = ""] = cluster().endpoint.split(",");
  let most = 0;
  await fetch(`${endpoint}/fleet/v2/machines/${machine}`, {
    method: "PUT",
    body: JSON.stringify({ drained: true }),
  });
  await until("the unit to run elsewhere", { timeoutMs: 60_000, everyMs: 20 }, async () => {
    const places = await cluster().placesOf("once.service");
    most = Math.max(most, places.length);
    return places.length === 1 && places[0] !== home;
  });
  expect(most).toBe(1);
});
