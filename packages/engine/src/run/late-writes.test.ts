import { isSeated, unitContentFromText } from "@fleet/core";
import { Keys } from "@fleet/registry";
import { type Fate, LateStore, makeMemoryHarness, writesUnder } from "@fleet/registry/contract";
import { afterEach, beforeEach, expect, it } from "vitest";
import { serviceName } from "../../../../test/support/cluster-sketch.js";
import { type FleetNode, startNode } from "../../../../test/support/fleet-node.js";

const never = new AbortController().signal;
const keys = new Keys();

let harness: Awaited<ReturnType<typeof makeMemoryHarness>>;
let nodes: FleetNode[];
let lines: LateStore[];
let release: () => void;

beforeEach(async () => {
  harness = await makeMemoryHarness();
  nodes = [];
  lines = [];
  const late = {
    ...harness,
    line: async () => {
      const line = await harness.line();
      const store = new LateStore(line.store);
      lines.push(store);
      return { ...line, store };
    },
  };
  for (const name of ["m1", "m2", "m9"]) nodes.push(await startNode(late, name, { name }));
  release = observer().replica.hold();
  await harness.until("all machines and a leader", () => {
    return observer().replica.revision > 0 && machinesPresent() === 3 && nodes.some((node) => node.isLeader);
  });
});

afterEach(async () => {
  release();
  await Promise.all(nodes.map((node) => node.stop()));
  await harness.close();
});

const observer = (): FleetNode => nodes[2]!;

function machinesPresent(): number {
  const machines = [...observer().replica.view().machines.values()];
  return machines.filter(({ presence }) => presence !== undefined).length;
}

/** Where a unit has live seats, by the machines' short names. */
function where(name: string): string {
  return [...observer().replica.view().seats]
    .filter(([, seats]) => isSeated(seats.get(serviceName(name))))
    .map(([machine]) => machine.slice(0, 2))
    .sort()
    .join(",");
}

it("seats a unit once, though the seat that was given up arrives after the one decided instead", async () => {
  const leaders = lines[nodes.findIndex(({ isLeader }) => isLeader)]!;
  const fates: Fate[] = ["late", "lost", "lost", "lost", "lost"];
  leaders.fate = (transaction) =>
    writesUnder(keys.schedule, transaction) ? (fates.shift() ?? "pass") : "pass";
  const places = new Set<string>();
  const stop = observer().replica.subscribe(() => places.add(where("web")));
  const text =
    "[Service]\nExecStart=/bin/true\n[X-Fleet]\nMachineMetadata=name=m1\nMachineMetadata=name=m2\n";
  const { units } = observer();
  const content = unitContentFromText(text);
  await harness.finish(
    units.changeUnit(serviceName("web"), () => ({ content, desiredState: "launched" }), never),
  );
  await harness.until("a seat to be late", () => leaders.kept === 1);
  await harness.finish(
    units.changeMachinePolicy(nodes[0]!.id, () => ({ cordoned: true, drained: false }), never),
  );
  await harness.until("a seat", () => where("web") !== "");
  await leaders.deliver();
  await harness.pass(1_000);
  expect([...places].filter((place) => place !== "")).toEqual(["m2"]);
  // It has not cost the leader its office.
  expect(nodes.map(({ engine }) => engine.counters.terms).reduce((sum, terms) => sum + terms)).toBe(1);
  stop();
});
