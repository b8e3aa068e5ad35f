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

  it("restarts a global unit on all machines", async () => {
    await fleetctl(cluster(), "start", `${units}/monitor.service`);
    await cluster().waitForPlaces("monitor.service", (places) => places.length === 2);
    const before = await invocations(cluster());
    expect(await fleetctl(cluster(), "restart", "monitor")).toBe(
      "Triggered global unit monitor.service start\n",
    );
    await cluster().waitForPlaces("monitor.service", (places) => places.length === 2);
    const after = await invocations(cluster());
    for (const machine of ["m1", "m2"]) {
      expect(after[`${machine}/monitor.service`]).not.toBe(before[`${machine}/monitor.service`]);
    }
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
