// restart on real machines: another process afterwards, one unit at a time; and what status says of machines that nobody
// can log in to.

import { describe, expect, it } from "vitest";
import { fleetctl, invocations, useCluster } from "../../support/fleet.js";

const cluster = useCluster("e2erestart", { machines: 2, ttl: "5s", metadata: () => ({ disk: "big" }) });
const units = "examples/units";

describe("restart", () => {
  it("ends the process and starts another one, where the unit is", async () => {
    await fleetctl(cluster(), "start", `${units}/hello.service`, `${units}/archive.service`);
    const place = (await cluster().placesOf("hello.service"))[0];
    const before = await invocations(cluster());
    const result = await cluster().fleetctl(["restart", "hello"]);
    expect(result).toMatchObject({ status: 0, stderr: "Unit(hello.service) was restarted.\n" });
    expect(result.stdout).toMatch(/^Unit hello.service loaded on .*\nUnit hello.service launched on .*\n$/);
    const after = await invocations(cluster());
    expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
    const changed = Object.keys(after).filter((unit) => after[unit] !== before[unit]);
    expect(changed).toEqual([`${place}/hello.service`]);
  });

  it("restarts a global unit on all machines, one after the other", async () => {
    await fleetctl(cluster(), "start", `${units}/monitor.service`);
    await cluster().waitForPlaces("monitor.service", (places) => places.length === 2);
    const before = await invocations(cluster());
    const lines = (await fleetctl(cluster(), "restart", "monitor")).trimEnd().split("\n");
    expect(lines.map((line) => line.replace(/on .*/, "on …"))).toEqual([
      "Unit monitor.service loaded on …",
      "Unit monitor.service launched on …",
      "Unit monitor.service loaded on …",
      "Unit monitor.service launched on …",
    ]);
    const after = await invocations(cluster());
    for (const machine of ["m1", "m2"]) {
      expect(after[`${machine}/monitor.service`]).not.toBe(before[`${machine}/monitor.service`]);
    }
  });
});

describe("a global unit on one machine", () => {
  const onFirst = () => `monitor@@${cluster().machine("m1")?.machineId}`;
  const rest = (ids: Readonly<Record<string, string>>) => ids["m2/monitor.service"];

  it("is stopped there, and stays so through a new fleetd and a start count of its own", async () => {
    const before = await invocations(cluster());
    expect(await fleetctl(cluster(), "stop", onFirst())).toMatch(/^Unit monitor\.service loaded on .*\n$/);
    expect(await cluster().placesOf("monitor.service")).toEqual(["m2"]);
    for (const machine of ["m1", "m2"]) await cluster().lab.restartDaemon(machine);
    await cluster().waitForMachines(2);
    // Whatever the new daemons do they have done by the time another unit has gone through all of them.
    await fleetctl(cluster(), "restart", "hello");
    expect(await cluster().placesOf("monitor.service")).toEqual(["m2"]);
    expect(await fleetctl(cluster(), "start", onFirst())).toMatch(/^Unit monitor\.service launched on .*\n$/);
    expect(await cluster().placesOf("monitor.service")).toEqual(["m1", "m2"]);
    expect(rest(await invocations(cluster()))).toBe(rest(before));
  });

  it("is restarted there alone", async () => {
    const before = await invocations(cluster());
    await fleetctl(cluster(), "restart", onFirst());
    const after = await invocations(cluster());
    const changed = Object.keys(after).filter((unit) => after[unit] !== before[unit]);
    expect(changed).toEqual(["m1/monitor.service"]);
  });

  it("is started again with the whole", async () => {
    await fleetctl(cluster(), "stop", onFirst());
    await fleetctl(cluster(), "start", "monitor");
    await cluster().waitForPlaces("monitor.service", (places) => places.length === 2);
  });
});

describe("status of a unit on a machine that is simulated", () => {
  it("says what the cluster knows, and that nobody can log in there", async () => {
    // Nobody listens on port 1, whatever sshd the host may have.
    const result = await cluster().fleetctl(["status", "--ssh-port=1", "hello"]);
    expect(result).toMatchObject({ status: 255, stdout: "" });
    expect(result.stderr).toMatch(
      /\nThe cluster knows: unit hello.service on \w{8}\.\.\.\/127\.0\.0\.1[12] is loaded, active \(running\)\nHint: 127\.0\.0\.1[12] is an address of this host itself: a machine that is simulated/,
    );
  });
});
