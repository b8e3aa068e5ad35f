import { type MachineId, parseMachineId } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { carryOut, sketchTasks } from "../../../../test/support/carry-out.js";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { type Plan, plan } from "./plan.js";

const web = serviceName("web");
const m1 = parseMachineId("m1");

function sketch(machines: string, units: string): ClusterSketch {
  return new ClusterSketch().addMachines(machines).addUnits(units);
}

function planFor(cluster: ClusterSketch, fenced: readonly string[] = []): Plan {
  const fencedMachines = new Set<MachineId>(fenced.map(parseMachineId));
  return plan(cluster.view, { releasedMachines: cluster.absent, fencedMachines });
}

function reasons(planned: Plan): readonly string[] {
  return planned.refusals.map(({ unit, reason }) => `${unit}: ${reason}`);
}

/** Plans and carries out, and says which tasks there were; machines do nothing. */
function step(cluster: ClusterSketch, fenced: readonly string[] = []): string {
  const planned = planFor(cluster, fenced);
  carryOut(cluster, planned);
  return sketchTasks(planned);
}

describe("an exclusive unit", () => {
  it("is placed like any other", () => {
    expect(step(sketch("m1 m2", "p>m1; web{Exclusive=true}"))).toBe("+web@m2");
  });

  it("stays where it is", () => {
    expect(step(sketch("m1 m2 m3!", "web>m1{Exclusive=true}"))).toBe("");
  });

  it.each([
    ["the metadata are others", "m1 m2{z=e}", "web>m1{Exclusive=true;MachineMetadata=z=e}"],
    ["a rival is older", "m1 m2", "db>m1; web>m1{Exclusive=true;Conflicts=db.service}"],
    ["the machine is drained", "m1% m2", "web>m1{Exclusive=true}"],
    ["the machine is shutting down", "m1~ m2", "web>m1{Exclusive=true}"],
    ["it is replaced", "m1 m2", "web>m1{Exclusive=true}; new>m1{Replaces=web.service}"],
  ])("is removed first and placed after the acknowledgement, when %s", (_case, machines, units) => {
    const cluster = sketch(machines, units);
    expect(step(cluster)).toBe("-web@m1");
    const waiting = planFor(cluster);
    expect(waiting.tasks).toEqual([]);
    expect(reasons(waiting)).toContain(
      "web.service: waits, because it is exclusive and is still being stopped on m1",
    );
    cluster.letAgentsWork();
    const next = planFor(cluster);
    expect(sketchTasks(next).split(" ").sort()).toEqual(["+web@m2", "~web@m1"]);
    expect(next.tasks.every(({ kind }) => kind !== "move")).toBe(true);
  });

  it("that has two seats keeps the one where it may stay, also when that depends on whom it follows", () => {
    const cluster = sketch("m1% m2 m3", "g{Global=true}; web>m1{Exclusive=true;MachineOf=g.service}");
    for (const machine of ["m1", "m2", "m3"]) cluster.putSeat(machine, serviceName("g"), "launched");
    cluster.putSeat("m2", web, "launched");
    expect(step(cluster)).toBe("-web@m1");
  });

  it("does not stay on a drained machine without those whom it follows", () => {
    const cluster = sketch("m1%{side=yes} m2", "g{Global=true}");
    cluster.addUnits("head>m1{MachineOf=none.service}; web>m1{Exclusive=true;MachineOf=head.service}");
    expect(step(cluster).split(" ").sort()).toEqual(["+g@m2", "-head@m1", "-web@m1"]);
  });

  it("is not removed for nothing", () => {
    const cluster = sketch("m1%", "web>m1{Exclusive=true}");
    const planned = planFor(cluster);
    expect(planned.tasks).toEqual([]);
    expect(reasons(planned)).toEqual([expect.stringContaining("web.service: stays on m1")]);
  });

  it("moves when a machine refuses it, and another may have it", () => {
    const cluster = sketch("m1 m2", "web>m1{Exclusive=true}");
    cluster.reportLoaded("m1", web, { condition: "refused", reason: "not here" });
    expect(step(cluster)).toBe("-web@m1");
  });

  it("waits until its lost machine has been away for long enough, and longer if it returns", () => {
    const cluster = sketch("m1 m2", "web>m1{Exclusive=true}").lose("m1");
    const early = planFor(cluster);
    expect(early.tasks).toEqual([]);
    expect(reasons(early)).toEqual([
      "web.service: stays on m1, which is away, because it is exclusive and may still be running there",
    ]);
    expect(step(cluster, ["m1"])).toBe("-web@m1");
    const next = planFor(cluster, ["m1"]);
    expect(sketchTasks(next)).toBe("+web@m2");
    expect(next.tasks).toMatchObject([{ goneMachines: ["m1"] }]);
    // A leader that has just begun does not know for how long it has been away.
    expect(reasons(planFor(cluster))).toEqual([
      "web.service: waits, because it is exclusive and may still be running on m1, which has not been away for long enough",
    ]);
    cluster.addMachines("m1");
    expect(reasons(planFor(cluster, ["m1"]))).toEqual([
      "web.service: waits, because it is exclusive and is still being stopped on m1",
    ]);
  });

  it("waits for a lost machine that has another text of it, however long: that may be without a guard", () => {
    const cluster = sketch("m1 m2", "web>m1").lose("m1");
    cluster.putUnit(web, "launched", ["Exclusive=true"]);
    const why =
      "with an earlier text, which need not have been exclusive: until the machine returns or is forgotten";
    const early = planFor(cluster, ["m1"]);
    expect(early.tasks).toEqual([]);
    expect(early.refusals).toEqual([
      {
        unit: web,
        machine: "m1",
        reason: `stays on m1, which is away, because it is exclusive and may still be running there ${why}`,
        failed: [],
      },
    ]);
    // What was told to stop before the machine went away is no better.
    cluster.putSeat("m1", web, "absent", { contentId: "earlier" });
    const later = planFor(cluster, ["m1"]);
    expect(later.tasks).toEqual([]);
    expect(later.refusals).toEqual([
      {
        unit: web,
        machine: "m1",
        reason: `waits, because it is exclusive and may still be running on m1 ${why}`,
        failed: [],
      },
    ]);
    cluster.addMachines("m1?");
    expect(step(cluster)).toContain("+web@m2");
  });

  it("waits for a machine that was lost before it said that it has the new text", () => {
    const cluster = sketch("m1 m2", "web>m1");
    cluster.putUnit(web, "launched", ["Exclusive=true"]);
    expect(step(cluster)).toBe("!web@m1");
    expect(cluster.seats.get(m1)?.get(web)).toMatchObject({ unconfirmed: true });
    cluster.lose("m1");
    const waiting = planFor(cluster, ["m1"]);
    expect(waiting.tasks).toEqual([]);
    expect(reasons(waiting)).toEqual([expect.stringContaining("an earlier text")]);
  });

  it("waits for that also when it had been told to go", () => {
    const cluster = sketch("m1 m2", "web>m1");
    cluster.putUnit(web, "launched", ["Exclusive=true"]);
    step(cluster);
    cluster.setPolicy("m1", { drained: true });
    expect(step(cluster)).toBe("-web@m1");
    cluster.lose("m1");
    expect(planFor(cluster, ["m1"]).tasks).toEqual([]);
    cluster.addMachines("m1");
    cluster.letAgentsWork();
    expect(step(cluster)).toContain("+web@m2");
  });

  it("is waited for no longer than its guard needs when the machine has said that it has the new text", () => {
    const cluster = sketch("m1 m2", "web>m1");
    cluster.putUnit(web, "launched", ["Exclusive=true"]);
    step(cluster);
    // What it said before it was told is no answer.
    expect(planFor(cluster).tasks).toEqual([]);
    cluster.reportLoaded("m1", web);
    expect(step(cluster)).toBe("!web@m1");
    expect(cluster.seats.get(m1)?.get(web)).not.toHaveProperty("unconfirmed");
    expect(planFor(cluster).tasks).toEqual([]);
    cluster.lose("m1");
    expect(step(cluster, ["m1"])).toBe("-web@m1");
  });

  it("is not taken to have its new text by what its machine said before it got another", () => {
    const cluster = sketch("m1 m2", "web>m1{Exclusive=true}");
    const [first, state] = [cluster.units.get(web)!, cluster.states.get(m1)!.get(web)!];
    cluster.putUnit(web, "launched", []);
    expect(step(cluster)).toBe("!web@m1");
    cluster.changeUnit("web", first);
    cluster.reportLoaded("m1", web, { contentId: first.contentId, modRevision: state.modRevision });
    expect(step(cluster)).toBe("!web@m1");
    expect(planFor(cluster).tasks).toEqual([]);
    expect(cluster.seats.get(m1)?.get(web)).toMatchObject({ unconfirmed: true });
  });

  it("is not taken to have its text where a copy with another one is adopted", () => {
    const cluster = sketch("m1 m2", "web{Exclusive=true}");
    cluster.reportLoaded("m1", web, { activeState: "active", contentId: "earlier" });
    expect(step(cluster)).toBe("+web@m1");
    expect(cluster.seats.get(m1)?.get(web)).toMatchObject({ unconfirmed: true });
    cluster.letAgentsWork();
    expect(step(cluster)).toBe("!web@m1");
    expect(step(cluster)).toBe("");
  });

  it("gets its new text on a lost machine only when that is back", () => {
    const cluster = sketch("m1 m2", "web>m1").lose("m1");
    cluster.putUnit(web, "launched", ["Exclusive=true"]);
    expect(step(cluster, ["m1"])).toBe("");
    cluster.addMachines("m1");
    cluster.reportLoaded("m1", web);
    expect(step(cluster)).toBe("!web@m1");
  });

  it("is placed anew only when no machine has gone away unseen", () => {
    const cluster = sketch("m1 m2!", "web{Exclusive=true}; other");
    const planned = planFor(cluster);
    expect(sketchTasks(planned)).toBe("+other@m1");
    expect(reasons(planned)).toEqual([
      "web.service: waits, because it is exclusive and could have been begun on m2, which has gone away too recently to be sure",
    ]);
    expect(sketchTasks(planFor(cluster, ["m2"]))).toContain("+web@m1");
  });

  it("needs nobody's word of a machine that was forgotten", () => {
    const cluster = sketch("m1 m2?", "web{Exclusive=true}");
    cluster.putSeat("m2", web, "absent");
    expect(step(cluster)).toContain("+web@m1");
  });

  it("is adopted where it runs, and placed nowhere else", () => {
    const cluster = sketch("m1 m2 m3!", "p>m2; web{Exclusive=true}");
    cluster.reportLoaded("m2", web, { activeState: "active" });
    expect(step(cluster)).toBe("+web@m2");
  });

  it("waits for a copy that can be neither adopted nor removed", () => {
    const cluster = sketch("m1 m2%", "web{Exclusive=true}");
    cluster.reportLoaded("m2", web, { activeState: "active" });
    const planned = planFor(cluster);
    expect(planned.tasks).toEqual([]);
    expect(reasons(planned)).toContain(
      "web.service: waits, because it is exclusive and is on m2 without a seat",
    );
  });

  it("waits for the copy of a unit of its name that was destroyed", () => {
    const cluster = sketch("m1 m2", "web>m1{Exclusive=true}").destroy("web");
    cluster.putUnit(web, "launched", ["Exclusive=true", "MachineID=m2"]);
    expect(step(cluster)).toBe("-web@m1 clear web");
    expect(planFor(cluster).tasks).toEqual([]);
    cluster.letAgentsWork();
    expect(step(cluster)).toContain("+web@m2");
  });

  it("takes those along that follow it", () => {
    const cluster = sketch("m1% m2", "web>m1{Exclusive=true}; side>m1{MachineOf=web.service}");
    expect(step(cluster)).toBe("-side@m1 -web@m1");
    cluster.letAgentsWork();
    step(cluster);
    expect(cluster.where(["web", "side"])).toBe("web=m2 side=m2");
  });

  it("follows others in two steps", () => {
    const cluster = sketch(
      "m1 m2{z=e}",
      "db>m1{MachineMetadata=z=e}; web>m1{Exclusive=true;MachineOf=db.service}",
    );
    expect(step(cluster)).toBe("-web@m1 db@m1>m2");
    cluster.letAgentsWork();
    expect(step(cluster)).toContain("+web@m2");
  });

  it("has one seat too many taken away", () => {
    const cluster = sketch("m1 m2", "web>m1{Exclusive=true}");
    cluster.putSeat("m2", web, "launched");
    cluster.reportLoaded("m2", web);
    expect(step(cluster)).toBe("-web@m2");
  });

  it("is not started where it has a seat while a copy from before it was exclusive is being stopped", () => {
    const cluster = sketch("m1 m2", "web>m2");
    cluster.putSeat("m1", web, "absent");
    cluster.putUnit(web, "launched", ["Exclusive=true"]);
    const waiting = planFor(cluster);
    expect(waiting.tasks).toEqual([]);
    expect(reasons(waiting)).toEqual([
      "web.service: waits, because it is exclusive and is still being stopped on m1",
    ]);
    cluster.letAgentsWork();
    expect(step(cluster)).toContain("!web@m2");
  });

  it("gets its new text only when a second copy of the old one has been stopped", () => {
    const cluster = sketch("m1 m2", "web>m1");
    cluster.putSeat("m2", web, "launched");
    cluster.putUnit(web, "launched", ["Exclusive=true"]);
    const first = planFor(cluster);
    expect(sketchTasks(first)).toBe("-web@m2");
    expect(reasons(first)).toEqual([
      "web.service: waits, because it is exclusive and has to be stopped on m2 first",
    ]);
    carryOut(cluster, first);
    expect(planFor(cluster).tasks).toEqual([]);
    cluster.letAgentsWork();
    expect(step(cluster)).toContain("!web@m1");
  });

  it("needs nobody's word of a second copy on a machine that was forgotten", () => {
    const cluster = sketch("m1? m2", "web/loaded>m2{Exclusive=true}");
    cluster.putSeat("m1", web, "launched");
    cluster.changeUnit("web", { desiredState: "launched" });
    expect(step(cluster)).toBe("-web@m1 !web@m2");
    expect(step(cluster)).toBe("~web@m1");
  });

  it("is stopped where it has a seat, whatever is elsewhere", () => {
    const cluster = sketch("m1 m2", "web>m2");
    cluster.putSeat("m1", web, "absent");
    cluster.putUnit(web, "loaded", ["Exclusive=true"]);
    expect(step(cluster)).toBe("!web@m2");
  });
});
