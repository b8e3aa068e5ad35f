import { ask, at, type Case, copies, pinnedTo, runsOn, submit } from "./case.js";

const web = "u0.service";
const db = "u1.service";

/** The interleavings that bought the protocol's rules. */
export const protocolCases: readonly Case[] = [
  {
    rule: "P2.1",
    name: "two servers, start and replace, one lost",
    steps: [
      at(4, submit("m1", web)),
      at(10, ask("m1", { kind: "set", unit: web, state: "loaded" })),
      at(15, { kind: "link-slow", machine: "m2", factor: 20, ms: 5_000 }),
      at(15.1, ask("m2", { kind: "set", unit: web, state: "launched" })),
      at(15.11, submit("m3", web, [], "v2")),
    ],
    finally: (world) => copies(world, web, 1),
  },
  {
    rule: "P2.2",
    name: "collector deletes what a create has just found present",
    steps: [
      at(4, submit("m1", web)),
      at(8, ask("m1", { kind: "destroy", unit: web })),
      // The text has been unreferenced for its time when it is wanted again, by a slow server.
      ...Array.from({ length: 60 }, (_, index) => [
        at(28 + index * 0.5, submit("m2", web)),
        at(28.2 + index * 0.5, ask("m3", { kind: "destroy", unit: web })),
      ]).flat(),
      at(58.5, { kind: "link-slow", machine: "m2", factor: 100, ms: 2_000 }),
      at(60, submit("m2", web)),
    ],
    finally: (world) => copies(world, web, 1),
  },
  {
    rule: "P2.3",
    name: "destroy acknowledged while no leader was alive",
    steps: [
      at(4, submit("m1", web)),
      at(20, { kind: "freeze", machine: "leader", ms: 40_000, suspended: false }),
      at(21, ask("m2", { kind: "destroy", unit: web })),
      at(21, ask("m3", { kind: "destroy", unit: web })),
    ],
    finally: (world) => copies(world, web, 0),
  },
  {
    rule: "P3.2",
    name: "machine re-registers while its units are being moved",
    steps: [
      at(4, submit("m1", web, ["MachineMetadata=disk=hdd"])),
      at(5, submit("m1", db, ["MachineMetadata=disk=hdd"])),
      at(20, { kind: "link", machines: ["m2", "m3"], mode: "stalled", ms: 10_400 }),
      at(29, { kind: "link-slow", machine: "leader", factor: 300, ms: 6_000 }),
    ],
    finally: (world) => copies(world, web, 1) ?? copies(world, db, 1),
  },
  {
    rule: "P3.2",
    name: "destroyed unit started",
    steps: [
      at(10, { kind: "link-slow", machine: "leader", factor: 200, ms: 5_000 }),
      at(11, submit("m2", web)),
      at(11.1, ask("m3", { kind: "destroy", unit: web })),
    ],
    finally: (world) => copies(world, web, 0),
  },
  {
    rule: "P3.2",
    name: "wanted unit stopped",
    steps: [
      at(4, submit("m1", web)),
      at(10, { kind: "link-slow", machine: "leader", factor: 200, ms: 5_000 }),
      at(11, ask("m2", { kind: "destroy", unit: web })),
      at(11.1, submit("m3", web)),
    ],
    finally: (world) => copies(world, web, 1),
  },
  {
    rule: "P3.3",
    name: "two pipelined plans put rivals on one machine",
    config: { machines: 2 },
    steps: [
      at(10, { kind: "lose-replies", machine: "leader", count: 2 }),
      at(10, { kind: "link-slow", machine: "leader", factor: 100, ms: 8_000 }),
      // Not over the slow line, where it might be overtaken.
      at(11, submit("m2", web, [pinnedTo("m2"), `Conflicts=${db}`])),
      at(11.01, submit("m2", db, ["MachineMetadata=zone=b"])),
    ],
    finally: (world) => copies(world, web, 1) ?? copies(world, db, 0),
  },
  {
    rule: "P3.5",
    name: "old and new copy with one token",
    steps: [
      at(4, submit("m1", web, [pinnedTo("m2")])),
      at(10, { kind: "jobs", machine: "m2", mode: "hanging", ms: 15_000 }),
      at(11, ask("m1", { kind: "destroy", unit: web })),
      at(12, submit("m3", web, [pinnedTo("m2")])),
    ],
    finally: (world) => copies(world, web, 1),
  },
  {
    rule: "P4.2",
    name: "state vanishes with the lease",
    steps: [
      at(4, submit("m1", web, [pinnedTo("m3")])),
      at(10, { kind: "link", machines: ["m3"], mode: "stalled", ms: 25_000 }),
      at(12, ask("m1", { kind: "destroy", unit: web })),
      at(13, submit("m2", web)),
    ],
    finally: (world) => copies(world, web, 1),
  },
  {
    rule: "P4.2",
    name: '"inactive" published before the first start',
    steps: [
      at(4, { kind: "jobs", machine: "m2", mode: "slow", ms: 20_000 }),
      at(5, submit("m1", web, [pinnedTo("m2")])),
      at(6, ask("m1", { kind: "destroy", unit: web })),
      at(6.1, submit("m3", web, [pinnedTo("m3")])),
    ],
    finally: (world) => copies(world, web, 1),
  },
  {
    rule: "P5.3",
    name: "a runtime link shadows the host's own unit, and unload stops it",
    steps: [
      at(3, { kind: "host-unit", machine: "m2", unit: web }),
      at(4, submit("m1", web, [pinnedTo("m2")])),
      at(10, ask("m1", { kind: "destroy", unit: web })),
    ],
    finally: (world) => {
      const [only] = runsOn(world, web);
      return only === "m2" ? undefined : `the host's own ${web} does not run any more`;
    },
  },
  {
    rule: "P6.2",
    name: "restored to 900, overtaken to 5,000 while the agent was away",
    steps: [
      at(4, submit("m1", web, [pinnedTo("m2")])),
      at(8, { kind: "etcd-backup" }),
      at(10, ask("m1", { kind: "destroy", unit: web })),
      at(12, submit("m1", db, [pinnedTo("m2")])),
      at(16, { kind: "power-off", machine: "m2", offMs: 40_000 }),
      at(20, { kind: "etcd-restore", acceptAfterMs: 60_000 }),
      ...Array.from({ length: 30 }, (_, index) =>
        at(22 + index * 0.2, submit("m1", "u2.service", [], `v${index}`)),
      ),
    ],
  },
];
