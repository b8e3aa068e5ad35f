import { parseMachineId } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { sketchTasks } from "../../../../test/support/carry-out.js";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { type Plan, plan } from "./plan.js";
import type { PlanOptions } from "./view.js";

function planFor(cluster: ClusterSketch, options: Partial<PlanOptions> = {}): Plan {
  return plan(cluster.view, { releasedMachines: cluster.absent, ...options });
}

function tasksOf(cluster: ClusterSketch, options: Partial<PlanOptions> = {}): string {
  return sketchTasks(planFor(cluster, options));
}

function reasonsOf(cluster: ClusterSketch, options: Partial<PlanOptions> = {}): string {
  return planFor(cluster, options)
    .refusals.map(({ unit, reason }) => `${unit}: ${reason}`)
    .join("\n");
}

function sketch(machines: string, units = ""): ClusterSketch {
  return new ClusterSketch().addMachines(machines).addUnits(units);
}

const away: Partial<PlanOptions> = { releasedMachines: new Set() };

describe("what a machine's condition means", () => {
  it.each([
    ["an open machine takes units", "m1", "api", "+api@m1"],
    ["a cordoned one keeps what it has and gets nothing", "m1^ m2", "a>m1; b", "+b@m2"],
    [
      "so does one that is being drained, but its units are handed over",
      "m1% m2",
      "a>m1; b",
      "a@m1+m2 +b@m2",
    ],
    ["so does a frozen one", "m1* m2", "a>m1; b", "+b@m2"],
    ["a frozen one keeps what breaks the rules, too", "m1* m2", "a>m1{MachineMetadata=z=e}", ""],
    ["a leaving one gives its units away at once", "m1~ m2", "a>m1; b>m1", "a@m1>m2 b@m1>m2"],
    [
      "but not units that have no other place",
      "m1~{r=1} m2",
      "a>m1{MachineMetadata=r=1}; p>m1{MachineID=m1}",
      "",
    ],
    ["nor global ones", "m1~ m2^", "g>m1{Global=true}", ""],
    [
      "a global unit keeps its seat while its machine is away",
      "m1 m2!",
      "g>m1{Global=true}; g2>m2{Global=true}",
      "+g2@m1",
    ],
    [
      "a global unit gets no seat where nothing new goes",
      "m1 m2^ m3% m4* m5~ m6!",
      "g{Global=true}",
      "+g@m1",
    ],
    ["a forgotten machine's seats are moved", "m1 m2?", "a>m2", "a@m2>m1"],
    ["or taken away, if there is no place", "m2?", "a>m2", "-a@m2"],
    ["its global seats are taken away", "m1^ m2?", "g>m2{Global=true}", "-g@m2"],
  ])("%s", (_what, machines, units, tasks) => {
    expect(tasksOf(sketch(machines, units))).toBe(tasks);
  });

  it("leaves everything where it is on a machine that is away and not released", () => {
    const cluster = sketch(
      "m1 m2!",
      "a>m2; b>m2{MachineMetadata=z=e}; c>m2{MachineOf=no.service}; d>m2{MachineID=m1}",
    );
    expect(tasksOf(cluster, away)).toBe("");
  });

  it("takes a machine whose record cannot be read for present, and touches nothing there", () => {
    const cluster = sketch("m1 m2", "a>m2; b>m2{MachineMetadata=z=e}");
    const machine = parseMachineId("m2");
    const known = cluster.machines.get(machine)!;
    cluster.machines.set(machine, { ...known, presence: undefined, unreadable: 99 });
    expect(tasksOf(cluster)).toBe("");
    cluster.addUnits("c").changeUnit("a", { startCount: 2 });
    expect(planFor(cluster).tasks).toMatchObject([
      { kind: "update", machine: "m2", presenceRevision: 99 },
      { kind: "seat", machine: "m1" },
    ]);
  });

  it("takes seats away even there if the record says inactive, or a mark that it was destroyed", () => {
    const cluster = sketch("m1 m2!", "a/inactive>m2; b>m2").destroy("b");
    expect(tasksOf(cluster, away)).toBe("-a@m2 -b@m2 clear b");
  });

  it("keeps a follower where it is while its peer is out of reach", () => {
    expect(tasksOf(sketch("m1 m2!", "db>m2; app>m1{MachineOf=db.service}"), away)).toBe("");
  });

  it("ignores a release of a machine that is there", () => {
    const cluster = sketch("m1 m2", "a>m1");
    expect(tasksOf(cluster, { releasedMachines: new Set([parseMachineId("m1")]) })).toBe("");
  });
});

describe("what a record means", () => {
  it("updates a seat when a start, other content or another state is asked for", () => {
    const cluster = sketch("m1", "a>m1; b>m1; c>m1; d>m1");
    cluster.changeUnit("a", { startCount: 2 });
    cluster.changeUnit("b", { contentId: "other" });
    cluster.changeUnit("c", { desiredState: "loaded" });
    const { tasks } = planFor(cluster);
    expect(sketchTasks({ tasks })).toBe("!a@m1 !b@m1 !c@m1");
    expect(tasks.map(({ reason }) => reason)).toEqual([
      "a new start was asked for",
      "the unit's content was replaced",
      "desired state loaded",
    ]);
  });

  it("never runs a template, whatever its record says", () => {
    const cluster = sketch("m1", "web@.service/launched; mon@.service/launched{Global=true}");
    expect(tasksOf(cluster)).toBe("");
  });

  it("leaves a unit that cannot be read exactly as it is", () => {
    const cluster = sketch("m1{z=w} m2 m3", "a>m1{MachineMetadata=z=e}; b").damage("a").damage("b");
    cluster.unreadableUnits.add(serviceName("c"));
    cluster.putSeat("m1", serviceName("c"), "launched");
    expect(tasksOf(cluster)).toBe("");
  });

  it("says of a unit without a text that it has to be submitted again, unless nothing is wanted of it", () => {
    const cluster = sketch("m1", "a; b/inactive; c").damage("a").damage("b").damage("c");
    cluster.unreadableUnits.add(serviceName("c"));
    const { refusals } = plan(cluster.view, { releasedMachines: new Set() });
    expect(refusals.map(({ unit, reason }) => `${unit}: ${reason}`)).toEqual([
      "a.service: its unit file is missing from etcd or cannot be read: left as it is until it is submitted again",
    ]);
  });

  it("keeps others away from a unit that cannot be read", () => {
    const cluster = sketch("m1 m2^", "a>m1; b{Conflicts=a.service}").damage("a");
    expect(reasonsOf(cluster)).toContain("1 conflicts with a.service (pattern a.service)");
  });

  it("keeps others away that it excludes itself, as far as its demands are known", () => {
    const cluster = sketch("m1 m2^", "a>m1{Conflicts=b.service}; b");
    cluster.unreadableUnits.add(serviceName("a"));
    expect(reasonsOf(cluster)).toContain("1 conflicts with a.service (its pattern b.service)");
  });

  it("keeps others away that its seat's text excludes, and room for what it reserves, though its record be garbage", () => {
    const rivals = sketch("m1 m2^", "a>m1{Conflicts=b.service}; b").garble(serviceName("a"));
    expect(reasonsOf(rivals)).toContain("1 conflicts with a.service (its pattern b.service)");
    expect(tasksOf(rivals)).toBe("");
    const crowd = sketch("m1[cpu=2] m2^", "a>m1{Reserve=cpu=2}; b{Reserve=cpu=1}").garble(serviceName("a"));
    expect(tasksOf(crowd)).toBe("");
  });

  it("leaves a seat alone that no record and no mark speaks of, and says so", () => {
    const cluster = sketch("m1", "a>m1");
    cluster.units.delete(serviceName("a"));
    expect(tasksOf(cluster)).toBe("");
    expect(reasonsOf(cluster)).toContain("a.service: has a seat on m1 but no record");
  });

  it("keeps others away that the text of such a seat excludes", () => {
    const rivals = sketch("m1 m2^", "a>m1{Conflicts=b.service}; b").vanish(serviceName("a"));
    expect(reasonsOf(rivals)).toContain("1 conflicts with a.service (its pattern b.service)");
    expect(tasksOf(rivals)).toBe("");
    const crowd = sketch("m1[cpu=2] m2^", "a>m1{Reserve=cpu=2}; b{Reserve=cpu=1}").vanish(serviceName("a"));
    expect(tasksOf(crowd)).toBe("");
  });

  it("keeps a follower of a unit that cannot be read or has lost its record", () => {
    const cluster = sketch("m1", "db>m1; app>m1{MachineOf=db.service}; mq>m1; sub>m1{MachineOf=mq.service}");
    cluster.damage("db").units.delete(serviceName("mq"));
    expect(tasksOf(cluster)).toBe("");
  });
});

describe("what a mark means", () => {
  it("takes away the seats that are older, and clears the mark in the same go", () => {
    const cluster = sketch("m1 m2", "g>m1{Global=true}");
    cluster.putSeat("m2", serviceName("g"), "launched");
    cluster.destroy("g");
    expect(tasksOf(cluster)).toBe("-g@m1 -g@m2 clear g");
  });

  it("does not concern the seats of a unit that was made anew", () => {
    const cluster = sketch("m1 m2", "a").destroy("a").addUnits("a>m1");
    expect(tasksOf(cluster)).toBe("clear a");
  });

  it("lets the new unit go elsewhere while the old one is still being stopped", () => {
    const cluster = sketch("m1 m2", "a>m1").destroy("a").addUnits("a");
    expect(tasksOf(cluster)).toBe("-a@m1 clear a +a@m2");
  });

  it("stays while a seat cannot be read, and does away with that seat when it can", () => {
    const cluster = sketch("m1 m2", "a>m1").destroy("a");
    const seats = cluster.seats.get(parseMachineId("m1"))!;
    const seat = seats.get(serviceName("a"))!;
    seats.delete(serviceName("a"));
    cluster.states.get(parseMachineId("m1"))?.delete(serviceName("a"));
    cluster.unreadableSeats.add(serviceName("a"));
    expect(tasksOf(cluster)).toBe("");
    cluster.unreadableSeats.clear();
    seats.set(serviceName("a"), seat);
    expect(tasksOf(cluster)).toBe("-a@m1 clear a");
  });

  it("stays while a unit that cannot be read has an older seat", () => {
    const cluster = sketch("m1", "a>m1").destroy("a");
    cluster.unreadableUnits.add(serviceName("a"));
    expect(tasksOf(cluster)).toBe("");
  });
});

describe("tombstones", () => {
  it("are collected only when their own revision has been acknowledged", () => {
    const cluster = sketch("m1", "a/inactive");
    const seat = cluster.putSeat("m1", serviceName("a"), "absent");
    expect(tasksOf(cluster)).toBe("");
    cluster.reportLoaded("m1", serviceName("a"), { condition: "unloaded", acked: seat.modRevision - 1 });
    expect(tasksOf(cluster)).toBe("");
    cluster.reportLoaded("m1", serviceName("a"), { condition: "unloaded", acked: seat.modRevision });
    expect(tasksOf(cluster)).toBe("~a@m1");
  });

  it("are collected without an acknowledgement when the machine was forgotten", () => {
    const cluster = sketch("m1?", "a/inactive");
    cluster.putSeat("m1", serviceName("a"), "absent");
    expect(tasksOf(cluster)).toBe("~a@m1");
  });

  it("keep a unit from coming back until they are collected, but not from going elsewhere", () => {
    const cluster = sketch("m1 m2^", "a");
    cluster.putSeat("m1", serviceName("a"), "absent");
    expect(tasksOf(cluster)).toBe("");
    expect(reasonsOf(cluster)).toBe("a.service: no machine: 1 has yet to stop its old copy, 1 is cordoned");
    cluster.addMachines("m3");
    expect(tasksOf(cluster)).toBe("+a@m3");
  });

  it("do not keep rivals away: the machine itself starts them only when the old unit has stopped", () => {
    const cluster = sketch("m1", "a/inactive; b{Conflicts=a.service}");
    cluster.putSeat("m1", serviceName("a"), "absent");
    expect(tasksOf(cluster)).toBe("+b@m1");
  });
});

describe("precedence", () => {
  it("is the seat's age, not its name", () => {
    expect(tasksOf(sketch("m1 m2", "z>m1; a>m1{Conflicts=z.service}"))).toBe("a@m1>m2");
  });

  it("lets a global unit yield to a seated one, even if its seat is older", () => {
    expect(tasksOf(sketch("m1", "g>m1{Global=true;Conflicts=a.service}; a>m1"))).toBe("-g@m1");
  });

  it("counts a unit as no older than those it follows", () => {
    const cluster = sketch("m1 m2", "app{MachineOf=db.service}");
    cluster.putSeat("m1", serviceName("app"), "launched");
    cluster.addUnits("rival>m1{Conflicts=app.service}; db>m1");
    // db's seat is the youngest, so app yields, and has no other place because db stays.
    expect(tasksOf(cluster)).toBe("-app@m1");
  });

  it("spreads the instances of a template over machines of equal load", () => {
    expect(tasksOf(sketch("m1 m2 m3", "w@1>m1; p>m2; q>m3; w@2"))).toBe("+w@2@m2");
    expect(tasksOf(sketch("m1 m2", "w@1>m1; p>m1; w@2>m2; w@3>m2; w@4"))).toBe("+w@4@m1");
  });

  it("chooses a machine where those who follow fit too", () => {
    const cluster = sketch("m1 m2{r=1}", "p>m2; app{MachineOf=db.service;MachineMetadata=r=1}; db");
    expect(tasksOf(cluster)).toBe("+db@m2 +app@m2");
  });

  it("places the unit alone where no machine suits those who follow", () => {
    const cluster = sketch("m1", "app{MachineOf=db.service;MachineMetadata=r=1}; db");
    expect(tasksOf(cluster)).toBe("+db@m1");
  });
});

describe("a plain unit that was global", () => {
  it("keeps a seat beside the global unit that it follows", () => {
    const cluster = sketch(
      "m1 m2{zone=a} m3",
      "g{Global=true;MachineMetadata=zone=a}; app{MachineOf=g.service}",
    );
    cluster.putSeat("m2", serviceName("g"), "launched");
    for (const machine of ["m1", "m2", "m3"]) cluster.putSeat(machine, serviceName("app"), "launched");
    expect(tasksOf(cluster).split(" ").sort()).toEqual(["-app@m1", "-app@m3"]);
  });
});
