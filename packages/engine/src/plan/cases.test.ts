import { describe, expect, it } from "vitest";
import { carryOut } from "../../../../test/support/carry-out.js";
import { ClusterSketch } from "../../../../test/support/cluster-sketch.js";
import { type Plan, plan } from "./plan.js";

/**
 * The cases of the original's decision procedure (one letter a topic), each with the outcome that fleet promises; where that
 * is not the original's, docs/compatibility.md says why. Every machine that is not listed is away, and its units may move.
 */
interface Case {
  readonly id: string;
  readonly machines: string;
  readonly units: string;
  /** Where units have seats once the plan is carried out. */
  readonly where: string;
  /** Units that get no place, or not the one they want, with a part of the reason. */
  readonly because?: Readonly<Record<string, string>>;
}

function planSketch(cluster: ClusterSketch): Plan {
  return plan(cluster.view, { releasedMachines: cluster.absent });
}

function check({ machines, units, where, because = {} }: Case): void {
  const cluster = new ClusterSketch().addMachines(machines).addUnits(units);
  const first = planSketch(cluster);
  carryOut(cluster, first);
  const names = where.split(" ").map((word) => word.slice(0, word.lastIndexOf("=")));
  expect(cluster.where(names)).toBe(where);
  const reasons = Object.fromEntries(first.refusals.map(({ unit, reason }) => [unit, reason]));
  for (const [unit, part] of Object.entries(because)) {
    expect(reasons[`${unit}.service`] ?? "no refusal").toContain(part);
  }
  cluster.letAgentsWork();
  expect(planSketch(cluster).tasks.filter(({ kind }) => kind !== "collect")).toEqual([]);
}

function cases(topic: string, list: readonly Case[]): void {
  describe(topic, () => {
    it.each(list)("$id: $machines, $units", check);
  });
}

cases("presence, desired state and load", [
  { id: "A01", machines: "", units: "api", where: "api=-", because: { api: "no machine" } },
  { id: "A02", machines: "m1", units: "api>m1", where: "api=m1" },
  { id: "A03", machines: "m1", units: "api>m9", where: "api=m1" },
  { id: "A04", machines: "", units: "api>m9", where: "api=m9", because: { api: "stays on m9" } },
  { id: "A05", machines: "m1", units: "api/inactive>m1", where: "api=-" },
  { id: "A06", machines: "m1", units: "api/inactive>m9", where: "api=-" },
  { id: "A07", machines: "m1", units: "api/loaded", where: "api=m1" },
  { id: "A08", machines: "m1", units: "api/inactive", where: "api=-" },
  { id: "A09", machines: "m1", units: "api/loaded>m1", where: "api=m1" },
  { id: "A10", machines: "m1", units: "api/unset", where: "api=-" },
  { id: "A11", machines: "m2 m1 m3", units: "api", where: "api=m1" },
  { id: "A12", machines: "m1 m2", units: "p>m1; q>m1; r>m2; api", where: "p=m1 q=m1 r=m2 api=m2" },
  { id: "A13", machines: "m1 m2", units: "p/loaded>m1; api", where: "p=m1 api=m2" },
  { id: "A14", machines: "m1 m2", units: "p/inactive>m1; api", where: "p=- api=m1" },
  { id: "A15", machines: "m1 m2", units: "p>m1; q>m1; r>m1; s>m1", where: "p=m1 q=m1 r=m1 s=m1" },
  { id: "A16", machines: "m1 m2 m3", units: "a; b; c", where: "a=m1 b=m2 c=m3" },
  { id: "A17", machines: "m1 m2 m3", units: "p>m1; q>m1; a; b; c", where: "p=m1 q=m1 a=m2 b=m3 c=m2" },
  { id: "A18", machines: "m1 m2", units: "a>m9; b>m9; c>m9; d>m1", where: "a=m2 b=m1 c=m2 d=m1" },
  { id: "A19", machines: "m1", units: "a>m1; b>m2; c>m3; d>m3", where: "a=m1 b=m1 c=m1 d=m1" },
  { id: "A20", machines: "m1", units: "tmpl@.service/inactive; tmpl@7", where: "tmpl@=- tmpl@7=m1" },
]);

cases("MachineID", [
  { id: "B01", machines: "m1 m2 m3", units: "api{MachineID=m2}", where: "api=m2" },
  {
    id: "B02",
    machines: "m1 m2",
    units: "api{MachineID=m7}",
    where: "api=-",
    because: { api: 'no machine: 2 are not machine "m7"' },
  },
  { id: "B03", machines: "m1 m2", units: "api>m1{MachineID=m2}", where: "api=m2" },
  { id: "B04", machines: "m1 m2", units: "api>m2{MachineID=m2}", where: "api=m2" },
  // Ours: a unit without another place keeps its seat while its machine is merely away.
  { id: "B05", machines: "m1", units: "api>m2{MachineID=m2}", where: "api=m2", because: { api: "is away" } },
  {
    id: "B06",
    machines: "cafe0000aaaa1111 cafe1111bbbb2222",
    units: "api{MachineID=cafe1111}",
    where: "api=cafe1111bbbb2222",
  },
  {
    id: "B07",
    machines: "cafe0000aaaa1111 cafe1111bbbb2222",
    units: "api{MachineID=cafe111}",
    where: "api=-",
  },
  {
    id: "B08",
    machines: "cafe1111aaaa1111 cafe1111bbbb2222",
    units: "api{MachineID=cafe1111}",
    where: "api=-",
    because: { api: "means several machines: cafe1111aaaa1111, cafe1111bbbb2222" },
  },
  { id: "B09", machines: "m1 m2", units: "api{MachineID=m2;MachineID=m1}", where: "api=m2" },
  { id: "B10", machines: "m1 m2", units: "api{MachineID=}", where: "api=-", because: { api: "no machine" } },
  { id: "B11", machines: "m1 m2", units: "api{X-ConditionMachineBootID=m2}", where: "api=m2" },
  {
    id: "B12",
    machines: "m1 m2{z=e}",
    units: "api{MachineID=m1;MachineMetadata=z=e}",
    where: "api=-",
    because: { api: 'no machine: 1 is not machine "m1", 1 lacks z=e' },
  },
  {
    id: "B13",
    machines: "m1 m2",
    units: "lock>m1{Conflicts=api.service}; api{MachineID=m1}",
    where: "lock=m1 api=-",
    because: { api: "1 conflicts with lock.service (its pattern api.service)" },
  },
  { id: "B14", machines: "m1 m2", units: "pin@m2{MachineID=%i}", where: "pin@m2=m2" },
]);

cases("MachineMetadata", [
  { id: "C01", machines: "m1{z=w} m2{z=e}", units: "api{MachineMetadata=z=e}", where: "api=m2" },
  {
    id: "C02",
    machines: "m1{z=e} m2{d=ssd} m3{z=e,d=ssd}",
    units: "api{MachineMetadata=z=e;MachineMetadata=d=ssd}",
    where: "api=m3",
  },
  {
    id: "C03",
    machines: "m1{z=n} m2{z=w}",
    units: "api{MachineMetadata=z=e;MachineMetadata=z=w}",
    where: "api=m2",
  },
  { id: "C04", machines: "m1{z=w} m2{z=e}", units: "api>m1{MachineMetadata=z=e}", where: "api=m2" },
  {
    id: "C05",
    machines: "m1{z=w} m2",
    units: "api>m1{MachineMetadata=z=e}",
    where: "api=-",
    because: { api: "unseated (machine m1: lacks z=e); no machine: 2 lack z=e" },
  },
  {
    id: "C06",
    machines: "m1{z=E}",
    units: "api{MachineMetadata=z=e}",
    where: "api=-",
    because: { api: "no machine: 1 lacks z=e" },
  },
  // Refused at submission; a stored one means nothing, as in the original.
  { id: "C07", machines: "m1 m2", units: "api{MachineMetadata=z=}", where: "api=m1" },
  {
    id: "C08",
    machines: "m1{z=e} m2{z=e,d=ssd}",
    units: 'api{MachineMetadata="z=e" "d=ssd"}',
    where: "api=m2",
  },
  {
    id: "C09",
    machines: "m1{z=e} m2{z=e}",
    units: "p>m1{MachineMetadata=z=e}; api{MachineMetadata=z=e}",
    where: "p=m1 api=m2",
  },
  {
    id: "C10",
    machines: "m1{rack=r1} m2{rack=r2}",
    units: "shard@r2{MachineMetadata=rack=%i}",
    where: "shard@r2=m2",
  },
  // Ours: b has no other place, so it keeps its seat while its machine is merely away.
  {
    id: "C11",
    machines: "m1{z=e} m2{z=e}",
    units: "a>m9{MachineMetadata=z=e}; b>m9{MachineMetadata=z=q}",
    where: "a=m1 b=m9",
    because: { b: "stays on m9 (machine m9 is away); no machine: 2 lack z=q, 1 is away" },
  },
]);

cases("MachineOf", [
  { id: "D01", machines: "m1 m2", units: "db>m2; app{MachineOf=db.service}", where: "db=m2 app=m2" },
  { id: "D02", machines: "m1 m2", units: "db; app{MachineOf=db.service}", where: "db=m1 app=m1" },
  {
    id: "D03",
    machines: "m1",
    units: "app{MachineOf=db.service}",
    where: "app=-",
    because: { app: 'no machine: 1 without its peer "db.service", which does not exist' },
  },
  {
    id: "D04",
    machines: "m1",
    units: "db/inactive; app{MachineOf=db.service}",
    where: "db=- app=-",
    because: { app: "without its peer db.service, which is inactive" },
  },
  {
    id: "D05",
    machines: "m1 m2",
    units: "db/inactive>m1; app>m1{MachineOf=db.service}",
    where: "db=- app=-",
  },
  { id: "D06", machines: "m1 m2", units: "db/loaded>m2; app{MachineOf=db.service}", where: "db=m2 app=m2" },
  { id: "D07", machines: "m1 m2", units: "db>m2; app>m1{MachineOf=db.service}", where: "db=m2 app=m2" },
  { id: "D08", machines: "m1 m2", units: "db>m9; app>m9{MachineOf=db.service}", where: "db=m1 app=m1" },
  {
    id: "D09",
    machines: "m1",
    units: "app>m1{MachineOf=db.service}",
    where: "app=-",
    because: { app: 'unseated (machine m1: its peer "db.service" does not exist)' },
  },
  {
    id: "D10",
    machines: "m1 m2",
    units: "p{MachineOf=q.service}; q{MachineOf=p.service}",
    where: "p=- q=-",
    because: { p: "wait for each other: p.service -> q.service -> p.service", q: "wait for each other" },
  },
  {
    id: "D11",
    machines: "m1 m2",
    units: "p>m1{MachineOf=q.service}; q>m1{MachineOf=p.service}",
    where: "p=m1 q=m1",
  },
  // Ours: it can be placed nowhere, so it keeps its seats while its machine is merely away.
  {
    id: "D12",
    machines: "m1 m2",
    units: "p>m9{MachineOf=q.service}; q>m9{MachineOf=p.service}",
    where: "p=m9 q=m9",
    because: { p: "stays on m9 (machine m9 is away); peers that wait for each other" },
  },
  {
    id: "D13",
    machines: "m1",
    units: "p{MachineOf=p.service}",
    where: "p=-",
    because: { p: "p.service -> p.service" },
  },
  { id: "D14", machines: "m1", units: "p>m1{MachineOf=p.service}", where: "p=m1" },
  {
    id: "D15",
    machines: "m1 m2",
    units: "p>m1; q>m2; app{MachineOf=p.service;MachineOf=q.service}",
    where: "p=m1 q=m2 app=-",
    because: { app: "1 without its peer p.service, 1 without its peer q.service" },
  },
  {
    id: "D16",
    machines: "m1 m2",
    units: 'p>m2; q>m2; app{MachineOf="p.service" "q.service"}',
    where: "p=m2 q=m2 app=m2",
  },
  {
    id: "D17",
    machines: "m1 m2",
    units: "p>m2; q>m2; app{MachineOf=p.service q.service}",
    where: "p=m2 q=m2 app=-",
    because: { app: 'its peer "p.service q.service", which does not exist' },
  },
  {
    id: "D18",
    machines: "m1 m2 m3",
    units: "a; b{MachineOf=a.service}; c{MachineOf=b.service}",
    where: "a=m1 b=m1 c=m1",
  },
  {
    id: "D19",
    machines: "m1 m2{r=1}",
    units: "agent{Global=true;MachineMetadata=r=1}; app{MachineOf=agent.service}",
    where: "agent=m2 app=m2",
  },
  {
    id: "D20",
    machines: "m1 m2{r=1}",
    units: "agent/inactive{Global=true;MachineMetadata=r=1}; app{MachineOf=agent.service}",
    where: "agent=- app=-",
    because: { app: "agent.service, which is inactive" },
  },
  {
    id: "D21",
    machines: "m1 m2{r=1}",
    units: "db>m1; app{MachineOf=db.service;MachineMetadata=r=1}",
    where: "db=m1 app=-",
    because: { app: "1 lacks r=1, 1 without its peer db.service" },
  },
  {
    id: "D22",
    machines: "m1 m2{r=1}",
    units: "db>m1{MachineMetadata=r=1}; app>m1{MachineOf=db.service}",
    where: "db=m2 app=m2",
  },
  {
    id: "D23",
    machines: "m1 m2",
    units: "db>m1; w1{MachineOf=db.service;Conflicts=w2.service}; w2{MachineOf=db.service}",
    where: "db=m1 w1=m1 w2=-",
    because: { w2: "conflicts with w1.service (its pattern w2.service)" },
  },
  { id: "D24", machines: "m1 m2", units: "db>m1; app{MachineOf=db*}", where: "db=m1 app=-" },
]);

cases("Conflicts", [
  { id: "E01", machines: "m1 m2", units: "db>m1; api{Conflicts=db.service}", where: "db=m1 api=m2" },
  { id: "E02", machines: "m1 m2", units: "db>m1{Conflicts=api.service}; api", where: "db=m1 api=m2" },
  {
    id: "E03",
    machines: "m1",
    units: "db>m1{Conflicts=api.service}; api",
    where: "db=m1 api=-",
    because: { api: "no machine: 1 conflicts with db.service (its pattern api.service)" },
  },
  {
    id: "E04",
    machines: "m1 m2",
    units: "w@1{Conflicts=w@*.service}; w@2{Conflicts=w@*.service}; w@3{Conflicts=w@*.service}",
    where: "w@1=m1 w@2=m2 w@3=-",
    because: {
      "w@3":
        "no machine: 1 conflicts with w@1.service (pattern w@*.service), 1 conflicts with w@2.service (pattern w@*.service)",
    },
  },
  {
    id: "E05",
    machines: "m1 m2",
    units: "p>m1{Conflicts=q.service}; q>m1{Conflicts=p.service}",
    where: "p=m1 q=m2",
  },
  { id: "E06", machines: "m1 m2", units: "p>m1{Conflicts=q.service}; q>m1", where: "p=m1 q=m2" },
  {
    id: "E07",
    machines: "m1",
    units: "p>m1{Conflicts=q.service}; q>m1",
    where: "p=m1 q=-",
    because: { q: "unseated (machine m1: conflicts with p.service (its pattern q.service))" },
  },
  {
    id: "E08",
    machines: "m1 m2",
    units: "w@1>m1{Conflicts=w@*.service}; w@2>m1{Conflicts=w@*.service}; w@3>m1{Conflicts=w@*.service}",
    where: "w@1=m1 w@2=m2 w@3=-",
  },
  {
    id: "E09",
    machines: "m1 m2 m3",
    units: "w@1>m1{Conflicts=w@*.service}; w@2>m1{Conflicts=w@*.service}; w@3>m1{Conflicts=w@*.service}",
    where: "w@1=m1 w@2=m2 w@3=m3",
  },
  { id: "E10", machines: "m1", units: "p/loaded>m1{Conflicts=q.service}; q", where: "p=m1 q=-" },
  { id: "E11", machines: "m1", units: "p/inactive>m1{Conflicts=q.service}; q", where: "p=- q=m1" },
  // Refused at submission; a stored one matches nothing, as in the original.
  { id: "E12", machines: "m1", units: "p>m1{Conflicts=q[}; q", where: "p=m1 q=m1" },
  {
    id: "E13",
    machines: "m1 m2 m3",
    units: "w@1>m1{Conflicts=w@*.service}; w@2>m2{Conflicts=w@*.service}; w@3>m9{Conflicts=w@*.service}",
    where: "w@1=m1 w@2=m2 w@3=m3",
  },
  // Ours: it has no other place, so it keeps its seat while its machine is merely away.
  {
    id: "E14",
    machines: "m1 m2",
    units: "w@1>m1{Conflicts=w@*.service}; w@2>m2{Conflicts=w@*.service}; w@3>m9{Conflicts=w@*.service}",
    where: "w@1=m1 w@2=m2 w@3=m9",
  },
  { id: "E15", machines: "m1 m2", units: "p>m1{Conflicts=p.service}", where: "p=m1" },
  { id: "E16", machines: "m1 m2", units: "db>m1; api{X-Conflicts=db.service}", where: "db=m1 api=m2" },
  {
    id: "E17",
    machines: "m1 m2 m3",
    units: "db>m1; mq>m2; api{Conflicts=db.service mq.service}",
    where: "db=m1 mq=m2 api=m3",
  },
  {
    id: "E18",
    machines: "m1 m2",
    units: "p>m1{Conflicts=q.service}; q>m1{Conflicts=p.service}; side>m1{MachineOf=q.service}",
    where: "p=m1 q=m2 side=m2",
  },
  { id: "E19", machines: "m1 m2", units: "a{Conflicts=b.service}; b", where: "a=m1 b=m2" },
  {
    id: "E20",
    machines: "m1",
    units: "a{Conflicts=b.service}; b{Conflicts=a.service}",
    where: "a=m1 b=-",
  },
]);

cases("global units", [
  // Ours: global units have seats like all others, so these name the machines they run on.
  { id: "F01", machines: "m1 m2", units: "mon{Global=true}", where: "mon=m1,m2" },
  {
    id: "F02",
    machines: "m1{r=1} m2",
    units: "mon{Global=true;MachineMetadata=r=1}; api",
    where: "mon=m1 api=m2",
  },
  {
    id: "F03",
    machines: "m1{r=1} m2",
    units: "mon/inactive{Global=true;MachineMetadata=r=1}; api",
    where: "mon=- api=m1",
  },
  {
    id: "F04",
    machines: "m1 m2",
    units: "mon{Global=true;Conflicts=api.service}; api",
    where: "mon=m1,m2 api=-",
    because: { api: "no machine: 2 conflict with mon.service (its pattern api.service)" },
  },
  {
    id: "F05",
    machines: "m1 m2",
    units: "mon{Global=true}; api{Conflicts=mon.service}",
    where: "mon=m1,m2 api=-",
  },
  {
    id: "F06",
    machines: "m1 m2",
    units: "mon/inactive{Global=true;Conflicts=api.service}; api",
    where: "mon=- api=m1",
  },
  {
    id: "F07",
    machines: "m1 m2",
    units: "mon{Global=true;Conflicts=api.service}; api>m1",
    where: "mon=m2 api=m1",
    because: { mon: "not on 1 of 2 machines: 1 conflicts with api.service (pattern api.service)" },
  },
  {
    id: "F08",
    machines: "m1{r=1} m2",
    units: "mon{Global=true;Conflicts=api.service;MachineMetadata=r=1}; api",
    where: "mon=m1 api=m2",
  },
  // Ours: a seat of a global unit is nothing strange; it stays if the machine qualifies.
  { id: "F09", machines: "m1 m2", units: "mon>m1{Global=true}", where: "mon=m1,m2" },
  {
    id: "F09 on an excluded machine",
    machines: "m1 m2{r=1}",
    units: "mon>m1{Global=true;MachineMetadata=r=1}",
    where: "mon=m2",
  },
  {
    id: "F10",
    machines: "m1 m2",
    units: "mon{Global=true;MachineID=m1}; p>m2; api",
    where: "mon=m1,m2 p=m2 api=m1",
  },
  {
    id: "F11",
    machines: "m1 m2",
    units: "mon@.service/inactive{Global=true;Conflicts=api*}; api",
    where: "mon@=- api=m1",
  },
  {
    id: "F12",
    machines: "m1 m2",
    units: "g1{Global=true;Conflicts=g2.service}; g2{Global=true}; api{MachineOf=g2.service}",
    where: "g1=m1,m2 g2=- api=-",
    because: { g2: "not on 2 of 2 machines", api: "2 without its peer g2.service" },
  },
]);

cases("Replaces", [
  {
    id: "G01",
    machines: "m1 m2",
    units: "old>m1; p>m2; q>m2; new{Replaces=old.service}",
    where: "old=m2 p=m2 q=m2 new=m1",
  },
  {
    id: "G02",
    machines: "m1 m2",
    units: "old>m1; p>m2; q>m2; new>m1{Replaces=old.service}",
    where: "old=m2 p=m2 q=m2 new=m1",
  },
  { id: "G03", machines: "m1 m2", units: "old>m2; new>m1{Replaces=old.service}", where: "old=m2 new=m1" },
  {
    id: "G04",
    machines: "m1 m2",
    units: "old>m1{Replaces=new.service}; new>m1{Replaces=old.service}",
    where: "old=m1 new=m1",
  },
  { id: "G05", machines: "m1", units: "old>m1; new>m1{Replaces=old.service}", where: "old=m1 new=m1" },
  { id: "G06", machines: "m1 m2", units: "old>m1; new{Replaces=old.service}", where: "old=m1 new=m2" },
  {
    id: "G07",
    machines: "m1{r=1} m2",
    units: "old>m1{MachineMetadata=r=1}; new>m1{Replaces=old.service;MachineMetadata=r=1}",
    where: "old=m1 new=m1",
  },
  {
    id: "G08",
    machines: "m1 m2 m3",
    units: "old1>m1; old2>m1; new>m1{Replaces=old*}",
    where: "old1=m2 old2=m3 new=m1",
  },
  {
    id: "G09",
    machines: "m1 m2",
    units: "mon{Global=true}; new>m1{Replaces=mon.service}",
    where: "mon=m1,m2 new=m1",
  },
  { id: "G10", machines: "m1 m2", units: "old>m9; new>m9{Replaces=old.service}", where: "old=m2 new=m1" },
  {
    id: "G11",
    machines: "m1 m2",
    units: "old>m1; lock>m2{Conflicts=old.service}; new>m1{Replaces=old.service}",
    where: "old=m1 lock=m2 new=m1",
  },
]);

cases("what the original left to each machine", [
  {
    id: "J06",
    machines: "me",
    units: "b>me; a{Global=true;Conflicts=b.service}",
    where: "b=me a=-",
    because: { a: "not on 1 of 1 machines" },
  },
  { id: "J07", machines: "me", units: "a>me; b{Global=true;Conflicts=a.service}", where: "a=me b=-" },
  {
    id: "J08",
    machines: "me",
    units: "b>me; a/inactive{Global=true;Conflicts=b.service}",
    where: "b=me a=-",
  },
  {
    id: "J09",
    machines: "me",
    units: "g1{Global=true;Conflicts=g2.service}; g2{Global=true}",
    where: "g1=me g2=-",
  },
  {
    id: "J10",
    machines: "me",
    units: "g1/inactive{Global=true;Conflicts=g2.service}; g2{Global=true}",
    where: "g1=- g2=me",
  },
  { id: "J11", machines: "me", units: "p>me{Conflicts=q.service}; q>me", where: "p=me q=-" },
  { id: "J12", machines: "me", units: "p/inactive>me{Conflicts=q.service}; q>me", where: "p=- q=me" },
  { id: "J13", machines: "me", units: "p>me{MachineID=zzz;MachineMetadata=a=b}", where: "p=-" },
  {
    id: "J14",
    machines: "me",
    units: "p{Global=true;MachineID=zzz}; r{Global=true;MachineOf=q.service}",
    where: "p=me r=me",
  },
]);
