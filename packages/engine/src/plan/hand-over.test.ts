import { isSeated, type MachineId, parseMachineId } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { carryOut, sketchTasks } from "../../../../test/support/carry-out.js";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { drainProgress } from "./drain-progress.js";
import { type Plan, plan } from "./plan.js";

function sketch(machines: string, units = ""): ClusterSketch {
  return new ClusterSketch().addMachines(machines).addUnits(units);
}

function planFor(cluster: ClusterSketch, releasedMachines: ReadonlySet<MachineId> = new Set()): Plan {
  return plan(cluster.view, { releasedMachines });
}

/** Carries out the next plan. @returns its tasks. */
function step(cluster: ClusterSketch, released?: ReadonlySet<MachineId>): string {
  const planned = planFor(cluster, released);
  carryOut(cluster, planned);
  return sketchTasks(planned);
}

function reasonsOf(cluster: ClusterSketch): string {
  return planFor(cluster)
    .refusals.map(({ unit, reason }) => `${unit.replace(".service", "")}: ${reason}`)
    .join("\n");
}

/** Which units run on a machine, by its name. */
function running(cluster: ClusterSketch, machine: string): string {
  return [...(cluster.states.get(parseMachineId(machine)) ?? [])]
    .filter(([, { activeState, condition }]) => condition === "loaded" && activeState === "active")
    .map(([name]) => name.replace(".service", ""))
    .sort()
    .join(" ");
}

describe("draining a machine", () => {
  it("starts each unit elsewhere before it is stopped", () => {
    const cluster = sketch("m1% m2", "a>m1");
    expect(step(cluster)).toBe("a@m1+m2");
    expect(step(cluster)).toBe("");
    cluster.reportLoaded("m2", serviceName("a"), { activeState: "activating", subState: "start" });
    expect(step(cluster)).toBe("");
    cluster.reportLoaded("m2", serviceName("a"));
    expect(step(cluster)).toBe("-a@m1");
    cluster.letAgentsWork();
    expect(step(cluster)).toBe("~a@m1");
    expect(step(cluster)).toBe("");
    expect(cluster.where(["a"])).toBe("a=m2");
  });

  it("goes where it goes once, also if one that replaces the unit stays on the machine", () => {
    const cluster = sketch("m1% m2 m3", "a>m1; new>m1{MachineID=m1;Replaces=a.service}");
    expect(step(cluster)).toBe("a@m1+m2");
    expect(step(cluster)).toBe("");
    cluster.reportLoaded("m2", serviceName("a"));
    expect(step(cluster)).toBe("-a@m1");
  });

  it("keeps a seat that is only cordoned", () => {
    expect(step(sketch("m1^ m2", "a>m1"))).toBe("");
  });

  it("moves those who follow each other together, and none leaves before all have arrived", () => {
    const cluster = sketch("m1% m2 m3", "db>m1; app>m1{MachineOf=db.service}; log>m1{MachineOf=app.service}");
    expect(step(cluster)).toBe("db@m1+m2 app@m1+m2 log@m1+m2");
    cluster.reportLoaded("m2", serviceName("db"));
    cluster.reportLoaded("m2", serviceName("log"));
    expect(step(cluster)).toBe("");
    cluster.reportLoaded("m2", serviceName("app"));
    expect(step(cluster)).toBe("-app@m1 -db@m1 -log@m1");
  });

  it("lets those who follow a unit join it on its way, and hands over who was left behind", () => {
    const cluster = sketch("m1% m2 m3", "db>m1");
    step(cluster);
    cluster.addUnits("app{MachineOf=db.service}; old>m1{MachineOf=db.service}");
    expect(step(cluster)).toBe("+app@m2 old@m1+m2");
  });

  it("goes where all of them fit, and leaves them together if there is no such place", () => {
    const units = "rival>m2{Conflicts=app.service}; db>m1; app>m1{MachineOf=db.service}";
    expect(step(sketch("m1% m2 m3", units))).toBe("db@m1+m3 app@m1+m3");
    const stuck = sketch("m1% m2", units);
    expect(step(stuck)).toBe("");
    expect(reasonsOf(stuck)).toBe(
      "app: stays on m1 (machine m1 is being drained); follows db.service, which cannot leave\n" +
        "db: stays on m1 (machine m1 is being drained); no machine takes it together with app.service",
    );
  });

  it.each([
    ["global units", "m1% m2", "g>m1{Global=true}; g2>m2{Global=true}", "+g@m2"],
    ["units pinned to it", "m1% m2", "p>m1{MachineID=m1}; f>m1{MachineOf=p.service}", ""],
    ["units without another place", "m1%{r=1} m2", "a>m1{MachineMetadata=r=1}", ""],
    ["rings", "m1% m2", "a>m1{MachineOf=b.service}; b>m1{MachineOf=a.service}", ""],
  ])("leaves %s where they are", (_what, machines, units, tasks) => {
    const cluster = sketch(machines, units);
    expect(step(cluster)).toBe(tasks);
    for (const line of reasonsOf(cluster).split("\n").filter(Boolean)) {
      expect(line).toContain("stays on m1 (machine m1 is being drained); ");
    }
  });

  it("stops an exclusive unit first, and only if there is another place for it", () => {
    const cluster = sketch("m1% m2", "a>m1{Exclusive=true}; f>m1{MachineOf=a.service}");
    expect(step(cluster)).toBe("-a@m1 -f@m1");
    expect(step(cluster)).toBe("");
    cluster.letAgentsWork();
    expect(step(cluster)).toBe("~a@m1 ~f@m1 +a@m2 +f@m2");
    expect(step(sketch("m1% m2^", "a>m1{Exclusive=true}"))).toBe("");
  });

  it("hands over so many at a time, and the next when one has arrived", () => {
    const cluster = sketch("m1% m2", "a>m1; b>m1; c>m1");
    cluster.setPolicy("m1", { drained: true, handOversMax: 2 });
    expect(step(cluster)).toBe("a@m1+m2 b@m1+m2");
    expect(reasonsOf(cluster)).toBe("c: stays on m1 (machine m1 is being drained); waits for its turn");
    cluster.reportLoaded("m2", serviceName("b"));
    expect(step(cluster)).toBe("-b@m1 c@m1+m2");
  });

  it.each([undefined, 1])("moves units together that one unit follows, %s at a time", (handOversMax) => {
    const cluster = sketch(
      "m1%{r=1} m2 m3{r=1}",
      "p>m1; q>m1{MachineMetadata=r=1}; app>m1{MachineOf=p.service;MachineOf=q.service}; z>m1",
    );
    if (handOversMax !== undefined) cluster.setPolicy("m1", { drained: true, handOversMax });
    const tasks = step(cluster).split(" ");
    expect(tasks).toEqual(expect.arrayContaining(["p@m1+m3", "q@m1+m3", "app@m1+m3"]));
    for (let round = 0; round < 3; round += 1) {
      cluster.letAgentsWork();
      step(cluster);
    }
    expect(cluster.where(["p", "q", "app", "z"])).toBe("p=m3 q=m3 app=m3 z=m2");
  });

  it("counts a group as so many units, and does not tear it apart", () => {
    const cluster = sketch("m1% m2", "a>m1; b>m1{MachineOf=a.service}; c>m1; d>m1{MachineOf=c.service}");
    cluster.setPolicy("m1", { drained: true, handOversMax: 1 });
    expect(step(cluster)).toBe("a@m1+m2 b@m1+m2");
    expect(reasonsOf(cluster)).toBe(
      "c: stays on m1 (machine m1 is being drained); waits for its turn\n" +
        "d: stays on m1 (machine m1 is being drained); waits for c.service",
    );
  });

  it("does not send units of one drained machine to another", () => {
    const cluster = sketch("m1% m2% m3", "a>m1; b>m2");
    expect(step(cluster)).toBe("a@m1+m3 b@m2+m3");
  });

  it("keeps the old copy if the new one fails, and says so", () => {
    const cluster = sketch("m1% m2", "a>m1");
    step(cluster);
    cluster.reportLoaded("m2", serviceName("a"), {
      activeState: "failed",
      subState: "failed",
      jobResult: "failed",
      reason: "no such file",
    });
    expect(step(cluster)).toBe("");
    expect(reasonsOf(cluster)).toBe(
      "a: stays on m1 (machine m1 is being drained): its new copy on m2 does not run " +
        "(failed/failed, job result failed): no such file",
    );
    cluster.setPolicy("m1", {});
    expect(step(cluster)).toBe("-a@m2");
  });

  it("says that a new copy is not started yet, which is a matter of time", () => {
    const cluster = sketch("m1% m2", "a>m1");
    step(cluster);
    cluster.reportLoaded("m2", serviceName("a"), {
      activeState: "inactive",
      subState: "dead",
      started: undefined,
    } as object);
    const { refusals, tasks } = planFor(cluster);
    expect(tasks).toEqual([]);
    expect(refusals).toMatchObject([{ heir: "m2", failed: [{ check: "hand-over" }] }]);
    expect(drainProgress(cluster.view, refusals)).toMatchObject([{ machine: "m1", leaving: 1, stuck: 0 }]);
  });

  it("names what cannot be read, which may belong there or not", () => {
    const cluster = sketch("m1% m2", "d>m1; g>m1{Global=true}");
    cluster.unreadableUnits.add(serviceName("d"));
    const { refusals } = planFor(cluster);
    const reason = "its record, text or seat cannot be read, so it is left exactly as it is";
    const progress = { machine: "m1", leaving: 0, waiting: 0, stuck: 1, staying: 1 };
    const problems = [{ unit: "d.service", reason }];
    expect(drainProgress(cluster.view, refusals)).toEqual([{ ...progress, problems }]);
    cluster.reportLoaded("m1", serviceName("d"));
    cluster.seats.get(parseMachineId("m1"))?.delete(serviceName("d"));
    expect(drainProgress(cluster.view, refusals)).toEqual([{ ...progress, problems }]);
  });

  it("tries another machine if one refuses the unit", () => {
    const cluster = sketch("m1% m2 m3", "a>m1");
    step(cluster);
    cluster.reportLoaded("m2", serviceName("a"), { condition: "refused", reason: "its own" });
    expect(step(cluster)).toBe("-a@m2 a@m1+m3");
    expect(cluster.seats.get(parseMachineId("m3"))?.get(serviceName("a"))?.replaces).toBe("m1");
    expect(running(cluster, "m1")).toBe("a");
  });

  it.each([
    ["that is only to be loaded when it is loaded", "a/loaded>m1", { activeState: "inactive" }, "-a@m1"],
    ["that has ended as it should", "a>m1", { activeState: "inactive", jobResult: "done" }, "-a@m1"],
    ["not before its start has ended", "a>m1", { activeState: "inactive" }, ""],
    ["not when the start of another generation is told of", "a>m1", { started: undefined }, ""],
    ["not when the machine refuses it", "a>m1", { condition: "refused" as const }, "-a@m2"],
  ])("lets go of a unit %s", (_what, unit, state, tasks) => {
    const cluster = sketch("m1% m2", unit);
    step(cluster);
    cluster.reportLoaded("m2", serviceName("a"), state as object);
    expect(step(cluster)).toBe(tasks);
  });

  it("lets go of a unit that runs neither here nor there", () => {
    const cluster = sketch("m1% m2", "a>m1");
    const failed = { activeState: "failed", jobResult: "failed" };
    cluster.reportLoaded("m1", serviceName("a"), failed);
    step(cluster);
    cluster.reportLoaded("m2", serviceName("a"), failed);
    expect(step(cluster)).toBe("-a@m1");
  });
});

describe("a hand-over", () => {
  const begun = (machines = "m1% m2 m3", units = "a>m1"): ClusterSketch => {
    const cluster = sketch(machines, units);
    step(cluster);
    return cluster;
  };

  it("goes back to the old copy if the machine is not drained any more", () => {
    const cluster = begun();
    cluster.setPolicy("m1", { cordoned: true });
    expect(step(cluster)).toBe("-a@m2");
    cluster.letAgentsWork();
    step(cluster);
    expect(step(cluster)).toBe("");
    expect(cluster.where(["a"])).toBe("a=m1");
  });

  it("is finished all the same if all have arrived, and undone for all if not", () => {
    const cluster = begun("m1% m2", "a>m1; db>m1; app>m1{MachineOf=db.service}");
    for (const name of ["a", "app"]) cluster.reportLoaded("m2", serviceName(name));
    cluster.setPolicy("m1", {});
    expect(step(cluster)).toBe("-a@m1 -app@m2 -db@m2");
  });

  it("brings new content to the new copy alone, and a stop to both", () => {
    const cluster = begun();
    cluster.changeUnit("a", { contentId: "other" });
    expect(step(cluster)).toBe("!a@m2");
    expect(cluster.seats.get(parseMachineId("m2"))?.get(serviceName("a"))?.replaces).toBe("m1");
    cluster.changeUnit("a", { desiredState: "loaded" });
    expect(step(cluster)).toBe("!a@m1 !a@m2");
    cluster.changeUnit("a", { desiredState: "inactive" });
    expect(step(cluster)).toBe("-a@m1 -a@m2");
  });

  it("ends at once if the old machine is shutting down, or lost", () => {
    const leaving = begun();
    const id = parseMachineId("m1");
    const machine = leaving.machines.get(id)!;
    leaving.machines.set(id, { ...machine, presence: { ...machine.presence!, state: "leaving" } });
    expect(step(leaving)).toBe("-a@m1");
    const lost = begun().lose("m1");
    expect(step(lost)).toBe("");
    expect(step(lost, lost.absent)).toBe("-a@m1");
  });

  it("goes on with another machine if the new one is lost, leaving, or drained, too", () => {
    const lost = begun().lose("m2");
    expect(step(lost)).toBe("");
    expect(step(lost, lost.absent)).toBe("-a@m2 a@m1+m3");
    expect(running(lost, "m1")).toBe("a");
    const drained = begun();
    drained.setPolicy("m2", { drained: true });
    expect(step(drained)).toBe("-a@m2 a@m1+m3");
    drained.letAgentsWork();
    expect(step(drained)).toBe("-a@m1 ~a@m2");
  });

  it("waits while either machine is out of reach", () => {
    const cluster = begun();
    cluster.reportLoaded("m2", serviceName("a"));
    const id = parseMachineId("m1");
    const machine = cluster.machines.get(id)!;
    cluster.machines.set(id, { ...machine, presence: { ...machine.presence!, state: "frozen" } });
    expect(step(cluster)).toBe("");
  });

  it("finds another place for all who leave together", () => {
    const units = "db>m1; app>m1{MachineOf=db.service;MachineMetadata=disk=ssd}";
    const cluster = begun("m1%{disk=ssd} m2{disk=ssd} m3 m4{disk=ssd}", units);
    expect(cluster.where(["db", "app"])).toBe("db=m1,m2 app=m1,m2");
    cluster.lose("m2");
    expect(step(cluster, cluster.absent)).toBe("-app@m2 -db@m2 db@m1+m4 app@m1+m4");
  });

  it("says whom it waits for, and is tried anew when that has lasted", () => {
    const units = "db>m1; app>m1{MachineOf=db.service;MachineMetadata=disk=ssd}";
    const cluster = begun("m1%{disk=ssd} m2{disk=ssd} m3{disk=ssd}", units);
    const id = parseMachineId("m2");
    cluster.machines.set(id, { ...cluster.machines.get(id)!, metadata: {} });
    cluster.reportLoaded("m2", serviceName("db"));
    expect(step(cluster)).toBe("-app@m2");
    expect(reasonsOf(cluster)).toContain(
      "db: stays on m1 (machine m1 is being drained): its new copy on m2 waits for app.service, without which it cannot leave",
    );
    const retriedHeirs = new Map([[serviceName("db"), id]]);
    const planned = plan(cluster.view, { releasedMachines: new Set(), retriedHeirs });
    expect(sketchTasks(planned)).toBe("-db@m2 db@m1+m3 app@m1+m3");
  });

  it("loses what has become illegal, wherever that is", () => {
    const old = begun("m1%{z=e} m2{z=e} m3", "a>m1{MachineMetadata=z=e}");
    old.machines.set(parseMachineId("m1"), { ...old.machines.get(parseMachineId("m1"))!, metadata: {} });
    expect(step(old)).toBe("-a@m1");
    const heir = begun("m1%{z=e} m2{z=e} m3", "a>m1{MachineMetadata=z=e}");
    heir.machines.set(parseMachineId("m2"), { ...heir.machines.get(parseMachineId("m2"))!, metadata: {} });
    expect(step(heir)).toBe("-a@m2");
    expect(heir.where(["a"])).toBe("a=m1");
  });

  it("back to where the unit came from is one, too", () => {
    const cluster = begun();
    cluster.letAgentsWork();
    step(cluster);
    cluster.letAgentsWork();
    step(cluster);
    cluster.setPolicy("m1", {});
    cluster.setPolicy("m2", { drained: true });
    cluster.setPolicy("m3", { cordoned: true });
    expect(step(cluster)).toBe("a@m2+m1");
    cluster.letAgentsWork();
    expect(step(cluster)).toBe("-a@m2");
  });

  it("keeps the one of several seats that is where those are whom the unit follows, be it not the oldest", () => {
    const cluster = sketch("m1 m2 m3", "g{Global=true}; u>m2{MachineOf=g.service}; a{MachineOf=u.service}");
    for (const machine of ["m1", "m2", "m3"]) {
      cluster.putSeat(machine, serviceName("g"), "launched");
      cluster.putSeat(machine, serviceName("a"), "launched");
    }
    expect(step(cluster).split(" ").sort()).toEqual(["-a@m1", "-a@m3"]);
  });

  it("leaves one of two seats that are none", () => {
    const cluster = sketch("m1 m2", "a>m1");
    cluster.putSeat("m2", serviceName("a"), "launched");
    expect(step(cluster)).toBe("-a@m2");
    expect([...cluster.seats.values()].some((seats) => isSeated(seats.get(serviceName("a"))))).toBe(true);
  });
});
