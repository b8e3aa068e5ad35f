import { cases } from "../../../../test/support/placement-cases.js";

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

cases("what the original left to each machine", [
  { id: "J01", machines: "me", units: "api>me", where: "api=me" },
  { id: "J02", machines: "me other", units: "p>me; api>other", where: "p=me api=other" },
  { id: "J03", machines: "me", units: "mon{Global=true}", where: "mon=me" },
  { id: "J04", machines: "me{k=v}", units: "mon{Global=true;MachineMetadata=k=v}", where: "mon=me" },
  {
    id: "J05",
    machines: "me{k=x} other",
    units: "mon{Global=true;MachineMetadata=k=v}",
    where: "mon=-",
    because: { mon: "no machine: 2 lack k=v" },
  },
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
