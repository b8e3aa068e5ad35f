import { ask, at, type Case, copies, pinnedTo, submit } from "./case.js";

const web = "u0.service";

/** What the simulation has found, each at its shortest. */
export const foundCases: readonly Case[] = [
  {
    rule: "I7",
    name: "an acknowledgement whose answer was lost is withdrawn with the unit",
    steps: [
      at(4, submit("m1", web, [pinnedTo("m2")])),
      at(10, { kind: "lose-replies", machine: "m2", count: 1 }),
      at(10.01, ask("m1", { kind: "destroy", unit: web })),
    ],
    finally: (world) => copies(world, web, 0),
  },
  {
    rule: "I7",
    name: "a registration anew whose answer was lost is one nevertheless",
    steps: [
      at(4, submit("m1", web, [pinnedTo("m2")])),
      at(10, { kind: "link", machines: ["m2"], mode: "stalled", ms: 20_000 }),
      at(29.9, { kind: "lose-replies", machine: "m2", count: 2 }),
    ],
  },
  {
    rule: "P6",
    name: "a replica does not go on with an etcd that was restored and has overtaken it",
    steps: [
      at(6, { kind: "etcd-backup" }),
      at(8, submit("m1", web, [pinnedTo("m4")])),
      at(12, { kind: "etcd-restore", acceptAfterMs: 5_000 }),
      ...Array.from({ length: 10 }, (_, index) =>
        at(17.5 + index * 0.1, submit("m1", "u2.service", [], `v${index}`)),
      ),
    ],
  },
  {
    rule: "P6",
    name: "a machine that was cut off while an etcd that was restored was accepted believes it, too",
    steps: [
      at(4, { kind: "etcd-backup" }),
      at(6, submit("m1", web, [pinnedTo("m1")])),
      at(8, { kind: "link", machines: ["m4"], mode: "deaf", ms: 22_000 }),
      at(12, { kind: "etcd-restore", acceptAfterMs: 2_000 }),
    ],
  },
  {
    rule: "I8",
    name: "a unit whose seat cannot be read is not given a second one by the next leader",
    steps: [
      at(4, submit("m1", web)),
      at(10, { kind: "bad-record", key: { area: "schedule", unit: web }, garbage: "{", ms: 30_000 }),
      at(12, { kind: "crash", machine: "leader", downMs: 500 }),
    ],
    finally: (world) => copies(world, web, 1),
  },
  {
    rule: "I7",
    name: "a unit whose record is gone keeps away whom its seat excludes",
    steps: [
      at(4, submit("m1", web, ["Global=true", "Conflicts=u1.service"])),
      at(10, { kind: "bad-record", key: { area: "units", unit: web }, garbage: undefined, ms: 20_000 }),
      at(12, { kind: "etcd-backup" }),
      at(14, { kind: "etcd-restore", acceptAfterMs: 4_000 }),
      at(30, submit("m3", "u1.service")),
    ],
    finally: (world) => copies(world, "u1.service", 0),
  },
  {
    rule: "P6.3",
    name: "a seat that a backup brought back unreadable is not what it said in the other history",
    steps: [
      at(4, submit("m1", web)),
      at(6, { kind: "bad-record", key: { area: "schedule", unit: web }, garbage: "garbage", ms: 4_000 }),
      at(8, { kind: "etcd-backup" }),
      ...Array.from({ length: 10 }, (_, index) =>
        at(11 + index * 2, submit("m1", "u2.service", [], `v${index}`)),
      ),
      at(32, submit("m1", web, [], "v2")),
      at(40, { kind: "etcd-restore", acceptAfterMs: 5_000 }),
    ],
    finally: (world) => copies(world, web, 1),
  },
  {
    rule: "P8",
    name: "a machine counts as lost with units though another of its units cannot be read",
    steps: [
      at(4, submit("m1", web, ["MachineMetadata=disk=hdd"])),
      at(5, submit("m1", "u1.service", ["MachineMetadata=disk=hdd", "MachineMetadata=zone=b"])),
      at(18, { kind: "power-off", machine: "m2", offMs: 40_000 }),
      at(18, {
        kind: "bad-record",
        key: { area: "schedule", unit: "u1.service" },
        garbage: "{}",
        ms: 40_000,
      }),
      at(18.1, { kind: "restart-all", stay: [] }),
      at(19, { kind: "power-off", machine: "m3", offMs: 40_000 }),
    ],
    finally: (world) => copies(world, web, 1),
  },
];
