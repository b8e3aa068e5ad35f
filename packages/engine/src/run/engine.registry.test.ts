import { isSeated, type MachineId, unitContentFromText } from "@fleet/core";
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
