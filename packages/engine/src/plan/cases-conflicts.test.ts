import { cases } from "../../../../test/support/placement-cases.js";

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
    because: { q: "loses its seat (machine m1 conflicts with p.service (its pattern q.service))" },
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
  // A unit that could be handed over to where it is replaced stays; one that is nowhere goes there all the same.
  {
    id: "G12",
    machines: "m1 m2%",
    units: "new>m1{Replaces=w@*}; w@1; w@2>m2; w@3",
    where: "new=m1 w@1=m1 w@2=m2 w@3=m1",
  },
]);
