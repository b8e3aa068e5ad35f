import { cases } from "../../../../test/support/placement-cases.js";

cases("Reserve", [
  {
    id: "the machine that has room",
    machines: "m1[memory=1G] m2[memory=2G]",
    units: "api{Reserve=memory=1.5G}",
    where: "api=m2",
  },
  {
    id: "all resources at once",
    machines: "m1[cpu=1,memory=4G] m2[cpu=4,memory=1G] m3[cpu=4,memory=4G]",
    units: "api{Reserve=cpu=2,memory=2G}",
    where: "api=m3",
  },
  {
    id: "counted resources",
    machines: "m1[gpu=1] m2[gpu=2]",
    units: "a{Reserve=gpu=1}; b{Reserve=gpu=1}; c{Reserve=gpu=1}; d{Reserve=gpu=1}",
    where: "a=m1 b=m2 c=m2 d=-",
    because: { d: "no machine: 2 have too little gpu free (needs gpu=1)" },
  },
  {
    id: "what a machine does not state it does not have",
    machines: "m1 m2[cpu=8] m3[gpu=0]",
    units: "api{Reserve=gpu=1}",
    where: "api=-",
    because: { api: "no machine: 3 have no gpu (needs gpu=1)" },
  },
  {
    id: "an older fleetd states nothing",
    machines: "m1 m2[memory=1G]",
    units: "a{Reserve=memory=1G}; b",
    where: "a=m2 b=m1",
  },
  {
    id: "the figures of the only machine",
    machines: "m1[memory=4G]",
    units: "db>m1{Reserve=memory=3.7G}; api{Reserve=memory=512M}",
    where: "db=m1 api=-",
    because: { api: "no machine: 1 has 307M of memory=4G free (needs memory=512M)" },
  },
  {
    id: "more than it ever had",
    machines: "m1[cpu=2]",
    units: "api{Reserve=cpu=2.5}",
    where: "api=-",
    because: { api: "no machine: 1 has cpu=2 in all (needs cpu=2.5)" },
  },
  {
    id: "least loaded is the smallest share",
    machines: "m1[memory=8G] m2[memory=2G]",
    units: "p>m1{Reserve=memory=1G}; q>m1; r>m1; s>m2{Reserve=memory=1G}; api{Reserve=memory=512M}; z",
    where: "api=m1 z=m1",
  },
  {
    id: "the fullest resource counts",
    machines: "m1[cpu=4,memory=4G] m2[cpu=4,memory=4G]",
    units: "p>m1{Reserve=cpu=3,memory=1G}; q>m2{Reserve=cpu=1,memory=2G}; api",
    where: "api=m2",
  },
  {
    id: "of equal shares the fewest seats",
    machines: "m1[memory=4G] m2[memory=4G]",
    units: "p>m1; q>m2{Reserve=memory=1M}; r>m1; api{Reserve=memory=1M}",
    where: "api=m2",
  },
  {
    id: "without reservations the fewest seats, as ever",
    machines: "m1[memory=1G] m2[memory=8G]",
    units: "p>m2; api",
    where: "api=m1",
  },
  {
    id: "a seat stays though its machine has shrunk",
    machines: "m1[memory=1G] m2[memory=8G]",
    units: "db>m1{Reserve=memory=4G}; api{Reserve=memory=512M}",
    where: "db=m1 api=m2",
  },
  {
    id: "what leaves makes room",
    machines: "m1[memory=1G]",
    units: "old/inactive>m1{Reserve=memory=1G}; new{Reserve=memory=1G}",
    where: "old=- new=m1",
  },
  {
    id: "what is moved away makes room",
    machines: "m1[memory=1G] m2{z=e}[memory=1G]",
    units: "a{Reserve=memory=1G}; b>m1{Reserve=memory=1G;MachineMetadata=z=e}",
    where: "a=m1 b=m2",
  },
  {
    id: "nothing is moved to make room",
    machines: "m1[memory=2G] m2[memory=1G]",
    units: "small>m1{Reserve=memory=1G}; large{Reserve=memory=2G}",
    where: "small=m1 large=-",
  },
  {
    id: "a group goes where there is room for all of it",
    machines: "m1[memory=2G] m2[memory=3G]",
    units:
      "p>m2; db{Reserve=memory=1G}; a{Reserve=memory=1G;MachineOf=db.service}; b{Reserve=memory=1G;MachineOf=db.service}",
    where: "db=m2 a=m2 b=m2",
  },
  {
    id: "a replaced unit moves where there is room",
    machines: "m1[memory=2G] m2[memory=1G] m3[memory=2G]",
    units: "old>m1{Reserve=memory=2G}; p>m3; new>m1{Replaces=old.service}",
    where: "old=m3 new=m1",
  },
  {
    id: "and stays if there is none",
    machines: "m1[memory=2G] m2[memory=1G]",
    units: "old>m1{Reserve=memory=2G}; new>m1{Replaces=old.service}",
    where: "old=m1 new=m1",
  },
  {
    id: "pinned, but there is no room",
    machines: "m1[cpu=1] m2[cpu=4]",
    units: "api{MachineID=m1;Reserve=cpu=2}",
    where: "api=-",
  },
  {
    id: "a global unit only where there is room",
    machines: "m1[memory=1G] m2[memory=4G]",
    units: "db>m1{Reserve=memory=1G}; mon{Global=true;Reserve=memory=512M}",
    where: "db=m1 mon=m2",
    because: { mon: "not on 1 of 2 machines: 1 has 0 of memory=1G free (needs memory=512M)" },
  },
  {
    id: "moves of a lost machine go where there is room",
    machines: "m1[memory=1G] m2[memory=2G]",
    units:
      "a>m9{Reserve=memory=1G}; b>m9{Reserve=memory=1G}; c>m9{Reserve=memory=1G}; d>m9{Reserve=memory=1G}",
    where: "a=m1 b=m2 c=m2 d=m9",
  },
]);
