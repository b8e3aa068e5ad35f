import { describe, expect, it } from "vitest";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { explain, explainCases } from "../../../../test/support/explain-cases.js";

const a = serviceName("a");

describe("an explanation", () => {
  explainCases([
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
      title: "a unit of a drained machine",
      machines: "m1% m2",
      units: "a>m1",
      standing: "moving",
      summary: "is handed over from m1 to m2: it stops on m1 when it runs on m2",
      places: "leaving@m1 arriving@m2",
    },
    {
      title: "an exclusive unit of a drained machine",
      machines: "m1% m2",
      units: "a>m1{Exclusive=true}",
      standing: "waiting",
      summary:
        "leaves m1 (machine m1 is being drained) and gets another place only when it has stopped there, because it is exclusive",
      objections: ["1 is being drained"],
      places: "leaving@m1",
    },
    {
      title: "a unit that is about to move",
      machines: "m1 m2",
      units: "x>m1{Conflicts=a.service}; a>m1",
      standing: "moving",
      summary: "is about to leave m1 for m2: machine m1 conflicts with x.service (its pattern a.service)",
      places: "leaving@m1 arriving@m2",
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
      title: "a global unit that no machine can have",
      machines: "m1 m2",
      units: "a{Global=true;MachineMetadata=k<0}",
      standing: "global",
      summary: "is global: it has seats on 0 of 2 machines: no machine can meet k<0",
      objections: ["2 lack k<0 [wants k<0; no k on 2]"],
    },
    {
      title: "a record that cannot be read",
      machines: "m1",
      units: "a>m1",
      change: (c) => c.damage("a"),
      standing: "unreadable",
      summary: "is left exactly as it is, because its unit file is missing from etcd or cannot be read",
      remarks: [
        "its unit file is missing from etcd or cannot be read: left as it is until it is submitted again",
      ],
      places: "seat@m1",
    },
    {
      title: "a record of which nothing can be read",
      machines: "m1",
      units: "a>m1",
      change: (c) => c.garble(a),
      standing: "unreadable",
      summary: "is left exactly as it is, because its record in etcd cannot be read",
      places: "seat@m1",
    },
    {
      title: "a unit that was destroyed",
      machines: "m1",
      units: "a>m1",
      change: (c) => c.destroy("a"),
      standing: "unrecorded",
      summary: "was destroyed; still to be removed from m1",
      places: "leaving@m1",
    },
    {
      title: "a seat without a record",
      machines: "m1",
      units: "a>m1",
      change: (c) => c.units.delete(a),
      standing: "unrecorded",
      summary: "has no record in etcd, so nothing says whether it is wanted: it is left exactly as it is",
      remarks: ["has a seat on m1 but no record, and nothing says that it was destroyed: left as it is"],
      places: "seat@m1",
    },
  ]);

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
