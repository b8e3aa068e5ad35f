import {
  type Forecast,
  isSeated,
  type MachineId,
  type Proposal,
  parseMachineId,
  type UnitName,
  unitContentFromText,
} from "@fleet/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { carryOut } from "../../../../test/support/carry-out.js";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { buildCluster, clusterPlan } from "../../../../test/support/random-cluster.js";
import { decide, plan } from "./plan.js";
import { foresee, seatsAfter } from "./what-if.js";
import { changeView } from "./what-if-change.js";
import { changesOf } from "./what-if-proposal.js";
import { settle } from "./what-if-settle.js";

const nothing: Proposal = { put: [], want: [], cordon: [], uncordon: [], drain: [], lose: [], add: [] };

const ids = (text: string) => text.split(" ").map((word) => parseMachineId(word));

function put(name: string, ...options: readonly string[]): Proposal["put"][number] {
  const content = unitContentFromText(["[X-Fleet]", ...options, ""].join("\n"));
  return { unit: serviceName(name), content, desiredState: "launched" };
}

function ask(machines: string, units: string, proposal: Partial<Proposal>): Forecast {
  const cluster = new ClusterSketch().addMachines(machines).addUnits(units);
  const planning = decide(cluster.view, { releasedMachines: cluster.absent });
  const decided = { revision: 7, planning, engineStatus: undefined, hasLeader: true };
  return foresee(decided, { ...nothing, ...proposal });
}

/** `a m1>m2; b ->m1; !c reason; m1 2>1`. */
function sketch({ fits, machines, moves, refusals }: Forecast): string {
  const list = (machineIds: readonly string[]): string => machineIds.join(",") || "-";
  const short = (name: string): string => name.replace(".service", "");
  return [
    fits ? "fits" : "does not fit",
    ...moves.map(({ from, to, unit }) => `${short(unit)} ${list(from)}>${list(to)}`),
    ...refusals.map(({ isNew, reason, unit }) => `${isNew ? "!" : "?"}${short(unit)} ${reason}`),
    machines.map(({ after, before, machine }) => `${machine} ${before}>${after}`).join(" "),
  ].join("; ");
}

describe("what-if", () => {
  it.each<[title: string, machines: string, units: string, proposal: Partial<Proposal>, outcome: string]>([
    [
      "nothing is done",
      "m1 m2",
      "a>m1; b{MachineMetadata=x=y}",
      {},
      "fits; ?b no machine: 2 lack x=y; m1 1>1 m2 0>0",
    ],
    [
      "a unit is started",
      "m1 m2",
      "a>m1",
      { put: [put("b"), put("c")] },
      "fits; b ->m2; c ->m1; m1 1>2 m2 0>1",
    ],
    [
      "a unit is started that fits nowhere",
      "m1",
      "a>m1",
      { put: [put("b", "Conflicts=a.service")] },
      "does not fit; !b no machine: 1 conflicts with a.service (pattern a.service); m1 1>1",
    ],
    [
      "a unit is started that keeps away one that waits",
      "m1",
      "b/inactive; c/inactive{Conflicts=b.service}",
      { want: [{ unit: serviceName("b"), desiredState: "launched" }] },
      "fits; b ->m1; m1 0>1",
    ],
    [
      "a unit is unloaded that kept another away",
      "m1",
      "a>m1; b{Conflicts=a.service}",
      { want: [{ unit: serviceName("a"), desiredState: "inactive" }] },
      "fits; a m1>-; b ->m1; m1 1>1",
    ],
    [
      "a machine is lost",
      "m1 m2 m3",
      "a>m1; b>m1; c>m2; g>m1{Global=true}",
      { lose: ids("m1") },
      "fits; a m1>m3; b m1>m2; g ->m2,m3; m1 3>1 m2 1>3 m3 0>2",
    ],
    [
      "a machine is lost whose units fit nowhere else",
      "m1 m2",
      "a>m1{MachineID=m1}; b>m1{Conflicts=c.service}; c>m2",
      { lose: ids("m1") },
      'does not fit; !a stays on m1 (machine m1 is away); no machine: 1 is away, 1 is not machine "m1"; !b stays on m1 (machine m1 is away); no machine: 1 conflicts with c.service (pattern c.service), 1 is away; m1 2>2 m2 1>1',
    ],
    [
      "a machine is drained",
      "m1 m2",
      "a>m1; b>m1{MachineOf=a.service}",
      { drain: ids("m1") },
      "fits; a m1>m2; b m1>m2; m1 2>0 m2 0>2",
    ],
    [
      "a machine is drained that has the only place",
      "m1{disk=ssd} m2",
      "a>m1{MachineMetadata=disk=ssd}",
      { drain: ids("m1") },
      "does not fit; !a stays on m1 (machine m1 is being drained); no machine: 1 is being drained, 1 lacks disk=ssd; m1 1>1 m2 0>0",
    ],
    [
      "a machine is drained, and another added for it",
      "m1{disk=ssd} m2",
      "a>m1{MachineMetadata=disk=ssd}",
      { drain: ids("m1"), add: [{ count: 1, metadata: { disk: "ssd" }, capacity: {} }] },
      "fits; a m1>new-1; m1 1>0 m2 0>0 new-1 0>1",
    ],
    [
      "machines are added for units that reserve something",
      "m1",
      "a{Reserve=memory=512M}; b{Reserve=memory=512M}; c{Reserve=memory=512M}",
      { add: [{ count: 2, metadata: {}, capacity: { memory: 2 ** 29 } }] },
      "fits; a ->new-1; b ->new-2; ?c no machine: 2 have too little memory free (needs memory=512M), 1 has no memory (needs memory=512M); m1 0>0 new-1 0>1 new-2 0>1",
    ],
    [
      "the last machine of a global unit is lost",
      "m1{rack=a} m2{rack=b}",
      "g>m1{Global=true;MachineMetadata=rack=a}",
      { lose: ids("m1") },
      "does not fit; !g no machine: 1 is away, 1 lacks rack=a; m1 1>1 m2 0>0",
    ],
    [
      "the only machine of a global unit is drained, which it stays on",
      "m1{rack=a} m2{rack=b}",
      "g>m1{Global=true;MachineMetadata=rack=a}",
      { drain: ids("m1") },
      "fits; m1 1>1 m2 0>0",
    ],
    ["a machine is uncordoned", "m1^", "a", { uncordon: ids("m1") }, "fits; a ->m1; m1 0>1"],
  ])("%s", (_title, machines, units, proposal, outcome) => {
    expect(sketch(ask(machines, units, proposal))).toBe(outcome);
  });

  it.each<[title: string, proposal: Partial<Proposal>, outcome: string]>([
    [
      "drained",
      { drain: ids("m1") },
      "does not fit; a m1>m2; !d stays on m1: REASON; !e stays on m1: REASON",
    ],
    ["lost", { lose: ids("m1") }, "does not fit; a m1>m2; !d stays on m1: REASON; !e stays on m1: REASON"],
    ["cordoned", { cordon: ids("m1") }, "fits"],
  ])("names what cannot be read on a machine that is to be %s", (_title, proposal, outcome) => {
    const cluster = new ClusterSketch().addMachines("m1 m2").addUnits("a>m1; d>m1; e>m1");
    cluster.unreadableUnits.add(serviceName("d")).add(serviceName("e"));
    // A seat that could never be read is known by what the machine says alone.
    cluster.reportLoaded("m1", serviceName("e"));
    cluster.seats.get(parseMachineId("m1"))?.delete(serviceName("e"));
    const planning = decide(cluster.view, { releasedMachines: cluster.absent });
    const decided = { revision: 7, planning, engineStatus: undefined, hasLeader: true };
    const { machines: _, ...rest } = foresee(decided, { ...nothing, ...proposal });
    expect(sketch({ ...rest, machines: [] }).replace(/; $/, "")).toBe(
      outcome.replaceAll("REASON", "its record, text or seat cannot be read, so it is left exactly as it is"),
    );
  });

  it.each<[title: string, machines: string, units: string, proposal: Partial<Proposal>, outcome: string]>([
    [
      "a hand-over that has not begun is called off",
      "m1 m2",
      "a>m1",
      { uncordon: ids("m1") },
      "fits; m1 1>1 m2 0>0",
    ],
    [
      "a hand-over that has not begun loses its aim",
      "m1 m2",
      "a>m1",
      { cordon: ids("m1 m2") },
      "does not fit; !a stays on m1 (machine m1 is being drained); no machine: 1 is being drained, 1 is cordoned; m1 1>1 m2 0>0",
    ],
    [
      "a hand-over that has not begun goes on",
      "m1 m2",
      "a>m1",
      { put: [put("b")] },
      "fits; a m1>m2; b ->m2; m1 1>0 m2 0>2",
    ],
    [
      "a unit that has to go stays on a machine that is lost",
      "m1^ m2",
      "a>m1{MachineID=m1}; f>m1{MachineOf=a.service;MachineMetadata=zz=1}",
      { lose: ids("m1") },
      'does not fit; !a stays on m1 (machine m1 is away); no machine: 1 is away, 1 is not machine "m1"; ?f stays on m1 (machine m1 is away); no machine: 1 is away, 1 lacks zz=1; m1 2>2 m2 0>0',
    ],
  ])("compares with the seats that are there when %s", (_title, machines, units, proposal, outcome) => {
    const cluster = new ClusterSketch().addMachines(machines).addUnits(units);
    setDrained(cluster, "m1");
    const planning = decide(cluster.view, { releasedMachines: cluster.absent });
    const decided = { revision: 7, planning, engineStatus: undefined, hasLeader: true };
    expect(sketch(foresee(decided, { ...nothing, ...proposal }))).toBe(outcome);
  });

  it("names real seats, new places that are there, and a reason for each move", () => {
    const kinds = ["drain", "lose", "cordon", "uncordon"] as const;
    fc.assert(
      fc.property(clusterPlan, fc.constantFrom(...kinds), fc.nat({ max: 4 }), (description, kind, index) => {
        const cluster = buildCluster(description);
        const machines = [...cluster.machines.keys()];
        const machine = machines[index % Math.max(1, machines.length)];
        fc.pre(machine !== undefined);
        const planning = decide(cluster.view, { releasedMachines: cluster.absent });
        const decided = { revision: 7, planning, engineStatus: undefined, hasLeader: true };
        const { machines: loads, moves } = foresee(decided, { ...nothing, [kind]: [machine] });
        const hasSeat = (id: MachineId, unit: UnitName): boolean =>
          isSeated(cluster.seats.get(id)?.get(unit));
        for (const { from, reason, to, unit } of moves) {
          expect(reason).not.toBe("");
          expect(from.filter((id) => !hasSeat(id, unit))).toEqual([]);
          expect(to.filter((id) => hasSeat(id, unit) || (kind === "lose" && id === machine))).toEqual([]);
        }
        for (const { before, machine: id } of loads) {
          expect(before).toBe([...(cluster.seats.get(id)?.values() ?? [])].filter(isSeated).length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("says when most of the cluster would be lost", () => {
    const { remarks } = ask("m1 m2 m3 m4", "a>m1", { lose: ids("m1 m2 m3") });
    expect(remarks).toEqual([
      "3 of 4 machines at once are most of the cluster: their units would be held before they are moved",
    ]);
  });
});

/** Plans, carries out and lets the machines work, until there is nothing to do. */
function rest(cluster: ClusterSketch): ReadonlyMap<string, readonly string[]> {
  for (let round = 0; round < 20; round += 1) {
    const next = plan(cluster.view, { releasedMachines: cluster.absent });
    if (next.tasks.length === 0) break;
    carryOut(cluster, next);
    cluster.letAgentsWork();
  }
  return whereabouts(decide(cluster.view, { releasedMachines: cluster.absent }));
}

function whereabouts(planning: ReturnType<typeof decide>): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...seatsAfter(planning)].map(([name, places]) => [name, places.map(({ id }) => id).sort()]),
  );
}

describe("a forecast", () => {
  // What is on its way already, and copies that nobody asked for, make the outcome depend on when things happen.
  const calm = clusterPlan.map((description) => {
    const cluster = buildCluster(description);
    rest(cluster);
    return cluster;
  });

  it.each<[string, (cluster: ClusterSketch, id: string) => void, "drain" | "lose"]>([
    ["of a drain is what the policy leads to", setDrained, "drain"],
    ["of a loss is what the loss leads to", (cluster, id) => void cluster.lose(id), "lose"],
  ])("%s", (_title, act, kind) => {
    fc.assert(
      fc.property(calm, fc.nat({ max: 4 }), (cluster, index) => {
        const present = [...cluster.machines.values()].filter(({ presence }) => presence?.state === "up");
        const machine = present[index % Math.max(1, present.length)];
        fc.pre(machine !== undefined);
        const outlook = { view: cluster.view, options: { releasedMachines: cluster.absent } };
        const proposal = { ...nothing, [kind]: [machine.id] };
        const { planning } = settle(changeView(outlook, changesOf(proposal, outlook)));
        const foreseen = whereabouts(planning);
        act(cluster, machine.id);
        expect(foreseen).toEqual(rest(cluster));
      }),
      { numRuns: 300 },
    );
  });
});

function setDrained(cluster: ClusterSketch, name: string): void {
  const id = parseMachineId(name);
  const machine = cluster.machines.get(id)!;
  cluster.machines.set(id, { ...machine, policy: { ...machine.policy, drained: true } });
  cluster.nextRevision();
}
