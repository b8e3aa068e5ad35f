import { parseMachineId } from "@fleet/core";
import { describe } from "vitest";
import { serviceName } from "../../../../test/support/cluster-sketch.js";
import { explainCases } from "../../../../test/support/explain-cases.js";

const a = serviceName("a");
const m1 = parseMachineId("m1");

describe("an explanation of a unit that waits", () => {
  explainCases([
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
      title: "demands that no machine can meet together",
      machines: "m1 m2{gpu=1}",
      units: "a{MachineMetadata=gpu;MachineMetadata=!gpu}",
      standing: "waiting",
      summary: "has no place: no machine can meet both gpu and !gpu",
      objections: ["1 lacks !gpu [wants !gpu; gpu=1 on 1]", "1 lacks gpu [wants gpu; no gpu on 1]"],
      suggestions: [
        "remove MachineMetadata=gpu from a.service",
        "remove MachineMetadata=!gpu from a.service",
      ],
    },
    {
      title: "demands that have cost it its only place",
      machines: "m1{a=1}",
      units: "a>m1{MachineMetadata=a=1;MachineMetadata=a>3}",
      standing: "waiting",
      summary:
        "has no place: no machine can meet both a=1 and a>3; it loses its seat, because machine m1 lacks a>3",
      objections: ["1 lacks a>3 [wants a>3; a=1 on 1]"],
      suggestions: ["remove MachineMetadata=a>3 from a.service"],
      places: "leaving@m1",
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
      objections: [
        "1 conflicts with db.service (its pattern a*) [others db.service; declared by db.service]",
      ],
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
        "has no place on the one machine: conflicts with x.service (its pattern a.service); it loses its seat, because machine m1 conflicts with x.service (its pattern a.service)",
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
      title: "a reservation that three digits cannot say",
      machines: "m1",
      units: "a{Reserve=memory=1500M}",
      change: (c) => {
        const machine = c.machines.get(m1)!;
        c.machines.set(m1, { ...machine, presence: { ...machine.presence!, capacity: { memory: 2 ** 30 } } });
      },
      standing: "waiting",
      summary: "has no place on the one machine: has memory=1G in all (needs memory=1.46G)",
      objections: [
        "1 has memory=1G in all (needs memory=1.46G) [wants memory=1.46G; 1G of memory=1G free on 1]",
      ],
      suggestions: [
        "remove Reserve=memory=1500M from a.service",
        "add memory=476M on machine m1",
        "add a machine with memory=1.47G",
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
      suggestions: [
        "set z=1 on machine m1",
        "remove MachineOf=db.service from a.service",
        "remove MachineMetadata=z=1 from db.service",
        "add a machine with z=1",
      ],
      remarks: ["it follows db.service, which has no place either: fleetctl explain db.service"],
    },
    {
      title: "units that wait for each other",
      machines: "m1",
      units: "a{MachineOf=b.service}; b{MachineOf=a.service}",
      standing: "waiting",
      summary: "has no place: MachineOf leads round in a ring: a.service -> b.service -> a.service",
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
  ]);
});
