// etcd is put back to an older state, in which a unit was elsewhere: accepted, the cluster settles on one copy by itself (P6).
import { cp, rm } from "node:fs/promises";
import { loseMachine } from "@fleet/demo";
import { until } from "@fleet/lab";
import { expect, it } from "vitest";
import { apiStatus, fleetctl, invocations, rows, useCluster } from "../../support/fleet.js";

const cluster = useCluster("e2erestored", { machines: 3, ttl: "4s" });
const limits = { timeoutMs: 60_000, everyMs: 50 };
const isFrozen = async (name: string) => {
  const status = await apiStatus(cluster(), name);
  return status?.available === false && /restored|does not know|was at/.test(status.problem ?? "");
};

it("freezes, also through a restart of fleetd, and after the word of a person settles without another restart", async () => {
  const { lab } = cluster();
  const data = `${lab.dataDirectory}/etcd`;
  const backup = `${lab.dataDirectory}/etcd-backup`;
  await fleetctl(cluster(), "start", "examples/units/hello.service", "examples/units/monitor.service");
  const first = (await cluster().waitForPlaces("hello.service", (places) => places.length === 1))[0] ?? "";
  await lab.stopEtcd();
  await cp(data, backup, { recursive: true });
  await lab.startEtcd();
  await cluster().waitForMachines(3);
  await loseMachine(cluster(), first);
  await lab.reviveMachine(first);
  await cluster().waitForMachines(3);
  const second = (await cluster().waitForPlaces("hello.service", (places) => places.length === 1))[0];
  expect(second).not.toBe(first);
  await cluster().waitForPlaces("monitor.service", (places) => places.length === 3);
  const before = await invocations(cluster());

  await lab.stopEtcd();
  await rm(data, { recursive: true });
  await cp(backup, data, { recursive: true });
  await lab.startEtcd();
  for (const { name } of cluster().machines) {
    await until(`${name} to freeze`, limits, async () => await isFrozen(name));
  }
  await lab.killDaemon(first);
  await until(`${first} to be frozen again`, limits, async () => await isFrozen(first));
  expect(await invocations(cluster())).toEqual(before);

  await fleetctl(cluster(), "machine", "accept", "--all");
  await cluster().waitForMachines(3);
  await cluster().waitForPlaces("hello.service", (places) => places.length === 1);
  await until("hello to be listed where it runs", limits, async () => {
    const listed = rows(
      await fleetctl(cluster(), "list-units", "--no-legend", "--full", "--fields=unit,machine,active"),
    );
    const hello = listed.filter(([unit]) => unit === "hello.service");
    const place = (await cluster().placesOf("hello.service"))[0];
    const id = cluster().machines.find(({ name }) => name === place)?.machineId ?? "nowhere";
    return hello.length === 1 && hello[0]?.[1]?.startsWith(id) === true && hello[0][2] === "active";
  });
});
