import { cases } from "../../../../test/support/placement-cases.js";

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
    because: { api: "loses its seat (machine m1 lacks z=e); no machine: 2 lack z=e" },
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
