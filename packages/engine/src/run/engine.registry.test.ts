import { isSeated, type MachineId, unitContentFromText } from "@fleet/core";
import { Keys } from "@fleet/registry";
import { makeMemoryHarness } from "@fleet/registry/contract";
import { afterEach, beforeEach, expect, it } from "vitest";
import { serviceName } from "../../../../test/support/cluster-sketch.js";
import { type FleetNode, nodeTtlSeconds, startNode } from "../../../../test/support/fleet-node.js";

const never = new AbortController().signal;

let harness: Awaited<ReturnType<typeof makeMemoryHarness>>;
let nodes: FleetNode[];
let view: FleetNode["replica"];
let release: () => void;

beforeEach(async () => {
  harness = await makeMemoryHarness();
  nodes = [];
  for (const name of ["m1", "m2", "m3"]) nodes.push(await startNode(harness, name, { name }));
  // Somebody to look through who is not stopped by a test.
  const observer = await startNode(harness, "m9", { name: "m9" });
  nodes.push(observer);
  view = observer.replica;
  release = view.hold();
  await harness.until("all machines and a leader", () => {
    return presentMachines().length === 4 && nodes.some(({ isLeader }) => isLeader);
  });
});

afterEach(async () => {
  release();
  await Promise.all(nodes.map((node) => node.stop()));
  await harness.close();
});

function presentMachines(): readonly MachineId[] {
  if (view.revision === 0) return [];
  return [...view.view().machines.values()]
    .filter(({ presence }) => presence !== undefined)
    .map(({ id }) => id);
}

async function start(name: string, ...options: readonly string[]): Promise<void> {
  const content = unitContentFromText(
    ["[Service]", "ExecStart=/bin/true", "[X-Fleet]", ...options, ""].join("\n"),
  );
  await harness.finish(
    nodes[3]!.units.changeUnit(serviceName(name), () => ({ content, desiredState: "launched" }), never),
  );
}

/** Where a unit has live seats, by the machines' short names. */
function where(name: string): string {
  return [...view.view().seats]
    .filter(([, seats]) => isSeated(seats.get(serviceName(name))))
    .map(([machine]) => machine.slice(0, 2))
    .sort()
    .join(",");
}

function activeOn(name: string): string {
  return [...view.view().states]
    .filter(([, states]) => states.get(serviceName(name))?.activeState === "active")
    .map(([machine]) => machine.slice(0, 2))
    .sort()
    .join(",");
}

function nodeOn(machine: string): FleetNode {
  return nodes.find(({ id }) => id.startsWith(machine))!;
}

async function kill(node: FleetNode): Promise<void> {
  nodes = nodes.filter((other) => other !== node);
  await node.stop();
}

const onThree = ["MachineMetadata=name=m1", "MachineMetadata=name=m2", "MachineMetadata=name=m3"];

it("places, destroys, and cleans up after itself", async () => {
  await start("web");
  await start("mon", "Global=true");
  await harness.until("web and mon", () => activeOn("web") === "m1" && activeOn("mon") === "m1,m2,m3,m9");
  await harness.finish(nodes[3]!.units.destroyUnit(serviceName("web"), never));
  await harness.finish(nodes[3]!.units.destroyUnit(serviceName("mon"), never));
  await harness.until("nothing to be left", () => {
    const { seats, states, destroyed } = view.view();
    const left = [...seats.values(), ...states.values()].reduce((sum, entries) => sum + entries.size, 0);
    return left + destroyed.size === 0;
  });
});

it("moves the units of a machine that is lost, the leader's own too", async () => {
  await start("a", ...onThree);
  await start("b", ...onThree);
  await start("c", ...onThree);
  await harness.until(
    "all to be active",
    () => `${activeOn("a")} ${activeOn("b")} ${activeOn("c")}` === "m1 m2 m3",
  );
  const leader = nodes.find(({ isLeader }) => isLeader)!;
  const victim = leader.id.startsWith("m9") ? nodeOn("m1") : leader;
  const [unit] = ["a", "b", "c"].filter((name) => where(name) === victim.id.slice(0, 2));
  const startMs = harness.clock.monotonic();
  await kill(victim);
  await harness.until(
    `${unit} elsewhere`,
    () => !victim.id.startsWith(where(unit!)) && activeOn(unit!) !== "",
  );
  // The machine's TTL, and less than a second from then on.
  expect(harness.clock.monotonic() - startMs).toBeLessThanOrEqual(nodeTtlSeconds * 1000 + 1_000);
});

it("touches nothing when the leader changes", async () => {
  for (const name of ["a", "b", "c"]) await start(name);
  await harness.until("all to be active", () => ["a", "b", "c"].every((name) => activeOn(name) !== ""));
  const before = JSON.stringify([...view.view().seats].map(([id, seats]) => [id, [...seats]]));
  const leader = nodes.find(({ isLeader }) => isLeader)!;
  // The machine stays; only its line breaks for long enough to lose the office.
  leader.line.cut();
  await harness.until("another leader", () => nodes.some((node) => node !== leader && node.isLeader));
  leader.line.heal();
  await harness.pass(60_000);
  const same = [...view.view().seats].map(([id, seats]) => [id, [...seats]]);
  expect(JSON.stringify(same)).toBe(before);
});

it("survives an outage of the registry without a change", async () => {
  for (const name of ["a", "b", "c"]) await start(name);
  await harness.until("all to be active", () => ["a", "b", "c"].every((name) => activeOn(name) !== ""));
  const before = ["a", "b", "c"].map(where);
  for (const { line } of nodes) line.cut();
  await harness.pass(60_000);
  for (const { line } of nodes) line.heal();
  await harness.until("everybody to be back", () => presentMachines().length === 4);
  await harness.pass(120_000);
  expect(["a", "b", "c"].map(where)).toEqual(before);
  expect(["a", "b", "c"].map(activeOn)).toEqual(before);
});

it("names records that cannot be read, and ceases to as soon as they are gone, whatever else happens", async () => {
  const { prefix } = new Keys();
  const quarantine = () => view.view().engineStatus?.quarantine?.records.map(({ key }) => key);
  await harness.until("a status", () => view.view().engineStatus !== undefined);
  await harness.pass(5_000);
  const key = `${prefix}nobody/knows`;
  await harness.store.transact({ success: [{ kind: "put", key, value: "" }] }, never);
  await harness.pass(1_000);
  expect(quarantine()).toEqual([key]);
  await harness.store.transact({ success: [{ kind: "delete", key }] }, never);
  await harness.pass(1_000);
  expect(quarantine()).toBeUndefined();
});

it("drains a machine without a moment in which a unit is active nowhere, and touches no other", async () => {
  await start("db", ...onThree);
  await harness.until("db", () => activeOn("db") !== "");
  const drained = nodeOn(where("db"));
  for (const name of ["app", "log"]) await start(name, "MachineOf=db.service");
  for (const name of ["x", "y", "z"]) await start(name, ...onThree);
  await start("mon", "Global=true");
  const names = ["db", "app", "log", "x", "y", "z"];
  await harness.until("all to be active", () => names.every((name) => activeOn(name) !== ""));
  const others = JSON.stringify(
    names
      .filter((name) => !drained.id.startsWith(where(name)))
      .map((name) => [
        name,
        view
          .view()
          .seats.get(nodeOn(where(name)).id)
          ?.get(serviceName(name)),
      ]),
  );
  const idle: string[] = [];
  const stop = view.subscribe(() => {
    for (const name of names) if (activeOn(name) === "") idle.push(name);
  });
  const drain = (isDrained: boolean) =>
    harness.finish(
      nodes[3]!.units.changeMachinePolicy(
        drained.id,
        () => ({ cordoned: isDrained, drained: isDrained, handOversMax: 2 }),
        never,
      ),
    );
  await drain(true);
  await harness.until("only the global unit to be left", () => {
    const left = [...(view.view().seats.get(drained.id)?.keys() ?? [])];
    return left.length === 1 && left[0] === serviceName("mon");
  });
  expect([where("app"), where("log")]).toEqual([where("db"), where("db")]);
  expect(idle).toEqual([]);
  const stayed = names
    .filter((name) => others.includes(`"${name}"`))
    .map((name) => [
      name,
      view
        .view()
        .seats.get(nodeOn(where(name)).id)
        ?.get(serviceName(name)),
    ]);
  expect(JSON.stringify(stayed)).toBe(others);
  await drain(false);
  await harness.pass(10_000);
  expect(where("db")).not.toBe(drained.id.slice(0, 2));
  stop();
});

it("takes a drain back half-way without stopping anything that runs", async () => {
  await start("a", "MachineMetadata=name=m1", "MachineMetadata=name=m2");
  await harness.until("a", () => activeOn("a") === "m1");
  const stays = nodeOn("m1");
  const target = nodeOn("m2");
  // The new copy does not report: its machine is cut off.
  const set = (isDrained: boolean) =>
    harness.finish(
      nodes[3]!.units.changeMachinePolicy(
        stays.id,
        () => ({ cordoned: isDrained, drained: isDrained }),
        never,
      ),
    );
  const seat = view.view().seats.get(stays.id)?.get(serviceName("a"));
  target.line.cut();
  await set(true);
  await harness.until("the new seat", () => where("a") === "m1,m2");
  await set(false);
  await harness.until("the new seat to go", () => where("a") === "m1");
  target.line.heal();
  await harness.until("its tombstone to go, too", () => {
    return view.view().seats.get(target.id)?.has(serviceName("a")) !== true;
  });
  expect(view.view().seats.get(stays.id)?.get(serviceName("a"))).toEqual(seat);
  expect(activeOn("a")).toBe("m1");
});
