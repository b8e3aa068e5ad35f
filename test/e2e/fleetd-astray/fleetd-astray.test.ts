// fleetd has lost its memory, looks at the wrong place, or has booted and sees nothing: no unit is stopped for it (I2).
import { readFileSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "@fleet/lab";
import { beforeAll, expect, it } from "vitest";
import { apiStatus, fleetctl, invocations, useCluster } from "../../support/fleet.js";

const cluster = useCluster("e2eastray", {
  machines: 2,
  ttl: "4s",
  environment: { FLEET_OFFLINE_START_AFTER: "2s", FLEET_ETCD_REQUEST_TIMEOUT: "1" },
});
const limits = { timeoutMs: 60_000, everyMs: 50 };
const gate = "gate.service";

beforeAll(async () => {
  await fleetctl(cluster(), "start", "examples/units/gate.service", "examples/units/monitor.service");
  for (const unit of [gate, "monitor.service"])
    await cluster().waitForPlaces(unit, (places) => places.length === 2);
});

const status = (machine: string) => apiStatus(cluster(), machine);
const untilAvailable = (machine: string) =>
  until(
    `fleetd of ${machine} to be at work`,
    limits,
    async () => (await status(machine))?.available === true,
  );
const log = (machine: string) => readFileSync(cluster().lab.logs(machine).daemon, "utf8");

/** A new unit starts, so the cluster does what it is asked to. */
async function expectWorks(): Promise<void> {
  await fleetctl(cluster(), "start", "examples/units/hello.service");
  await cluster().waitForPlaces("hello.service", (places) => places.length === 1);
  await fleetctl(cluster(), "destroy", "hello");
  await cluster().waitForPlaces("hello.service", (places) => places.length === 0);
}

it("somebody stops a unit on its machine: it stays so, and fleetctl says who it was not", async () => {
  const { lab } = cluster();
  const explained = async () => await fleetctl(cluster(), "explain", "gate");
  await until("both to be told active", limits, async () =>
    (await explained()).includes("runs on 2 of them"),
  );
  await lab.systemctl("m1", ["stop", gate]);
  await until("the words", limits, async () => /inactive.*not by fleet/.test(await explained()));
  const list = await cluster().fleetctl(["status", "--output=json", "gate"]);
  const drifts = JSON.parse(list.stdout).items.map((item: { drift: string | null }) => item.drift);
  expect(new Set(drifts)).toEqual(new Set(["stopped", null]));
  await lab.systemctl("m1", ["start", gate]);
  await until("no more words", limits, async () => !(await explained()).includes("not by fleet"));
});

it.each([
  ["state", ["state"]],
  ["runtime", ["runtime"]],
  ["state and runtime", ["state", "runtime"]],
])("the %s directory is lost: what runs is taken over as it is", async (_what, lost) => {
  const before = await invocations(cluster());
  const { lab } = cluster();
  await lab.stopDaemon("m1", { how: "kill" });
  const { disk, runtime } = lab.paths("m1");
  if (lost.includes("state")) await rm(join(disk, "fleet"), { recursive: true });
  if (lost.includes("runtime")) {
    // All but the units' texts, which are systemd's, too.
    for (const file of await readdir(join(runtime, "fleet")))
      if (file.endsWith(".json")) await rm(join(runtime, "fleet", file));
  }
  await lab.startDaemon("m1");
  await untilAvailable("m1");
  await cluster().waitForMachines(2);
  await expectWorks();
  expect(await invocations(cluster())).toEqual(before);
});

it("the key prefix is changed by mistake: all freeze, nothing stops, and nothing has to be accepted", async () => {
  const before = await invocations(cluster());
  const { lab } = cluster();
  const dropIn = (machine: string) => join(lab.paths(machine).unitDirectory, "fleetd.service.d");
  for (const { name } of cluster().machines) {
    await mkdir(dropIn(name), { recursive: true });
    const text = "[Service]\nEnvironment=FLEET_ETCD_KEY_PREFIX=/mistyped/\n";
    await writeFile(join(dropIn(name), "prefix.conf"), text);
    await lab.systemctl(name, ["daemon-reload"]);
    await lab.restartDaemon(name);
  }
  for (const { name } of cluster().machines) {
    const hasFrozen = async () => (await status(name))?.problem?.includes("holds no cluster") === true;
    await until(`${name} to freeze`, limits, hasFrozen);
  }
  expect(await invocations(cluster())).toEqual(before);
  for (const { name } of cluster().machines) {
    await rm(dropIn(name), { recursive: true });
    await lab.systemctl(name, ["daemon-reload"]);
    await lab.restartDaemon(name);
  }
  for (const { name } of cluster().machines) await untilAvailable(name);
  await cluster().waitForMachines(2);
  await expectWorks();
  expect(await invocations(cluster())).toEqual(before);
});

it("a machine boots while etcd is away: what says so is started by what was known, and once", async () => {
  const { lab } = cluster();
  const others = await invocations(cluster(), ["m2"]);
  await lab.killMachine("m1");
  await lab.stopEtcd();
  await lab.reviveMachine("m1");
  await until("the gate", limits, async () => (await lab.unitsRunning("m1", gate)).size > 0);
  const started = await invocations(cluster(), ["m1"]);
  expect(Object.keys(started)).toEqual([`m1/${gate}`]);
  expect(log("m1")).toContain("the registry cannot be reached: starting what may be started without it");
  // A restart of fleetd meanwhile starts nothing more.
  await lab.restartDaemon("m1");
  await lab.startEtcd();
  await untilAvailable("m1");
  await cluster().waitForPlaces("monitor.service", (places) => places.length === 2);
  await expectWorks();
  expect(await invocations(cluster())).toMatchObject({ ...started, ...others });
});
