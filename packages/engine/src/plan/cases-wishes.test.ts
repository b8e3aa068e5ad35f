import { cases } from "../../../../test/support/placement-cases.js";

cases("Prefer and Avoid", [
  {
    id: "before load",
    machines: "m1 m2{disk=ssd}",
    units: "p>m2; q>m2; api{Prefer=disk=ssd}",
    where: "api=m2",
  },
  {
    id: "avoided",
    machines: "m1{old=1} m2{old=1} m3",
    units: "p>m3; q>m3; api{Avoid=old}",
    where: "api=m3",
  },
  {
    id: "a wish is no demand",
    machines: "m1 m2",
    units: "p>m1; api{Prefer=disk=ssd}; web{Avoid=!gpu}",
    where: "api=m2 web=m1",
  },
  {
    id: "weights add up",
    machines: "m1{a=1,b=1} m2{c=1}",
    units: 'api{Prefer="40:a" "40:b" "70:c"}; web{Prefer="30:a" "30:b" "70:c"}',
    where: "api=m1 web=m2",
  },
  {
    id: "what is avoided weighs against what is preferred",
    machines: "m1{a=1,b=1} m2",
    units: "x{Prefer=10:a;Avoid=20:b}; y{Prefer=20:a;Avoid=10:b}",
    where: "x=m2 y=m1",
  },
  {
    id: "among equals the load decides",
    machines: "m1{a=1} m2{a=1} m3",
    units: "p>m1; x{Prefer=a}; y{Prefer=a}; z{Prefer=a}",
    where: "x=m2 y=m1 z=m2",
  },
  {
    id: "near other units",
    machines: "m1 m2 m3",
    units: "db>m2; p>m2; api{Prefer=unit:db.service}",
    where: "api=m2",
  },
  {
    id: "away from other units",
    machines: "m1 m2 m3",
    units: "w@1>m1; w@2>m2; p>m3; q>m3; api{Avoid=unit:w@*}",
    where: "api=m3",
  },
  {
    id: "near units that are placed in the same plan",
    machines: "m1 m2",
    units: "p>m1; a; b{Prefer=unit:a.service}",
    where: "a=m2 b=m2",
  },
  {
    id: "units that leave do not count",
    machines: "m1 m2",
    units: "db/inactive>m2; p>m2; api{Prefer=unit:db.service}",
    where: "api=m1",
  },
  {
    id: "demands come first",
    machines: "m1{disk=ssd} m2{z=e}",
    units: "api{MachineMetadata=z=e;Prefer=100:disk=ssd}",
    where: "api=m2",
  },
  {
    id: "room comes first",
    machines: "m1{disk=ssd}[memory=1G] m2[memory=4G]",
    units: "api{Reserve=memory=2G;Prefer=disk=ssd}",
    where: "api=m2",
  },
  {
    id: "nothing is moved to fulfil a wish",
    machines: "m1 m2{disk=ssd}",
    units: "api>m1{Prefer=disk=ssd}",
    where: "api=m1",
  },
  {
    id: "a follower goes where its peer is",
    machines: "m1 m2{disk=ssd}",
    units: "db>m1; api{MachineOf=db.service;Prefer=disk=ssd}",
    where: "api=m1",
  },
  {
    id: "a lost unit remembers its wishes",
    machines: "m1 m2 m3{disk=ssd}",
    units: "p>m3; api>m9{Prefer=disk=ssd}",
    where: "api=m3",
  },
]);

cases("Spread", [
  {
    id: "over zones before machines",
    machines: "m1{z=a} m2{z=a} m3{z=b}",
    units: "w@1{Spread=z}; w@2{Spread=z}; w@3{Spread=z}; w@4{Spread=z}",
    where: "w@1=m1 w@2=m3 w@3=m2 w@4=m3",
  },
  {
    id: "before load",
    machines: "m1{z=a} m2{z=b}",
    units: "p>m2; q>m2; w@1>m1; w@2{Spread=z}",
    where: "w@2=m2",
  },
  {
    id: "all instances count, also those that do not ask for it",
    machines: "m1{z=a} m2{z=b} m3{z=c}",
    units: "w@1>m1; w@2>m2; p>m3; w@3{Spread=z}",
    where: "w@3=m3",
  },
  {
    id: "other templates do not count",
    machines: "m1{z=a} m2{z=b}",
    units: "v@1>m1; p>m2; q>m2; w@1{Spread=z}",
    where: "w@1=m1",
  },
  {
    id: "it is no demand",
    machines: "m1{z=a} m2{z=a}",
    units: "w@1>m1; w@2{Spread=z}; w@3{Spread=z}",
    where: "w@2=m2 w@3=m1",
  },
  {
    id: "machines without the key come last",
    machines: "m1 m2{z=a} m3{z=b}",
    units: "w@1{Spread=z}; w@2{Spread=z}; w@3{Spread=z}",
    where: "w@1=m2 w@2=m3 w@3=m2",
  },
  {
    id: "and are taken if there is no other",
    machines: "m1 m2{z=a}",
    units: "w@1>m2{Conflicts=w@*}; w@2{Spread=z}",
    where: "w@2=m1",
  },
  {
    id: "demands come first",
    machines: "m1{z=a,d=ssd} m2{z=b}",
    units: "w@1>m1; w@2{Spread=z;MachineMetadata=d=ssd}",
    where: "w@2=m1",
  },
  {
    id: "wishes come second",
    machines: "m1{z=a,d=ssd} m2{z=b} m3{z=b,d=ssd}",
    units: "p>m3; w@1>m1; w@2{Spread=z;Prefer=100:d=ssd}",
    where: "w@2=m3",
  },
  {
    id: "after a loss",
    machines: "m1{z=a} m2{z=b} m3{z=c}",
    units: "w@1>m1{Spread=z}; w@2>m2{Spread=z}; w@3>m9{Spread=z}; w@4>m9{Spread=z}; p>m3; q>m3; r>m3",
    where: "w@3=m3 w@4=m1",
  },
  {
    id: "instances that leave make room",
    machines: "m1{z=a} m2{z=b}",
    units: "w@1/inactive>m1; p>m1; w@2>m2; w@3{Spread=z}",
    where: "w@3=m1",
  },
]);
