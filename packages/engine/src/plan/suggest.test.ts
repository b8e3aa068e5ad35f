import { describe, expect, it } from "vitest";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { decide } from "./plan.js";
import { suggestChanges } from "./suggest.js";

const a = serviceName("a");

function suggest(machines: string, units: string, plannedMax?: number) {
  const cluster = new ClusterSketch().addMachines(machines).addUnits(units);
  const planning = decide(cluster.view, { releasedMachines: cluster.absent });
  const decided = { revision: 1, planning, engineStatus: undefined, hasLeader: true };
  return suggestChanges(decided, planning.world.subjects.get(a)!, plannedMax);
}

interface Case {
  readonly title: string;
  readonly machines: string;
  readonly units: string;
  readonly suggestions: readonly string[];
}

const ssd = "MachineMetadata=disk=ssd";
const globalInB = `g{Global=true;${ssd};MachineMetadata=zone=b;Conflicts=a.service}; a{${ssd}}`;

/** Changes that any of several machines could have. */
const oneOfMany: readonly Case[] = [
  {
    title: "metadata that would bring a rival to the second machine",
    machines: "m1{zone=a} m2{zone=b}",
    units: globalInB,
    suggestions: [
      "set disk=ssd on machine m1",
      `remove ${ssd} from a.service`,
      "add a machine with disk=ssd",
    ],
  },
  {
    title: "metadata that would bring a rival to the first machine",
    machines: "m1{zone=b} m2{zone=a}",
    units: globalInB,
    suggestions: [
      "set disk=ssd on machine m2",
      `remove ${ssd} from a.service`,
      "add a machine with disk=ssd",
    ],
  },
  {
    title: "a cordon without which a rival would come",
    machines: "m1^{zone=b} m2^{zone=a}",
    units: "g{Global=true;MachineMetadata=zone=b;Conflicts=a.service}; a",
    suggestions: ["uncordon machine m2", "add a machine"],
  },
  {
    title: "more machines than are named",
    machines: "m1^{zone=b} m2^ m3^ m4^ m5^ m6^",
    units: "g{Global=true;MachineMetadata=zone=b;Conflicts=a.service}; a",
    suggestions: ["uncordon one of 5 machines (tried: m2, m3, m4)", "add a machine"],
  },
  {
    title: "as many machines as are named",
    machines: "m1^ m2^ m3^",
    units: "a",
    suggestions: ["uncordon one of 3 machines (m1, m2, m3)", "add a machine"],
  },
  {
    title: "a rival that is kept away by something else",
    machines: "m1",
    units: `x>m1; g{Global=true;Conflicts=a.service;Conflicts=x.service}; a{${ssd}}`,
    suggestions: ["set disk=ssd on machine m1", `remove ${ssd} from a.service`],
  },
  {
    title: "several changes that would bring a rival to one of the machines",
    machines: "m1^{zone=b} m2^{zone=a}",
    units: globalInB,
    suggestions: ["add a machine with disk=ssd", "on machine m2: uncordon it and set disk=ssd"],
  },
];

/** What would also place the units that the unit follows. */
const withPeers: readonly Case[] = [
  {
    title: "a cordon",
    machines: "m1^",
    units: "db; a{MachineOf=db.service}",
    suggestions: ["uncordon machine m1", "add a machine"],
  },
  {
    title: "a drain",
    machines: "m1%",
    units: "db; a{MachineOf=db.service}",
    suggestions: ["end the drain of machine m1", "add a machine"],
  },
  {
    title: "machines that do not believe the registry",
    machines: "m1* m2*",
    units: "db; a{MachineOf=db.service}",
    suggestions: ["have one of 2 machines (m1, m2) accept the registry", "add a machine"],
  },
  {
    title: "metadata that both demand",
    machines: "m1",
    units: `db{${ssd}}; a{MachineOf=db.service;${ssd}}`,
    suggestions: ["set disk=ssd on machine m1", "add a machine with disk=ssd"],
  },
  {
    title: "metadata of which each demands some",
    machines: "m1",
    units: `db{${ssd}}; a{MachineOf=db.service;MachineMetadata=zone=b}`,
    suggestions: ["set zone=b and disk=ssd on machine m1", "add a machine with zone=b and disk=ssd"],
  },
  {
    title: "a chain of them",
    machines: "m1^",
    units: "c; b{MachineOf=c.service}; a{MachineOf=b.service}",
    suggestions: ["uncordon machine m1", "add a machine"],
  },
  {
    title: "two of them",
    machines: "m1^",
    units: "b; c; a{MachineOf=b.service;MachineOf=c.service}",
    suggestions: ["uncordon machine m1", "add a machine"],
  },
  {
    title: "a cordon here and metadata there",
    machines: "m1^ m2{x=y}",
    units: "db{MachineMetadata=!x}; a{MachineOf=db.service}",
    suggestions: [
      "uncordon machine m1",
      "remove x on machine m2",
      "remove MachineOf=db.service from a.service",
      "remove MachineMetadata=!x from db.service",
    ],
  },
  {
    title: "room for both",
    machines: "m1[gpu=2]",
    units: "db{Reserve=gpu=2}; x>m1{Reserve=gpu=1}; a{MachineOf=db.service;Reserve=gpu=1}",
    suggestions: [
      "remove MachineOf=db.service from a.service",
      "remove Reserve=gpu=2 from db.service",
      "add gpu=2 on machine m1",
      "add a machine with gpu=3",
    ],
  },
  {
    title: "somebody who keeps the other away",
    machines: "m1",
    units: "x>m1{Conflicts=db*}; db; a{MachineOf=db.service}",
    suggestions: [
      "remove MachineOf=db.service from a.service",
      "remove Conflicts=db* from x.service",
      "unload x.service, which is on m1",
      "add a machine",
    ],
  },
  {
    title: "one that is inactive at the end of the chain",
    machines: "m1",
    units: "c/inactive; b{MachineOf=c.service}; a{MachineOf=b.service}",
    suggestions: [
      "start c.service, which its peers follow",
      "remove MachineOf=b.service from a.service",
      "remove MachineOf=c.service from b.service",
    ],
  },
  {
    title: "several changes",
    machines: "m1^",
    units: `db{${ssd}}; a{MachineOf=db.service;${ssd}}`,
    suggestions: ["add a machine with disk=ssd", "on machine m1: uncordon it and set disk=ssd"],
  },
];

/** Units that follow each other. */
const rings: readonly Case[] = [
  {
    title: "on a machine that is drained",
    machines: "m1%",
    units: "a>m1{MachineOf=b.service}; b>m1{MachineOf=a.service}",
    suggestions: ["end the drain of machine m1"],
  },
  {
    title: "of which one conflicts with somebody",
    machines: "m1",
    units: "x>m1; a{MachineOf=b.service;Conflicts=x.service}; b{MachineOf=a.service}",
    suggestions: [
      "on machine m1: remove MachineOf=b.service from a.service and remove Conflicts=x.service from a.service",
    ],
  },
];

describe("a change that would give a unit a place", () => {
  const cases = [...oneOfMany, ...withPeers, ...rings];

  it.each(cases)("in spite of $title", ({ machines, suggestions, units }) => {
    const planned = suggest(machines, units);
    expect(planned.map(({ what }) => what)).toEqual(suggestions);
    expect(planned.every(({ proof }) => proof === "planned")).toBe(true);
  });

  it.each(cases)("in spite of $title, by the checks alone", ({ machines, suggestions, units }) => {
    const tried = suggest(machines, units, 0);
    expect(tried.map(({ what }) => what)).toEqual(suggestions);
    expect(tried.every(({ proof }) => proof === "tried")).toBe(true);
  });

  it("has the command for the first machine where it helps, and says where the unit goes", () => {
    const [first] = suggest(
      "m1^{zone=b} m2^ m3^",
      "g{Global=true;MachineMetadata=zone=b;Conflicts=a.service}; a",
    );
    expect(first).toMatchObject({ command: "fleetctl uncordon m2", machine: "m2" });
  });

  it("is looked for behind many machines of another kind, if it is several", () => {
    const machines = Array.from({ length: 100 }, (_, index) => `m${1_000 + index}${index < 90 ? "^" : ""}`);
    const [first] = suggest(machines.join(" "), `k{Global=true;Conflicts=a*}; a{${ssd}}`);
    expect(first?.what).toBe(
      "on machine m1090, or another like it: set disk=ssd and remove Conflicts=a* from k.service",
    );
  });

  it("is looked for behind many machines where it would not help", () => {
    const machines = Array.from(
      { length: 1_100 },
      (_, index) => `m${1_000 + index}{zone=${index < 900 ? "b" : "a"}}`,
    );
    const [first] = suggest(machines.join(" "), globalInB);
    expect(first).toMatchObject({
      what: "set disk=ssd on one of 200 machines (tried: m1900, m1901, m1902)",
      machine: "m1900",
      proof: "tried",
    });
  });
});
