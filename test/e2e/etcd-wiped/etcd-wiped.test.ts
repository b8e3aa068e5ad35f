// etcd comes back empty: nothing is stopped, nothing is begun, everybody says why; an operator's word adopts what runs (P6).
import { until } from "@fleet/lab";
import { beforeAll, expect, it } from "vitest";
import { apiStatus, fleetctl, invocations, useCluster } from "../../support/fleet.js";

const cluster = useCluster("e2ewiped", { machines: 3, ttl: "4s" });
const limits = { timeoutMs: 60_000, everyMs: 50 };

beforeAll(async () => {
  await fleetctl(cluster(), "start", "examples/units/monitor.service", "examples/units/hello.service");
  await cluster().waitForPlaces("monitor.service", (places) => places.length === 3);
  await cluster().waitForListedActive(["monitor.service", "hello.service"]);
});

it("leaves all units running, refuses writes, and goes on when told", async () => {
  const before = await invocations(cluster());
  expect(Object.keys(before)).toHaveLength(4);
  await cluster().lab.stopEtcd();
  await cluster().lab.startEtcd({ wipe: true });
  for (const { name } of cluster().machines) {
    await until(`${name} to freeze`, limits, async () => {
      return /wiped|restored|holds no cluster|belongs to cluster/.test(
        (await apiStatus(cluster(), name))?.problem ?? "",
      );
    });
  }
  const refused = await cluster().fleetctl(["start", "examples/units/blue.service"]);
  expect(refused.status).toBe(1);
  expect(await invocations(cluster())).toEqual(before);

  await fleetctl(cluster(), "machine", "accept", "--all");
  await cluster().waitForMachines(3);
  await fleetctl(cluster(), "start", "examples/units/blue.service");
  expect(await invocations(cluster())).toMatchObject(before);

  // The units are unknown to the empty registry; submitting them again adopts what runs.
  await fleetctl(cluster(), "start", "examples/units/monitor.service", "examples/units/hello.service");
  await cluster().waitForListedActive(["monitor.service", "hello.service"]);
  expect(await invocations(cluster())).toMatchObject(before);
});
