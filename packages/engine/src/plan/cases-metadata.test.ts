import { cases } from "../../../../test/support/placement-cases.js";

cases("MachineMetadata with operators", [
  {
    id: "not equal",
    machines: "m1{z=e} m2{z=w} m3",
    units: "a{MachineMetadata=z!=e}; b{MachineMetadata=z!=e}; c{MachineMetadata=z!=e}",
    where: "a=m2 b=m3 c=m2",
  },
  {
    id: "several not equal",
    machines: "m1{z=e} m2{z=w} m3{z=n}",
    units: 'api{MachineMetadata="z!=e" "z!=w"}',
    where: "api=m3",
  },
  {
    id: "a version",
    machines: "m1{k=5.9.2} m2{k=5.10.1-amd64} m3{k=new} m4",
    units: "api{MachineMetadata=k>=5.10}",
    where: "api=m2",
  },
  {
    id: "a range",
    machines: "m1{c=2} m2{c=8} m3{c=4}",
    units: 'api{MachineMetadata="c>2" "c<8"}',
    where: "api=m3",
  },
  { id: "presence", machines: "m1 m2{gpu=}", units: "api{MachineMetadata=gpu}", where: "api=m2" },
  { id: "absence", machines: "m1{gpu=1} m2", units: "api{MachineMetadata=!gpu}", where: "api=m2" },
  {
    id: "a pattern",
    machines: "m1{z=us-1} m2{z=eu-1}",
    units: "api{MachineMetadata=z~=eu-*}",
    where: "api=m2",
  },
  {
    id: "a value or a pattern",
    machines: "m1{z=us-1} m2{z=ap} m3{z=eu-1}",
    units: 'a{MachineMetadata="z~=eu-*" "z=ap"}; b{MachineMetadata="z~=eu-*" "z=ap"}',
    where: "a=m2 b=m3",
  },
  {
    id: "with a pair of another key",
    machines: "m1{z=e} m2{z=e,d=ssd} m3{z=w,d=ssd}",
    units: 'api{MachineMetadata="z=e" "d!=hdd" "d"}',
    where: "api=m2",
  },
  {
    id: "an instance's own value",
    machines: "m1{rack=r1} m2{rack=r2}",
    units: "s@r1{MachineMetadata=rack!=%i}",
    where: "s@r1=m2",
  },
  {
    id: "nobody",
    machines: "m1{k=4} m2{k=4,gpu=1} m3{z=e}",
    units: 'api{MachineMetadata="k>=5" "!gpu" "z=e"}',
    where: "api=-",
    because: { api: "no machine: 1 lacks k>=5, 1 lacks z=e and k>=5, 1 lacks z=e and k>=5 and !gpu" },
  },
  {
    id: "changed under a running unit",
    machines: "m1{k=4} m2{k=6}",
    units: "api>m1{MachineMetadata=k>=5}",
    where: "api=m2",
  },
  {
    id: "a global unit",
    machines: "m1{z=e} m2{z=w} m3",
    units: "mon{Global=true;MachineMetadata=z!=e}",
    where: "mon=m2,m3",
  },
  {
    id: "a global unit that is where it must not be",
    machines: "m1{z=e} m2",
    units: "mon>m1{Global=true;MachineMetadata=!z}",
    where: "mon=m2",
  },
  {
    id: "demands that rule each other out",
    machines: "m1{z=e} m2",
    units: "api{MachineMetadata=z=e;MachineMetadata=z!=e}",
    where: "api=-",
    because: { api: "no machine can meet both z=e and z!=e" },
  },
  {
    id: "demands that rule each other out, where no machine is asked for them",
    machines: "m1{z=e} m2",
    units: "api{MachineID=m9;MachineMetadata=z=e;MachineMetadata=z!=e}",
    where: "api=-",
    because: { api: 'no machine: 2 are not machine "m9"' },
  },
  {
    id: "a global unit whose demands rule each other out",
    machines: "m1{k=5} m2",
    units: "mon{Global=true;MachineMetadata=k>5;MachineMetadata=k<4;MachineMetadata=z;MachineMetadata=!z}",
    where: "mon=-",
    because: { mon: "no machine can meet both k>5 and k<4, nor both z and !z" },
  },
  // The legacy spelling has no operators: this demands of the key "z!" the value "e".
  {
    id: "the legacy spelling",
    machines: "m1{z=w} m2{z!=e}",
    units: "api{X-ConditionMachineMetadata=z!=e}",
    where: "api=m2",
  },
  {
    id: "what it does not know",
    machines: "m1",
    units: "api{X-ConditionMachineMetadata=gpu}",
    where: "api=m1",
  },
]);
