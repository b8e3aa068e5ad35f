// etcd is away for several TTLs and comes back: nothing was stopped, started or moved, and the cluster works at once.
import { until } from "@fleet/lab";
import { beforeAll, expect, it } from "vitest";
import { apiStatus, fleetctl, invocations, useCluster } from "../../support/fleet.js";

const ttlMs = 4000;
const cluster = useCluster("e2eoutage", {
  machines: 3,
  ttl: `${ttlMs}ms`,
  environment: { FLEET_ETCD_REQUEST_TIMEOUT: "1" },
});
const everyMs = 50;
const unavailable = '{"error":{"code":503,"message":"fleet server unable to communicate with etcd"}}';

beforeAll(async () => {
  await fleetctl(cluster(), "start", "examples/units/monitor.service", "examples/units/hello.service");
  await cluster().waitForPlaces("monitor.service", (places) => places.length === 3);
});

it.each(["stopped", "killed"])("%s for three TTLs", async (how) => {
  const before = await invocations(cluster());
  expect(Object.keys(before)).toHaveLength(4);
  const awayMs = performance.now();
  if (how === "stopped") await cluster().lab.stopEtcd();
  else await cluster().lab.killEtcd();
  // Whether fleetd knows it already or finds it out by this request: writes and reads are refused with the same words.
  for (const endpoint of cluster().endpoint.split(",")) {
    const url = `${endpoint}/fleet/v1/units/hello.service`;
    const headers = { "content-type": "application/json" };
    const write = await fetch(url, { method: "PUT", headers, body: '{"desiredState":"launched"}' });
    expect([write.status, await write.text()]).toEqual([503, unavailable]);
  }
  for (const { name } of cluster().machines) {
    await until(`${name} to say that etcd is away`, { timeoutMs: 60_000, everyMs }, async () => {
      return (await apiStatus(cluster(), name))?.available === false;
    });
  }
  const refused = await cluster().fleetctl(["list-units"]);
  expect(refused).toMatchObject({ status: 1, stdout: "" });
  expect(refused.stderr).toContain("etcd");
  // The length of the outage is what is tested: leases must be long over.
  await until(
    "three TTLs",
    { timeoutMs: 60_000, everyMs },
    async () => performance.now() - awayMs > 3 * ttlMs,
  );
  expect(await invocations(cluster())).toEqual(before);

  await cluster().lab.startEtcd();
  await cluster().waitForMachines(3);
  await fleetctl(cluster(), "start", "examples/units/blue.service");
  await cluster().waitForPlaces("blue.service", (places) => places.length === 1);
  expect(await invocations(cluster())).toMatchObject(before);
  await fleetctl(cluster(), "destroy", "blue");
  await cluster().waitForPlaces("blue.service", (places) => places.length === 0);
});
