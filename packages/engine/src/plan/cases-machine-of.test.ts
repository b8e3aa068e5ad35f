import { cases } from "../../../../test/support/placement-cases.js";

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
    because: { app: 'loses its seat (machine m1: its peer "db.service" does not exist)' },
  },
  {
    id: "D10",
    machines: "m1 m2",
    units: "p{MachineOf=q.service}; q{MachineOf=p.service}",
    where: "p=- q=-",
    because: { p: "leads round in a ring: p.service -> q.service -> p.service", q: "leads round in a ring" },
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
    because: { p: "stays on m9 (machine m9 is away); MachineOf leads round in a ring" },
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
  // Ours: followers are looked at before the head is placed, but for those that can go nowhere, and their own followers.
  {
    id: "D25",
    machines: "m1 m2{r=1}",
    units:
      "db; app{MachineOf=db.service;MachineMetadata=r=1}; odd{MachineOf=db.service;MachineMetadata=r=9}; oddest{MachineOf=odd.service}",
    where: "db=m2 app=m2 odd=- oddest=-",
    because: { oddest: "without its peer odd.service" },
  },
  {
    id: "D26",
    machines: "m1{r=1} m2{r=2}",
    units:
      "db; a{MachineOf=db.service;MachineMetadata=r=2}; b{MachineOf=db.service;MachineMetadata=r=1}; odd{MachineOf=db.service;MachineID=m9}",
    where: "db=m1 a=- b=m1 odd=-",
  },
  // Ours: units that one unit follows together are placed together.
  {
    id: "D27",
    machines: "m1 m2{r=1}",
    units: "p; q{MachineMetadata=r=1}; app{MachineOf=p.service;MachineOf=q.service}",
    where: "p=m2 q=m2 app=m2",
  },
  {
    id: "D28",
    machines: "m1 m2 m3{r=1}",
    units:
      "p; q; z{MachineMetadata=r=1}; one{MachineOf=p.service;MachineOf=q.service}; two{MachineOf=q.service;MachineOf=z.service}",
    where: "p=m3 q=m3 z=m3 one=m3 two=m3",
  },
  {
    id: "D29",
    machines: "m1 m2{r=1} m3",
    units:
      "p; base{MachineMetadata=r=1}; q{MachineOf=base.service}; app{MachineOf=p.service;MachineOf=q.service}",
    where: "p=m2 base=m2 q=m2 app=m2",
  },
  {
    id: "D34",
    machines: "m1{zone=e} m2",
    units: "d>m1{Conflicts=b.service;MachineOf=b.service}; b{MachineMetadata=zone=e}; x{MachineOf=b.service}",
    where: "b=m1 d=- x=m1",
  },
  // Whom nothing can bring together is placed as if nobody followed both.
  {
    id: "D30",
    machines: "m1{r=2} m2{r=1}",
    units: "p{MachineMetadata=r=2}; q{MachineMetadata=r=1}; app{MachineOf=p.service;MachineOf=q.service}",
    where: "p=m1 q=m2 app=-",
  },
  {
    id: "D31",
    machines: "m1 m2{r=1}",
    units:
      "p; q{MachineMetadata=r=9}; z{MachineMetadata=r=1}; app{MachineOf=p.service;MachineOf=q.service;MachineOf=z.service}",
    where: "p=m1 q=- z=m2 app=-",
  },
  {
    id: "D32",
    machines: "m1 m2{r=1} m9!",
    units: "p>m9; q>m9{MachineMetadata=r=1}; app>m9{MachineOf=p.service;MachineOf=q.service}",
    where: "p=m2 q=m2 app=m2",
  },
  {
    id: "D33",
    machines: "m1 m2{r=1}",
    units: "q>m1{MachineMetadata=r=1}; p; app{MachineOf=p.service;MachineOf=q.service}",
    where: "p=m2 q=m2 app=m2",
  },
  // It cannot stay beside the one whom the one it follows follows, which it hears in the words of what stays so.
  {
    id: "D34",
    machines: "m1",
    units: "d>m1{MachineOf=w@1.service}; w@1{Conflicts=w@*}; w@2>m1{MachineOf=d.service}",
    where: "d=m1 w@1=m1 w@2=-",
    because: { "w@2": "loses its seat (machine m1 conflicts with w@1.service (its pattern w@*))" },
  },
]);
