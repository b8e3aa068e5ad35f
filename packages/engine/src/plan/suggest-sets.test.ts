import { parseMachineId } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { decide } from "./plan.js";
import { suggestChanges } from "./suggest.js";

const a = serviceName("a");

function suggest(machines: string, units: string, plannedMax?: number, capacity?: number) {
  const cluster = new ClusterSketch().addMachines(machines).addUnits(units);
  if (capacity !== undefined) {
    for (const [id, machine] of cluster.machines) {
      const presence = { ...machine.presence!, capacity: { gpu: capacity } };
      cluster.machines.set(id, { ...machine, presence });
    }
  }
  const planning = decide(cluster.view, { releasedMachines: cluster.absent });
  const decided = { revision: 1, planning, engineStatus: undefined, hasLeader: true };
  return suggestChanges(decided, planning.world.subjects.get(a)!, plannedMax);
}

it("names rivals in the same order, whatever was tried before", () => {
  const cluster = new ClusterSketch()
    .addMachines("m1^")
    .addUnits("d>m1{Conflicts=a*}; c>m1{Conflicts=a*}; a{Conflicts=x}");
  const planning = decide(cluster.view, { releasedMachines: cluster.absent });
  const decided = { revision: 1, planning, engineStatus: undefined, hasLeader: true };
  const subject = planning.world.subjects.get(a)!;
  const suggested = () => suggestChanges(decided, subject).map(({ what }) => what);
  const first = suggested();
  expect(first).toContain(
    "on machine m1: uncordon it, remove Conflicts=a* from c.service and remove Conflicts=a* from d.service",
  );
  suggestChanges(decided, subject, 0);
  expect(suggested()).toEqual(first);
});

interface Case {
  readonly title: string;
  readonly machines: string;
  readonly units: string;
  readonly capacity?: number;
  readonly suggestions: readonly string[];
}

const ssd = "MachineMetadata=disk=ssd";

const cases: readonly Case[] = [
  {
    title: "metadata and a cordon, on the machine that lacks least",
    machines: "m1^ m2^ m3%",
    units: `a{${ssd}}`,
    suggestions: [
      "add a machine with disk=ssd",
      "on machine m1, or another like it: uncordon it and set disk=ssd",
      "on machine m3: end its drain and set disk=ssd",
    ],
  },
  {
    title: "a conflict and metadata",
    machines: "m4",
    units: `api>m4{Conflicts=a*}; a{${ssd}}`,
    suggestions: [
      "add a machine with disk=ssd",
      "on machine m4: set disk=ssd and remove Conflicts=a* from api.service",
    ],
  },
  {
    title: "many rivals, and one pattern of its own",
    machines: "m1^",
    units: "db1>m1; db2>m1; a{Conflicts=db*}",
    suggestions: ["add a machine", "on machine m1: uncordon it and remove Conflicts=db* from a.service"],
  },
  {
    title: "one rival with several patterns",
    machines: "m1^",
    units: "db>m1{Conflicts=a*}; a{Conflicts=db*}",
    suggestions: ["add a machine", "on machine m1: uncordon it and unload db.service"],
  },
  {
    title: "room, metadata and a cordon",
    machines: "m1^",
    units: `b>m1{Reserve=gpu=2}; a{${ssd};Reserve=gpu=1}`,
    capacity: 2,
    suggestions: [
      "add a machine with disk=ssd and gpu=1",
      "on machine m1: uncordon it, set disk=ssd and free gpu=1",
    ],
  },
  {
    title: "demands that rule each other out, and of which the machine meets none",
    machines: "m1",
    units: "a{MachineMetadata=k>5;MachineMetadata=k<4}",
    suggestions: ["on machine m1: remove MachineMetadata=k<4 from a.service and set k=5.1"],
  },
  {
    title: "peers that are apart",
    machines: "m1 m2^",
    units: "p>m1; q>m2; a{MachineOf=p.service;MachineOf=q.service;MachineMetadata=x}",
    suggestions: [
      "on machine m1: set x=true and remove MachineOf=q.service from a.service",
      "on machine m2: uncordon it, set x=true and remove MachineOf=p.service from a.service",
    ],
  },
  {
    title: "more than three changes",
    machines: "m1^{x=1}",
    units: `b>m1{Conflicts=a*}; a{${ssd};MachineMetadata=!x}`,
    suggestions: ["add a machine with disk=ssd"],
  },
  {
    title: "what is not needed where one of the changes is enough",
    machines: "m1 m2^",
    units: `a{${ssd}}`,
    suggestions: [
      "set disk=ssd on machine m1",
      `remove ${ssd} from a.service`,
      "add a machine with disk=ssd",
      "on machine m2: uncordon it and set disk=ssd",
    ],
  },
  {
    title: "what nobody can help",
    machines: "m1^ m9",
    units: "b>m1{Conflicts=a*}; a{MachineID=m8}",
    suggestions: ["remove MachineID=m8 from a.service"],
  },
];

describe("sets of changes that would give a unit a place", () => {
  it.each(cases)("with $title", ({ capacity, machines, suggestions, units }) => {
    const planned = suggest(machines, units, undefined, capacity);
    expect(planned.map(({ what }) => what)).toEqual(suggestions);
    expect(planned.every(({ proof }) => proof === "planned")).toBe(true);
  });

  it.each(cases)("with $title, by the checks alone", ({ capacity, machines, suggestions, units }) => {
    const tried = suggest(machines, units, 0, capacity);
    expect(tried.map(({ what }) => what)).toEqual(suggestions);
    expect(tried.every(({ proof }) => proof === "tried")).toBe(true);
  });

  it("have a command if each of the changes has one", () => {
    const [, set] = suggest("m1^", "db>m1{Conflicts=a*}; a{Conflicts=db*}");
    expect(set).toMatchObject({
      command: "fleetctl uncordon m1 && fleetctl unload db.service",
      machine: parseMachineId("m1"),
    });
  });

  it("leave out a machine that a global unit would come to first", () => {
    const units = `mon{Global=true;Conflicts=a*;${ssd}}; a{${ssd}}`;
    for (const plannedMax of [undefined, 0]) expect(suggest("m1^", units, plannedMax)).toEqual([]);
  });
});
