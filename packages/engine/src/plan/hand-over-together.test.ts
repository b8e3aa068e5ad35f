import { type Proposal, parseMachineId } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { carryOut, sketchTasks } from "../../../../test/support/carry-out.js";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { drainProgress } from "./drain-progress.js";
import { decide, type Plan, plan } from "./plan.js";
import { foresee } from "./what-if.js";

const nothing: Proposal = { put: [], want: [], cordon: [], uncordon: [], drain: [], lose: [], add: [] };

function planFor(cluster: ClusterSketch): Plan {
  return plan(cluster.view, { releasedMachines: new Set() });
}

/** Plans, and lets everyone do as they are told, until there is nothing to do. @returns the tasks of each round. */
function settle(cluster: ClusterSketch): readonly string[] {
  const rounds: string[] = [];
  for (let planned = planFor(cluster); planned.tasks.length > 0; planned = planFor(cluster)) {
    expect(rounds.length).toBeLessThan(10);
    rounds.push(sketchTasks(planned));
    carryOut(cluster, planned);
    cluster.letAgentsWork();
  }
  return rounds;
}

/** A cluster at rest, of which m1 is to be drained. */
function atRest(machines: string, units: string): ClusterSketch {
  const cluster = new ClusterSketch().addMachines(machines).addUnits(units);
  settle(cluster);
  return cluster;
}

function drain(cluster: ClusterSketch): readonly string[] {
  cluster.setPolicy("m1", { cordoned: true, drained: true });
  return settle(cluster);
}

/** Says of a drain of m1, without draining it, which units move and which ones stay. */
function foreseeDrain(cluster: ClusterSketch): string {
  const options = { releasedMachines: new Set<never>() };
  const decided = {
    revision: 1,
    planning: decide(cluster.view, options),
    engineStatus: undefined,
    hasLeader: true,
  };
  const forecast = foresee(decided, { ...nothing, drain: [parseMachineId("m1")] });
  const moves = forecast.moves.map(({ unit, from, to }) => `${unit}: ${from.join()}>${to.join()}`);
  const stays = forecast.refusals.filter(({ isNew }) => isNew).map(({ unit }) => `${unit} stays`);
  return [...moves, ...stays].join("; ").replaceAll(".service", "");
}

/** Says why units are not where they are to be. */
function reasonsAfter(cluster: ClusterSketch): string {
  return planFor(cluster)
    .refusals.map(({ reason, unit }) => `${unit.replace(".service", "")}: ${reason}`)
    .join("\n");
}

const isDrained = "stays on m1 (machine m1 is being drained)";

describe("a follower of a global unit", () => {
  it.each<[string, string, string, readonly string[], string]>([
    [
      "is handed over",
      "m1 m2",
      "d{Global=true}; x>m1{MachineOf=d.service}",
      ["x@m1+m2", "-x@m1", "~x@m1"],
      "x: m1>m2",
    ],
    [
      "is handed over with those who follow it",
      "m1 m2",
      "d{Global=true}; x>m1{MachineOf=d.service}; y>m1{MachineOf=x.service}; z>m1{MachineOf=y.service}",
      ["x@m1+m2 y@m1+m2 z@m1+m2", "-x@m1 -y@m1 -z@m1", "~x@m1 ~y@m1 ~z@m1"],
      "x: m1>m2; y: m1>m2; z: m1>m2",
    ],
    [
      "is handed over with a plain unit that it follows, too",
      "m1 m2",
      "d{Global=true}; b>m1; x>m1{MachineOf=d.service;MachineOf=b.service}",
      ["b@m1+m2 x@m1+m2", "-b@m1 -x@m1", "~b@m1 ~x@m1"],
      "b: m1>m2; x: m1>m2",
    ],
    [
      "stays if the global unit is nowhere else",
      "m1{z=e} m2",
      "d{Global=true;MachineMetadata=z=e}; x>m1{MachineOf=d.service}",
      [],
      "x stays",
    ],
  ])("%s", (_what, machines, units, rounds, foreseen) => {
    const cluster = atRest(machines, units);
    expect(foreseeDrain(cluster)).toBe(foreseen);
    expect(drain(cluster)).toEqual(rounds);
    expect(foreseeDrain(cluster)).toBe("");
  });

  it("keeps its old copy where the global unit is about to leave the machine of the new one", () => {
    const cluster = atRest("m1 m2", "d{Global=true}; x>m1{MachineOf=d.service}");
    cluster.setPolicy("m1", { drained: true });
    carryOut(cluster, planFor(cluster));
    cluster.letAgentsWork();
    cluster.addUnits("old>m2{Conflicts=d.service}");
    expect(sketchTasks(planFor(cluster))).toBe("-d@m2 -x@m2");
  });

  it("stays where it has arrived if the drain is called off", () => {
    const units = "d{Global=true}; b>m1; x>m1{MachineOf=d.service;MachineOf=b.service}";
    const cluster = atRest("m1 m2", units);
    cluster.setPolicy("m1", { drained: true });
    carryOut(cluster, planFor(cluster));
    cluster.letAgentsWork();
    cluster.setPolicy("m1", {});
    expect(sketchTasks(planFor(cluster))).toBe("-b@m1 -x@m1");
  });
});

describe("a unit that cannot leave without others", () => {
  it.each<[string, string, string, readonly string[], string, string]>([
    [
      "stays with a follower that another unit binds to the machine",
      "m1 m2",
      "b>m1; w>m1{MachineID=m1}; c>m1{MachineOf=b.service;MachineOf=w.service}",
      [],
      "b stays",
      `b: ${isDrained}; c.service, w.service, without which it cannot leave, stay there`,
    ],
    [
      "stays with a ring that follows it",
      "m1 m2",
      "b>m1; p>m1{MachineOf=b.service;MachineOf=q.service}; q>m1{MachineOf=p.service}",
      [],
      "b stays; p stays; q stays",
      `b: ${isDrained}; p.service, q.service, without which it cannot leave, stay there`,
    ],
    [
      "stays with an exclusive follower that has no other place",
      "m1{d=s} m2",
      "b>m1; f>m1{MachineOf=b.service;MachineMetadata=d=s;Exclusive=true}",
      [],
      "b stays; f stays",
      `b: ${isDrained}; no machine takes it together with f.service`,
    ],
    [
      "goes where an exclusive follower can be, too",
      "m1{d=s} m2 m3{d=s}",
      "b>m1; f>m1{MachineOf=b.service;MachineMetadata=d=s;Exclusive=true}",
      ["-f@m1 b@m1+m3", "-b@m1 ~f@m1 +f@m3", "~b@m1"],
      "b: m1>m3; f: m1>m3",
      "",
    ],
    [
      "stays, exclusive itself, with a follower that has no other place",
      "m1{d=s} m2",
      "e>m1{Exclusive=true}; f>m1{MachineOf=e.service;MachineMetadata=d=s}",
      [],
      "e stays; f stays",
      `e: ${isDrained}; no machine takes it together with f.service`,
    ],
    [
      "stays, exclusive itself, with a follower that is bound to the machine",
      "m1 m2",
      "e>m1{Exclusive=true}; f>m1{MachineOf=e.service;MachineID=m1}",
      [],
      "e stays",
      `e: ${isDrained}; f.service, without which it cannot leave, stays there`,
    ],
    [
      "goes, exclusive itself, where its follower can be, too",
      "m1{d=s} m2 m3{d=s}",
      "e>m1{Exclusive=true}; f>m1{MachineOf=e.service;MachineMetadata=d=s}",
      ["-e@m1 -f@m1", "~e@m1 ~f@m1 +e@m3 +f@m3"],
      "e: m1>m3; f: m1>m3",
      "",
    ],
  ])("%s", (_what, machines, units, rounds, foreseen, reasons) => {
    const cluster = atRest(machines, units);
    expect(foreseeDrain(cluster)).toBe(foreseen);
    expect(drain(cluster)).toEqual(rounds);
    if (rounds.length === 0) expect(reasonsAfter(cluster)).toContain(reasons);
    expect(foreseeDrain(cluster)).toBe("");
  });

  it("leaves a machine that is shutting down all the same", () => {
    const cluster = atRest(
      "m1{d=s} m2",
      "e>m1{Exclusive=true}; f>m1{MachineOf=e.service;MachineMetadata=d=s}",
    );
    const id = parseMachineId("m1");
    const machine = cluster.machines.get(id)!;
    cluster.machines.set(id, { ...machine, presence: { ...machine.presence!, state: "leaving" } });
    expect(settle(cluster)).toEqual(["-e@m1", "~e@m1 +e@m2"]);
  });
});

describe("a unit that has taken over", () => {
  it.each([
    ["does not run", { jobResult: "failed" }, { leaving: 0, stuck: 2 }],
    ["is only loaded, which is a matter of time", { started: undefined }, { leaving: 2, stuck: 0 }],
  ])("says that it waits for one whose new copy %s, and is tried anew with it", (_what, state, progress) => {
    const cluster = atRest("m1 m2 m3^", "db>m1; app>m1{MachineOf=db.service}");
    cluster.setPolicy("m1", { drained: true });
    carryOut(cluster, planFor(cluster));
    cluster.reportLoaded("m2", serviceName("db"));
    cluster.reportLoaded("m2", serviceName("app"), { activeState: "inactive", ...state } as object);
    const { refusals, tasks } = planFor(cluster);
    expect(tasks).toEqual([]);
    expect(reasonsAfter(cluster)).toContain(
      "db: stays on m1 (machine m1 is being drained): its new copy on m2 waits for app.service, without which it cannot leave",
    );
    expect(drainProgress(cluster.view, refusals)).toMatchObject([{ machine: "m1", ...progress }]);
    cluster.setPolicy("m3", {});
    const retriedHeirs = new Map([[serviceName("db"), parseMachineId("m2")]]);
    const retried = plan(cluster.view, { releasedMachines: new Set(), retriedHeirs });
    expect(sketchTasks(retried)).toBe("-db@m2 db@m1+m3 app@m2>m3");
  });
});
