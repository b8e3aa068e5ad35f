// A unit that says Exclusive=true never runs twice (I6): judged by the machines' cgroups, whatever becomes of fleetd.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep, until } from "@fleet/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { fleetctl, useCluster } from "../../support/fleet.js";

const ttlMs = 4_000;
const stopMaxMs = 3_000;
// What a loaded test machine may add to each of the guard's steps; the engine allows for 2 s.
const slackMs = 1_900;
const cluster = useCluster("e2eexclusive", {
  machines: 3,
  ttl: `${ttlMs}ms`,
  proxies: true,
  environment: { FLEET_EXCLUSIVE_STOP_MAX: `${stopMaxMs}ms` },
});
const directory = mkdtempSync(join(tmpdir(), "fleet-exclusive-"));
const calm = "calm.service";
const stubborn = "stubborn.service";
const texts = {
  [calm]: "[Service]\nExecStart=/bin/sleep 1000\n[X-Fleet]\nExclusive=true\n",
  // It ignores SIGTERM, and would take an hour about it.
  [stubborn]:
    '[Service]\nExecStart=/bin/sh -c "trap : TERM; while :; do sleep 1; done"\nTimeoutStopSec=3600\n[X-Fleet]\nExclusive=true\n',
};

beforeAll(async () => {
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(directory, name), text);
  await fleetctl(cluster(), "start", join(directory, calm), join(directory, stubborn));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Where a unit has processes now. */
async function places(unit: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { name } of cluster().machines) {
    if ((await cluster().lab.unitsRunning(name, unit)).size > 0) found.push(name);
  }
  return found;
}

async function placeOf(unit: string): Promise<string> {
  let found: readonly string[] = [];
  await until(`${unit} to run`, { timeoutMs: 60_000, everyMs: 50 }, async () => {
    found = await places(unit);
    return found.length === 1;
  });
  return found[0] ?? "";
}

/** Looks on until told to stop. @returns what ends it: the times at which a unit was last seen on a machine, and overlaps. */
function watch(
  units: readonly string[],
): () => Promise<{ overlaps: string[]; lastSeen: Map<string, number> }> {
  const stop = new AbortController();
  const overlaps: string[] = [];
  const lastSeen = new Map<string, number>();
  const watching = (async () => {
    while (!stop.signal.aborted) {
      for (const unit of units) {
        const now = await places(unit);
        if (now.length > 1) overlaps.push(`${unit} on ${now.join(" and ")}`);
        for (const machine of now) lastSeen.set(`${machine}/${unit}`, performance.now());
      }
      await sleep(20);
    }
  })();
  return async () => {
    stop.abort();
    await watching;
    return { overlaps, lastSeen };
  };
}

async function mainPid(machine: string, unit: string): Promise<string> {
  const { stdout } = await cluster().lab.systemctl(machine, ["show", "-P", "MainPID", unit]);
  return stdout.trim();
}

/** While the unit waits, its explanation and the list say for what, and until when. */
async function explained(unit: string, machine: string): Promise<void> {
  const id = cluster()
    .machines.find(({ name }) => name === machine)
    ?.machineId.slice(0, 8);
  const until10s = { timeoutMs: 10_000, everyMs: 50 };
  await until("the explanation", until10s, async () => {
    const { stdout } = await cluster().fleetctl(["explain", unit]);
    return new RegExp(`waits until \\S+Z for the copy on machine ${id}, which may still run`).test(stdout);
  });
  const listed = await fleetctl(cluster(), "list-unit-files", "--no-legend", "--fields=unit,reason");
  const { stderr } = await cluster().fleetctl(["status", unit]);
  expect(stderr).toMatch(/; waits until \d\d:\d\d:\d\d UTC/);
  expect(listed).toMatch(/^calm\.service\t.*; waits until \d\d:\d\d:\d\d UTC$/m);
}

async function restored(): Promise<void> {
  await cluster().waitForMachines(3);
  await placeOf(calm);
  await placeOf(stubborn);
}

it("tells the unit its token: the revision at which its seat was made", async () => {
  const machine = await placeOf(calm);
  const environment = readFileSync(`/proc/${await mainPid(machine, calm)}/environ`, "utf8").split("\0");
  expect(environment).toContainEqual(expect.stringMatching(/^FLEET_FENCING_TOKEN=[1-9]\d*$/));
});

it.each([
  [calm, "dead"],
  [stubborn, "dead"],
  [calm, "frozen"],
] as const)(
  "%s is over in time where fleetd is %s and etcd away, and before it begins elsewhere",
  async (unit, how) => {
    const machine = await placeOf(unit);
    const end = watch([calm, stubborn]);
    const proxy = await cluster().lab.etcdProxy(machine);
    const pid = (await cluster().lab.daemonPid(machine)) ?? 0;
    if (how === "dead") await cluster().lab.stopDaemon(machine, { how: "kill" });
    else process.kill(pid, "SIGSTOP");
    proxy.cut();
    const cutMs = performance.now();
    if (unit === calm && how === "dead") await explained(unit, machine);
    let elsewhere: readonly string[] = [];
    await until(`${unit} to run elsewhere`, { timeoutMs: 60_000, everyMs: 50 }, async () => {
      elsewhere = (await places(unit)).filter((place) => place !== machine);
      return elsewhere.length > 0;
    });
    const { overlaps, lastSeen } = await end();
    expect(overlaps).toEqual([]);
    const goneMs = (lastSeen.get(`${machine}/${unit}`) ?? 0) - cutMs;
    const stopMs = unit === calm ? 0 : stopMaxMs;
    expect(goneMs).toBeLessThan(ttlMs + stopMs + slackMs);
    proxy.heal();
    if (how === "dead") await cluster().lab.startDaemon(machine);
    else process.kill(pid, "SIGCONT");
    await restored();
  },
);

it("runs on where etcd is back before the deadline", async () => {
  const machine = await placeOf(calm);
  const pid = await mainPid(machine, calm);
  const proxy = await cluster().lab.etcdProxy(machine);
  proxy.cut();
  // The last renewal may be a third of the lifetime ago, and the next one needs a connection: half of it is left for that.
  await sleep(ttlMs / 6);
  proxy.heal();
  await sleep(ttlMs * 1.5);
  expect(await mainPid(machine, calm)).toBe(pid);
});

it("runs on through a restart and a crash of fleetd", async () => {
  const machine = await placeOf(calm);
  const pid = await mainPid(machine, calm);
  await cluster().lab.restartDaemon(machine);
  await sleep(ttlMs / 2);
  await cluster().lab.killDaemon(machine);
  await sleep(ttlMs * 1.5);
  expect(await mainPid(machine, calm)).toBe(pid);
});

it("ends with its guard, and is started anew when there is one again", async () => {
  const machine = await placeOf(calm);
  const pid = await mainPid(machine, calm);
  const guard = await mainPid(machine, "fleet-guard.service");
  process.kill(Number(guard), "SIGKILL");
  await until("another run of it", { timeoutMs: 30_000, everyMs: 50 }, async () => {
    const now = await mainPid(machine, calm);
    return now !== "0" && now !== pid;
  });
  expect(await places(calm)).toEqual([machine]);
  expect(await mainPid(machine, "fleet-guard.service")).not.toBe(guard);
});

it("is started anew where it was, if its machine is heard again before it may run elsewhere", async () => {
  const machine = await placeOf(calm);
  const pid = await mainPid(machine, calm);
  const end = watch([calm]);
  const proxy = await cluster().lab.etcdProxy(machine);
  proxy.cut();
  await until("it to be stopped", { timeoutMs: ttlMs + slackMs, everyMs: 20 }, async () => {
    return (await places(calm)).length === 0;
  });
  proxy.heal();
  const after = await placeOf(calm);
  expect((await end()).overlaps).toEqual([]);
  expect(after).toBe(machine);
  expect(await mainPid(machine, calm)).not.toBe(pid);
});

it("leaves no guard behind when the last of them is gone", async () => {
  const machines = new Set([await placeOf(calm), await placeOf(stubborn)]);
  await fleetctl(cluster(), "destroy", calm, stubborn);
  for (const machine of machines) {
    await until("the guard to be gone", { timeoutMs: 30_000, everyMs: 50 }, async () => {
      return (await cluster().lab.unitsRunning(machine, "fleet-guard.service")).size === 0;
    });
  }
  expect(await places(stubborn)).toEqual([]);
});
