import { type EngineStatus, type Explanation, parseMachineId } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { explainUnit } from "./explain.js";
import { decide } from "./plan.js";

interface Case {
  readonly title: string;
  readonly machines: string;
  readonly units: string;
  /** What is done to the cluster before it is asked. */
  readonly change?: (cluster: ClusterSketch) => void;
  /** If given, all machines that are away are held because of it. */
  readonly held?: string;
  /** Default: `a`. */
  readonly name?: string;
  readonly standing: Explanation["standing"];
  readonly summary: string;
  /** Each with its number of machines, the facts in brackets. */
  readonly objections?: readonly string[];
  readonly suggestions?: readonly string[];
  readonly remarks?: readonly string[];
  readonly places?: string;
}

const a = serviceName("a");
const m1 = parseMachineId("m1");

function explain(cluster: ClusterSketch, name: string, status?: EngineStatus): Explanation | undefined {
  const held = new Set(status?.machines.map(({ machine }) => machine) ?? []);
  const releasedMachines = new Set([...cluster.absent].filter((id) => !held.has(id)));
  const planning = decide(cluster.view, { releasedMachines });
  const decided = { revision: cluster.view.revision, planning, engineStatus: status, hasLeader: true };
  return explainUnit(decided, serviceName(name));
}

function objectionsOf({ objections }: Explanation): readonly string[] {
  return objections.map(({ declaredBy, found, machines, others, wanted, what }) => {
    const facts = [
      ...(wanted === undefined ? [] : [`wants ${wanted}`]),
      ...found.map((fact) => `${fact.what} on ${fact.machines}`),
      ...(others.length === 0 ? [] : [`others ${others.join(" ")}`]),
      ...(declaredBy === undefined ? [] : [`declared by ${declaredBy}`]),
    ];
    return `${machines} ${what}${facts.length === 0 ? "" : ` [${facts.join("; ")}]`}`;
  });
}

const cases: readonly Case[] = [
  {
    title: "a unit that runs",
    machines: "m1 m2",
    units: "a>m1",
    standing: "placed",
    summary: "runs on m1",
    places: "seat@m1",
  },
  {
    title: "a unit that is only loaded",
    machines: "m1",
    units: "a/loaded>m1",
    standing: "placed",
    summary: "is loaded on m1, as is wanted, and not started",
    places: "seat@m1",
  },
  {
    title: "a unit that has failed",
    machines: "m1",
    units: "a>m1",
    change: (c) => c.reportLoaded("m1", a, { activeState: "failed", reason: "exit code 1" }),
    standing: "placed",
    summary: "is on m1, where it has failed: exit code 1",
    places: "seat@m1",
    remarks: ["what it said itself: fleetctl journal a.service"],
  },
  {
    title: "a unit that systemd refuses to start",
    machines: "m1",
    units: "a>m1",
    change: (c) =>
      c.reportLoaded("m1", a, { activeState: "inactive", jobResult: "refused", reason: "masked" }),
    standing: "placed",
    summary: "is on m1, where systemd refuses to start it: masked",
    places: "seat@m1",
  },
  {
    title: "a unit on a machine that is away and held",
    machines: "m1 m2",
    units: "a>m1",
    change: (c) => c.lose("m1"),
    held: "lost together with most machines",
    standing: "placed",
    summary: "has its seat on m1, which is away",
    places: "seat@m1",
    remarks: [
      "machine m1 is lost and its units are held: lost together with most machines; until 2026-01-01T00:00:00.000Z at most",
    ],
  },
  {
    title: "a unit on a frozen machine",
    machines: "m1*",
    units: "a>m1",
    standing: "placed",
    summary: "runs on m1",
    places: "seat@m1",
    remarks: [
      "machine m1 does not believe the registry and changes nothing until it is accepted: fleetctl machine accept m1",
    ],
  },
  {
    title: "a unit that is about to be placed",
    machines: "m1 m2",
    units: "a",
    standing: "arriving",
    summary: "is about to get a seat on m1",
    places: "arriving@m1",
  },
  {
    title: "a unit that is about to move",
    machines: "m1 m2",
    units: "x>m1{Conflicts=a.service}; a>m1",
    standing: "moving",
    summary: "is about to leave m1 for m2: machine m1: conflicts with x.service (its pattern a.service)",
    places: "leaving@m1 arriving@m2",
  },
  {
    title: "metadata that nobody has",
    machines: "m1{zone=us} m2 m3{zone=us}",
    units: "a{MachineMetadata=zone=eu}",
    standing: "waiting",
    summary: "has no place on any of 3 machines: all lack zone=eu",
    objections: ["3 lack zone=eu [wants zone=eu; zone=us on 2; no zone on 1]"],
    suggestions: [
      "set zone=eu on one of 3 machines (m1, m2, m3)",
      "remove MachineMetadata=zone=eu from a.service",
      "add a machine with zone=eu",
    ],
  },
  {
    title: "a metadata comparison, and a key that must not be there",
    machines: "m1{kernel=5.4} m2{gpu=1,kernel=6.1}",
    units: "a{MachineMetadata=kernel>=5.10;MachineMetadata=!gpu}",
    standing: "waiting",
    summary: "has no place on any of 2 machines",
    objections: [
      "1 lacks !gpu [wants !gpu; gpu=1 on 1]",
      "1 lacks kernel>=5.10 [wants kernel>=5.10; kernel=5.4 on 1]",
    ],
    suggestions: [
      "set kernel=5.10 on machine m1",
      "remove gpu on machine m2",
      "remove MachineMetadata=kernel>=5.10 from a.service",
      "remove MachineMetadata=!gpu from a.service",
    ],
  },
  {
    title: "machines that take nothing",
    machines: "m1^ m2% m3* m4~",
    units: "a",
    standing: "waiting",
    summary: "has no place on any of 4 machines",
    objections: [
      "1 does not believe the registry",
      "1 is being drained",
      "1 is cordoned",
      "1 is shutting down",
    ],
    suggestions: [
      "uncordon machine m1",
      "end the drain of machine m2",
      "have machine m3 accept the registry",
      "bring machine m4 back",
    ],
  },
  {
    title: "another unit's conflict",
    machines: "m1",
    units: "db>m1{Conflicts=a*}; a",
    standing: "waiting",
    summary: "has no place on the one machine: conflicts with db.service (its pattern a*)",
    objections: ["1 conflicts with db.service (its pattern a*) [others db.service; declared by db.service]"],
    suggestions: [
      "remove Conflicts=a* from db.service",
      "unload db.service, which is on m1",
      "add a machine",
    ],
  },
  {
    title: "its own conflict with many",
    machines: "m1 m2",
    units: "db1>m1; db2>m2; a{Conflicts=db*}",
    standing: "waiting",
    summary: "has no place on any of 2 machines: all conflict with 2 units (pattern db*)",
    objections: ["2 conflict with 2 units (pattern db*) [others db1.service db2.service]"],
    suggestions: [
      "remove Conflicts=db* from a.service",
      "unload db1.service, which is on m1",
      "unload db2.service, which is on m2",
      "add a machine",
    ],
  },
  {
    title: "a conflict that has cost it its only place",
    machines: "m1",
    units: "x>m1{Conflicts=a.service}; a>m1",
    standing: "waiting",
    summary:
      "has no place on the one machine: conflicts with x.service (its pattern a.service) (unseated: machine m1: conflicts with x.service (its pattern a.service))",
    objections: [
      "1 conflicts with x.service (its pattern a.service) [others x.service; declared by x.service]",
    ],
    suggestions: [
      "remove Conflicts=a.service from x.service",
      "unload x.service, which is on m1",
      "add a machine",
    ],
    places: "leaving@m1",
  },
  {
    title: "a reservation that there is no room for",
    machines: "m1",
    units: "b>m1{Reserve=memory=600M}; a{Reserve=memory=512M}",
    change: (c) => {
      const machine = c.machines.get(m1)!;
      c.machines.set(m1, { ...machine, presence: { ...machine.presence!, capacity: { memory: 2 ** 30 } } });
    },
    standing: "waiting",
    summary: "has no place on the one machine: has 424M of memory=1G free (needs memory=512M)",
    objections: [
      "1 has 424M of memory=1G free (needs memory=512M) [wants memory=512M; 424M of memory=1G free on 1]",
    ],
    suggestions: [
      "remove Reserve=memory=512M from a.service",
      "free memory=88M on machine m1",
      "add a machine with memory=512M",
    ],
  },
  {
    title: "a peer that is inactive",
    machines: "m1",
    units: "db/inactive; a{MachineOf=db.service}",
    standing: "waiting",
    summary: "has no place on the one machine: without its peer db.service, which is inactive",
    objections: [
      "1 without its peer db.service, which is inactive [db.service is inactive on 1; others db.service]",
    ],
    suggestions: ["start db.service, which it follows", "remove MachineOf=db.service from a.service"],
  },
  {
    title: "a peer that is elsewhere",
    machines: "m1{zone=us} m2",
    units: "db>m2; a{MachineOf=db.service;MachineMetadata=zone=us}",
    standing: "waiting",
    summary: "has no place on any of 2 machines",
    objections: [
      "1 lacks zone=us [wants zone=us; no zone on 1]",
      "1 without its peer db.service [db.service is on m2 on 1; others db.service]",
    ],
    suggestions: [
      "set zone=us on machine m2",
      "remove MachineMetadata=zone=us from a.service",
      "remove MachineOf=db.service from a.service",
    ],
  },
  {
    title: "a peer that has no place",
    machines: "m1",
    units: "db{MachineMetadata=z=1}; a{MachineOf=db.service}",
    standing: "waiting",
    summary: "has no place on the one machine: without its peer db.service",
    objections: ["1 without its peer db.service [db.service has no place on 1; others db.service]"],
    suggestions: ["remove MachineOf=db.service from a.service"],
    remarks: ["it follows db.service, which has no place either: fleetctl explain db.service"],
  },
  {
    title: "units that wait for each other",
    machines: "m1",
    units: "a{MachineOf=b.service}; b{MachineOf=a.service}",
    standing: "waiting",
    summary: "has no place: peers that wait for each other: a.service -> b.service -> a.service",
    suggestions: ["remove MachineOf=b.service from a.service"],
  },
  {
    title: "a machine that is away for good",
    machines: "m1",
    units: "a>m9{MachineID=m9}",
    standing: "waiting",
    summary: "stays on m9 (machine m9 is away), because no other machine will do",
    objections: ["1 is away", '1 is not machine "m9"'],
    suggestions: ["remove MachineID=m9 from a.service", "bring machine m9 back"],
    places: "seat@m9",
  },
  {
    title: "a machine that refuses it",
    machines: "m1",
    units: "a",
    change: (c) => c.reportLoaded("m1", a, { condition: "refused", reason: "it belongs to this machine" }),
    standing: "waiting",
    summary: "has no place on the one machine: refuses it (it belongs to this machine)",
    objections: ["1 refuses it (it belongs to this machine)"],
    suggestions: ["add a machine"],
  },
  {
    title: "a cluster without machines",
    machines: "",
    units: "a",
    standing: "waiting",
    summary: "has no place: no machine",
    suggestions: ["add a machine"],
  },
  {
    title: "a unit that nobody wants",
    machines: "m1",
    units: "a/inactive",
    standing: "inactive",
    summary: "is not wanted anywhere: its desired state is inactive",
  },
  {
    title: "a template",
    machines: "m1",
    units: "a@/inactive",
    name: "a@",
    standing: "template",
    summary: "is a template, which is never on a machine itself: start an instance of it, like a@1.service",
  },
  {
    title: "a global unit",
    machines: "m1 m2 m3^ m4{zone=us}",
    units: "a>m1{Global=true;MachineMetadata=zone!=us}",
    standing: "global",
    summary: "is global: it has seats on 2 of 4 machines and runs on 1 of them",
    objections: ["1 is cordoned", "1 lacks zone!=us [wants zone!=us; zone=us on 1]"],
    places: "seat@m1 arriving@m2",
  },
  {
    title: "a record that cannot be read",
    machines: "m1",
    units: "a>m1",
    change: (c) => c.damage("a"),
    standing: "unreadable",
    summary: "has a record or text that cannot be read, so it is left exactly as it is",
    places: "seat@m1",
  },
  {
    title: "a unit that was destroyed",
    machines: "m1",
    units: "a>m1",
    change: (c) => c.destroy("a"),
    standing: "unrecorded",
    summary: "was destroyed; not yet let go by m1",
    places: "leaving@m1",
  },
  {
    title: "a seat without a record",
    machines: "m1",
    units: "a>m1",
    change: (c) => c.units.delete(a),
    standing: "unrecorded",
    summary: "has no record, so nothing says what is wanted of it: it is left exactly as it is",
    remarks: ["has a seat on m1 but no record, and nothing says that it was destroyed: left as it is"],
    places: "seat@m1",
  },
];

describe("an explanation", () => {
  it.each(cases)("of $title", ({ title: _title, change, held, machines, name = "a", units, ...expected }) => {
    const cluster = new ClusterSketch().addMachines(machines).addUnits(units);
    change?.(cluster);
    const untilMs = Date.UTC(2026, 0, 1);
    const holds = [...cluster.absent].map((machine) => ({ machine, held: held ?? "", untilMs }));
    const status = held === undefined ? undefined : { machines: holds, refusals: [] };
    const told = explain(cluster, name, status)!;
    const { places, standing, suggestions, summary, remarks } = told;
    expect({
      standing,
      summary,
      objections: objectionsOf(told),
      suggestions: suggestions.map(({ what }) => what),
      remarks,
      places: places.map(({ machine, role }) => `${role}@${machine}`).join(" "),
    }).toEqual({ objections: [], suggestions: [], remarks: [], places: "", ...expected });
  });

  it("of what nobody has heard of is none", () => {
    expect(explain(new ClusterSketch().addMachines("m1").addUnits("a"), "b")).toBeUndefined();
  });

  it("puts thousands that refuse alike together, and names the first", () => {
    const cluster = new ClusterSketch();
    for (let index = 0; index < 2_000; index += 1)
      cluster.addMachines(`m${10_000 + index}{zone=z${index % 3}}`);
    const told = explain(cluster.addUnits("a{MachineMetadata=zone=eu}"), "a")!;
    expect(told.objections).toHaveLength(1);
    expect(told.objections[0]).toMatchObject({ machines: 2_000, what: "lack zone=eu", wanted: "zone=eu" });
    expect(told.objections[0]?.examples.slice(0, 2)).toEqual(["m10000", "m10001"]);
    expect(told.suggestions.map(({ proof }) => proof)).toEqual(["tried", "tried", "tried"]);
  });
});
