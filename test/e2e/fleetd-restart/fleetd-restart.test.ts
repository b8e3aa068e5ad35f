// Whatever happens to fleetd, the units it manages are not touched (I2, I4).
import { until } from "@fleet/lab";
import { beforeAll, describe, expect, it } from "vitest";
import { apiStatus, fleetctl, invocations, useCluster } from "../../support/fleet.js";

const cluster = useCluster("e2erestart", { machines: 3, ttl: "5s" });
const names = ["hello@1", "hello@2", "hello@3", "hello@4", "hello@5", "hello@6"];
const everyMs = 50;

beforeAll(async () => {
  await fleetctl(cluster(), "submit", "examples/units/hello@.service");
  await fleetctl(cluster(), "start", "examples/units/monitor.service", ...names);
  await cluster().waitForPlaces("monitor.service", (places) => places.length === 3);
});

async function leader(): Promise<string> {
  let found = "";
  await until("a leader", { timeoutMs: 60_000, everyMs }, async () => {
    const id = (await apiStatus(cluster(), "m1"))?.leader;
    found = cluster().machines.find(({ machineId }) => machineId === id)?.name ?? "";
    return found !== "";
  });
  return found;
}

/** Waits until a machine's fleetd answers, as another process than before. */
async function answersAgain(machine: string, oldPid: number): Promise<void> {
  await until(`fleetd of ${machine} to be back`, { timeoutMs: 60_000, everyMs }, async () => {
    const pid = await cluster().lab.daemonPid(machine);
    return pid !== undefined && pid !== oldPid && (await apiStatus(cluster(), machine))?.available === true;
  });
}

describe("fleetd", () => {
  it.each(["killed", "terminated"])(
    "%s while leading: it comes back, and no unit is touched",
    async (how) => {
      const before = await invocations(cluster());
      expect(Object.keys(before)).toHaveLength(9);
      const machine = await leader();
      const oldPid = (await cluster().lab.daemonPid(machine)) ?? 0;
      if (how === "killed") await cluster().lab.killDaemon(machine);
      else await cluster().lab.restartDaemon(machine);
      await answersAgain(machine, oldPid);
      // The cluster works: somebody leads and places a new unit.
      await fleetctl(cluster(), "start", "examples/units/hello.service");
      expect(await invocations(cluster())).toMatchObject(before);
      await fleetctl(cluster(), "destroy", "hello");
      await cluster().waitForPlaces("hello.service", (places) => places.length === 0);
      await cluster().waitForMachines(3);
    },
  );

  it("dead for longer than the TTL: copies start elsewhere, originals run on, the surplus goes when it is back", async () => {
    const machine = await leader();
    const before = await invocations(cluster(), [machine]);
    const others = cluster()
      .machines.map(({ name }) => name)
      .filter((name) => name !== machine);
    const untouched = await invocations(cluster(), others);
    const movable = Object.keys(before)
      .map((place) => place.split("/")[1] ?? "")
      .filter((unit) => unit !== "monitor.service");
    expect(movable.length).toBeGreaterThan(0);
    await cluster().lab.stopDaemon(machine, { how: "kill" });
    for (const unit of movable) {
      await cluster().waitForPlaces(unit, (places) => places.some((place) => place !== machine));
    }
    expect(await invocations(cluster(), [machine])).toEqual(before);
    await cluster().lab.startDaemon(machine);
    for (const unit of movable) {
      await cluster().waitForPlaces(unit, (places) => places.length === 1 && places[0] !== machine);
    }
    expect(await invocations(cluster(), [machine])).toEqual({
      [`${machine}/monitor.service`]: before[`${machine}/monitor.service`],
    });
    expect(await invocations(cluster(), others)).toMatchObject(untouched);
  });

  it("frozen for longer than the TTL with its machine, and thawed: its copies are the surplus", async () => {
    const machine = (await cluster().placesOf("hello@1.service"))[0] ?? "";
    const monitor = (await invocations(cluster(), [machine]))[`${machine}/monitor.service`];
    await cluster().lab.freezeMachine(machine);
    await cluster().waitForPlaces("hello@1.service", (places) => places.some((place) => place !== machine));
    await cluster().lab.thawMachine(machine);
    await cluster().waitForPlaces(
      "hello@1.service",
      (places) => places.length === 1 && places[0] !== machine,
    );
    expect((await invocations(cluster(), [machine]))[`${machine}/monitor.service`]).toBe(monitor);
    await cluster().waitForMachines(3);
  });
});
