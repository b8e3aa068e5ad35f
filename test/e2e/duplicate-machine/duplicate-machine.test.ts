// Two machines with one machine id: the second refuses to join, names the first, and ends with a code of its own.
import { fleetDaemon, runProgram } from "@fleet/demo";
import { expect, it } from "vitest";
import { checkout, fleetctl, invocations, rows, useCluster } from "../../support/fleet.js";

/** Twelve lifetimes: a refusal takes two renewals. */
const refusalMsMax = 60_000;

const cluster = useCluster("e2eduplicate", { machines: 2, ttl: "5s" });

it("refuses the second, and leaves the first and its units alone", async ({ signal }) => {
  await fleetctl(cluster(), "start", "examples/units/monitor.service");
  await cluster().waitForPlaces("monitor.service", (places) => places.length === 2);
  const [first, second] = cluster().machines;
  if (first === undefined || second === undefined) throw new Error("two machines expected");
  const { lab } = cluster();
  // Machines are told apart by their kernel and the microsecond in which their systemd began. These have one kernel, and boot
  // together: as often as not in the same microsecond.
  await lab.killMachine(second.name);
  await lab.reviveMachine(second.name);
  await cluster().waitForPlaces("monitor.service", (places) => places.length === 2);
  await cluster().waitForMachines(2);
  const before = await invocations(cluster());
  await lab.stopDaemon(second.name);
  const cloned = { ...second, machineId: first.machineId };
  const apiPort = await lab.port("clone", second.address);
  const { command, environment } = fleetDaemon(lab, cloned, {
    checkout,
    etcdUrl: lab.etcdUrl,
    apiPort,
    ttl: "5s",
  });
  // Another state directory: this is another machine's disk.
  const elsewhere = {
    FLEET_STATE_DIRECTORY: `${lab.dataDirectory}/clone`,
    FLEET_RUNTIME_DIRECTORY: `${lab.dataDirectory}/clone-run`,
  };
  // A clone that was let in runs on: it is ended in time to say so.
  const limit = new AbortController();
  const limited = AbortSignal.any([signal, limit.signal]);
  const timer = setTimeout(() => limit.abort(), refusalMsMax);
  const ending = runProgram(command, { environment: { ...environment, ...elsewhere }, signal: limited });
  const result = await ending
    .catch((cause: unknown) => {
      throw new Error(`the clone was not refused within ${refusalMsMax} ms`, { cause });
    })
    .finally(() => clearTimeout(timer));
  expect(result.status).toBe(6);
  expect(result.stderr).toContain(first.machineId);
  expect(result.stderr).toContain(first.address);
  expect(result.stderr).toContain(second.address);
  const list = await cluster().fleetctl(["list-machines"]);
  expect(list.stderr).toContain(`another machine with the same id was refused: ${second.address} (`);
  expect(await invocations(cluster())).toEqual(before);
  await lab.startDaemon(second.name);
  await cluster().waitForMachines(2);
  expect(rows(await fleetctl(cluster(), "list-units", "--no-legend"))).toHaveLength(2);
});
