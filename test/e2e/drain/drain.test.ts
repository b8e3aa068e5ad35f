// A machine is emptied for maintenance: everything runs elsewhere before it stops, and nobody else notices.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { UnitV2, WaitAnswerV2 } from "@fleet/client";
import { until } from "@fleet/lab";
import { expect, it } from "vitest";
import { fleetctl, invocations, rows, useCluster } from "../../support/fleet.js";

const cluster = useCluster("e2edrain", { machines: 3, ttl: "10s" });

const service = (...options: readonly string[]) =>
  ["[Service]", "ExecStart=/bin/sleep infinity", ...options, ""].join("\n");

const units: Readonly<Record<string, string>> = {
  "web.service": service(),
  "api.service": service(),
  // Its start takes a while, and it is not active before.
  "slow.service": service("ExecStartPre=/bin/sleep 1"),
  "db.service": service(),
  "db-backup.service": service("[X-Fleet]", "MachineOf=db.service"),
};
const others: Readonly<Record<string, string>> = {
  "mon.service": service("[X-Fleet]", "Global=true"),
  "other-1.service": service(),
  "other-2.service": service(),
};

/** Starts units, and waits until they are active. */
async function start(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await put(name, { text });
  await fleetctl(cluster(), "start", "--timeout=60", ...Object.keys(files));
}

async function put(name: string, body: object): Promise<void> {
  const [endpoint = ""] = cluster().endpoint.split(",");
  const answer = await fetch(`${endpoint}/fleet/v2/units/${name}`, {
    method: "PUT",
    body: JSON.stringify(body),
  });
  expect(answer.status).toBeLessThan(300);
}

async function details(name: string): Promise<UnitV2> {
  const [endpoint = ""] = cluster().endpoint.split(",");
  return (await (await fetch(`${endpoint}/fleet/v2/units/${name}`)).json()) as UnitV2;
}

/** Machines' ids by their names. */
function idOf(name: string): string {
  const machine = cluster().machines.find((candidate) => candidate.name === name);
  if (machine === undefined) throw new Error(`no machine ${name}`);
  return machine.machineId;
}

/** Follows units until stopped. @returns those that were active nowhere at some moment. */
function watchActive(names: readonly string[]): { stop(): Promise<ReadonlySet<string>> } {
  const idle = new Set<string>();
  let isStopped = false;
  const active = new Map<string, boolean>();
  const follow = async (): Promise<void> => {
    const [endpoint = ""] = cluster().endpoint.split(",");
    let after = 0;
    while (!isStopped) {
      const timeout = after === 0 ? 0 : 2;
      const query = `units=${names.join(",")}&after=${after}&timeout=${timeout}`;
      const answer = (await (await fetch(`${endpoint}/fleet/v2/wait?${query}`)).json()) as WaitAnswerV2;
      after = answer.revision;
      for (const { name } of answer.units ?? []) {
        const states = (answer.states ?? []).filter((state) => state.name === name);
        active.set(
          name,
          states.some((state) => state.systemdActiveState === "active"),
        );
      }
      for (const name of names) if (active.get(name) !== true) idle.add(name);
    }
  };
  const following = follow();
  return {
    stop: async () => {
      isStopped = true;
      await following;
      return idle;
    },
  };
}

/** Names of the units on a machine. */
async function unitsOn(name: string): Promise<readonly string[]> {
  const listed = await fleetctl(
    cluster(),
    "list-units",
    "--no-legend",
    "--fields=unit",
    `--filter=machine=${idOf(name)},state=active`,
  );
  return rows(listed).flat().sort();
}

it("cordoned machines get no units", async () => {
  await fleetctl(cluster(), "cordon", idOf("m2"), idOf("m3"));
  await start(units);
  expect(await unitsOn("m1")).toEqual(Object.keys(units).sort());
  await fleetctl(cluster(), "uncordon", idOf("m2"), idOf("m3"));
  await start(others);
  await until("the global unit on all machines", { timeoutMs: 30_000 }, async () => {
    const lists = await Promise.all(["m1", "m2", "m3"].map(unitsOn));
    return lists.every((names) => names.includes("mon.service"));
  });
});

it("a drained machine loses its units without a moment in which one is active nowhere", async () => {
  const before = await invocations(cluster(), ["m2", "m3"]);
  const onFirst = await invocations(cluster(), ["m1"]);
  expect(Object.keys(before)).toHaveLength(4);
  const watch = watchActive(Object.keys(units));
  const printed = await fleetctl(cluster(), "drain", "--timeout=60", "--at-a-time=2", idOf("m1"));
  const idle = await watch.stop();
  expect([...idle]).toEqual([]);
  for (const name of Object.keys(units)) expect(printed).toContain(`Unit ${name} moved to `);
  expect(printed).toMatch(/^Drained machine .+ \(units that belong to it and stay: 1\)$/m);
  expect(await unitsOn("m1")).toEqual(["mon.service"]);
  const after = await invocations(cluster());
  // Nothing that ran elsewhere was touched, nor what stays.
  expect(after).toMatchObject(before);
  expect(after["m1/mon.service"]).toBe(onFirst["m1/mon.service"]);
  const where = (unit: string) => ["m2", "m3"].filter((machine) => `${machine}/${unit}` in after);
  expect(where("db-backup.service")).toEqual(where("db.service"));
  for (const name of Object.keys(units)) expect(where(name)).toHaveLength(1);
});

it("nothing comes to it before it is uncordoned, and nothing comes back by itself", async () => {
  const before = await invocations(cluster());
  const listed = await cluster().fleetctl(["list-machines"]);
  expect(listed.stderr).toMatch(/^Machine .+ is draining$/m);
  await start({ "late.service": service() });
  expect(await unitsOn("m1")).toEqual(["mon.service"]);
  await fleetctl(cluster(), "uncordon", idOf("m1"));
  await start({ "later.service": service() });
  expect(await unitsOn("m1")).toEqual(["later.service", "mon.service"]);
  expect(await invocations(cluster())).toMatchObject(before);
});

it("a unit whose new copy fails stays, and drain says why; uncordon takes the copy back", async () => {
  // A lock that the running copy holds, as a port or a disk would be.
  const lock = `${await mkdtemp(join(tmpdir(), "fleet-drain-"))}/lock`;
  const text = [
    "[Service]",
    `ExecStartPre=/usr/bin/flock -n ${lock} true`,
    `ExecStart=/usr/bin/flock -n ${lock} sleep infinity`,
    "",
  ].join("\n");
  await fleetctl(cluster(), "cordon", idOf("m2"), idOf("m3"));
  await start({ "picky.service": text });
  await fleetctl(cluster(), "uncordon", idOf("m2"), idOf("m3"));
  const before = await invocations(cluster());
  const { status, stderr } = await cluster().fleetctl(["drain", "--timeout=60", idOf("m1")]);
  expect(status).toBe(1);
  expect(stderr).toMatch(/Unit picky.service: stays on .+: its new copy on .+ does not run \(failed\/failed/);
  const drained = await invocations(cluster());
  expect(drained["m1/picky.service"]).toBe(before["m1/picky.service"]);
  await fleetctl(cluster(), "uncordon", idOf("m1"));
  await until("the copy to be gone", { timeoutMs: 30_000 }, async () => {
    const seats = (await details("picky.service")).seats ?? [];
    return seats.length === 1 && seats[0]?.machineID === idOf("m1");
  });
  expect((await invocations(cluster()))["m1/picky.service"]).toBe(before["m1/picky.service"]);
  await rm(dirname(lock), { recursive: true });
});
