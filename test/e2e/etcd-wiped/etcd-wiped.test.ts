// etcd comes back empty: nothing is stopped, nothing is begun, everybody says why; an operator's word adopts what runs (P6).
import { until } from "@fleet/lab";
import { beforeAll, expect, it } from "vitest";
import { apiStatus, fleetctl, invocations, useCluster } from "../../support/fleet.js";

const cluster = useCluster("e2ewiped", { machines: 3, ttl: "4s" });
const limits = { timeoutMs: 60_000, everyMs: 50 };

/** What begins the line of each. */
const lists = [
  ["list-machines", "Error retrieving list of active machines"],
  ["list-units", "Error retrieving list of units"],
  ["list-unit-files", "Error retrieving list of units"],
] as const;

beforeAll(async () => {
  await fleetctl(cluster(), "start", "examples/units/monitor.service", "examples/units/hello.service");
  await cluster().waitForPlaces("monitor.service", (places) => places.length === 3);
  await cluster().waitForListedActive(["monitor.service", "hello.service"]);
});

it("leaves all units running, refuses everything and says why, and goes on when told", async () => {
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
  for (const [command, step] of lists) {
    const { status, stdout, stderr } = await cluster().fleetctl([command]);
    expect([command, status, stdout]).toEqual([command, 1, ""]);
    const [problem, hint, ...others] = stderr.trimEnd().split("\n");
    expect(problem).toMatch(new RegExp(`^${step}.*googleapi: Error 503: the registry is not believed: `));
    expect(hint).toMatch(
      /^Hint: this is the answer of http:\S+; etcd was wiped or restored: .+: fleetctl machine accept --all$/,
    );
    expect(others).toEqual([]);
  }
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
