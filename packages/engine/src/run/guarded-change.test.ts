import { parseMachineId } from "@fleet/core";
import type { Guard } from "@fleet/core/ports";
import { describe, expect, it } from "vitest";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { plan } from "../plan/plan.js";
import { toGuardedChange } from "./guarded-change.js";

/** The changes of a plan, guards and writes in brief. */
function changesOf(cluster: ClusterSketch): readonly string[] {
  const { absent } = cluster;
  const { tasks } = plan(cluster.view, { releasedMachines: absent, fencedMachines: absent });
  return tasks.map((task) => {
    const { guards, writes } = toGuardedChange(task);
    const written = writes.map((write) => {
      if (write.kind === "put-seat") {
        const { machine, replaces, target } = write.seat;
        return `${target}@${machine}${replaces === undefined ? "" : ` replacing ${replaces}`}`;
      }
      return write.kind === "delete-seat" ? `delete@${write.machine}` : write.kind;
    });
    return `${task.kind}: ${guards.map((guard) => sketchGuard(cluster, guard)).join(" ")} -> ${written.join(" ")}`;
  });
}

/** `ok` for the present revision of something that is there. */
function sketchGuard({ units, destroyed, seats, machines }: ClusterSketch, guard: Guard): string {
  const value = (actual: number | undefined): string => {
    if (guard.revision === "held" || guard.revision === 0) return `${guard.revision}`;
    return guard.revision === actual ? "ok" : `not ${actual}`;
  };
  switch (guard.kind) {
    case "unit":
      return `unit=${value(units.get(guard.unit)?.modRevision)}`;
    case "mark":
      return `mark=${value(destroyed.get(guard.unit)?.modRevision)}`;
    case "presence":
      return `${guard.machine}=${value(machines.get(guard.machine)?.presence?.modRevision)}`;
    case "seat": {
      const name = guard.unit.replace(".service", "");
      return `${name}@${guard.machine}=${value(seats.get(guard.machine)?.get(guard.unit)?.modRevision)}`;
    }
  }
}

describe("a guarded change compares", () => {
  const sketch = (machines: string, units: string) =>
    new ClusterSketch().addMachines(machines).addUnits(units);

  it("for a seat: the record, the machine, that there is no seat, and that the peers are there", () => {
    expect(changesOf(sketch("m1", "a>m1; b{MachineOf=a.service}"))).toEqual([
      "seat: unit=ok m1=ok b@m1=0 a@m1=held -> launched@m1",
    ]);
  });

  it("for a seat of an exclusive unit: that machines which have not let go of it are still away", () => {
    const cluster = sketch("m1 m2!", "a{Exclusive=true}");
    const m2 = parseMachineId("m2");
    cluster.putSeat("m2", serviceName("a"), "absent");
    const options = { releasedMachines: cluster.absent, fencedMachines: new Set([m2]) };
    const [task] = plan(cluster.view, options).tasks;
    expect(toGuardedChange(task!).guards).toContainEqual({ kind: "presence", machine: m2, revision: 0 });
  });

  it("for a hand-over: the seat that it succeeds, and that names itself in every later change of the new one", () => {
    const cluster = sketch("m1% m2 m3", "a>m1");
    expect(changesOf(cluster)).toEqual(["seat: unit=ok m2=ok a@m2=0 a@m1=ok -> launched@m2 replacing m1"]);
    cluster.putSeat("m2", serviceName("a"), "launched", { replaces: parseMachineId("m1") });
    cluster.changeUnit("a", { startCount: 2 });
    expect(changesOf(cluster)).toEqual(["update: unit=ok m2=ok a@m2=ok -> launched@m2 replacing m1"]);
    cluster.setPolicy("m2", { drained: true });
    expect(changesOf(cluster)).toEqual([
      "unseat: unit=ok a@m2=ok a@m1=ok -> absent@m2",
      "seat: unit=ok m3=ok a@m3=0 a@m1=ok -> launched@m3 replacing m1",
    ]);
    cluster.setPolicy("m2", {}).changeUnit("a", { startCount: 1 });
    cluster.reportLoaded("m2", serviceName("a"));
    expect(changesOf(cluster)).toEqual(["unseat: unit=ok a@m1=ok a@m2=ok -> absent@m1"]);
  });

  it("for an update: the record, the machine, and the seat", () => {
    const cluster = sketch("m1 m2!", "a>m1; b>m2{MachineID=m2}");
    cluster.changeUnit("a", { startCount: 2 }).changeUnit("b", { desiredState: "loaded" });
    expect(changesOf(cluster)).toEqual([
      "update: unit=ok m1=ok a@m1=ok -> launched@m1",
      "update: unit=ok m2=0 b@m2=ok -> loaded@m2",
    ]);
  });

  it("for a move: both machines and both seats", () => {
    expect(changesOf(sketch("m1 m2!", "a>m2"))).toEqual([
      "move: unit=ok m1=ok a@m1=0 a@m2=ok m2=0 -> absent@m2 launched@m1",
    ]);
    expect(changesOf(sketch("m1 m2~", "a>m2"))).toEqual([
      "move: unit=ok m1=ok a@m1=0 a@m2=ok m2=ok -> absent@m2 launched@m1",
    ]);
  });

  it("for a tombstone: the record and the seat, and what it relies on", () => {
    expect(changesOf(sketch("m1", "a/inactive>m1"))).toEqual(["unseat: unit=ok a@m1=ok -> absent@m1"]);
    expect(changesOf(sketch("m1", "a>m1").destroy("a"))).toEqual([
      "unseat: unit=0 a@m1=ok mark=ok -> absent@m1",
      "clear-mark: mark=ok -> delete-mark",
    ]);
    const surplus = sketch("m1 m2", "a>m1");
    surplus.reportLoaded("m2", serviceName("a"));
    expect(changesOf(surplus)).toEqual(["unseat: unit=ok a@m2=0 a@m1=ok -> absent@m2"]);
  });

  it.each([
    ["whom it follows", "m1", "p/inactive>m1; a>m1{MachineOf=p.service}", "a@m1=ok unit=ok -> absent@m1"],
    [
      "whom it follows, of one that is not there",
      "m1",
      "a>m1{MachineOf=p.service}",
      "a@m1=ok unit=0 -> absent@m1",
    ],
    [
      "whom it follows, and of those in turn",
      "m1",
      "q/inactive>m1; p>m1{MachineOf=q.service}; a>m1{MachineOf=p.service}",
      "a@m1=ok unit=ok unit=ok -> absent@m1",
    ],
    [
      "whom it conflicts with",
      "m1",
      "b>m1; a>m1{Conflicts=b.service}",
      "unseat: unit=ok a@m1=ok unit=ok -> absent@m1",
    ],
    [
      "whom it conflicts with, when it is moved",
      "m1 m2",
      "b>m1; a>m1{Conflicts=b.service}",
      "move: unit=ok m2=ok a@m2=0 a@m1=ok m1=ok unit=ok -> absent@m1 launched@m2",
    ],
    [
      "who replaces it",
      "m1 m2",
      "b>m1; a>m1{Replaces=b.service}",
      "move: unit=ok m2=ok b@m2=0 b@m1=ok m1=ok unit=ok -> absent@m1 launched@m2",
    ],
    [
      "who replaces it, and the presence of the machine that one comes from if it is away",
      "m1! m2{z=e} m3",
      "b>m2; a>m1{Replaces=b.service;MachineMetadata=z=e}",
      "move: unit=ok m3=ok b@m3=0 b@m2=ok m2=ok unit=ok m1=0 -> absent@m2 launched@m3",
    ],
    [
      "a global unit conflicts with",
      "m1",
      "b>m1; g>m1{Global=true;Conflicts=b.service}",
      "unseat: unit=ok g@m1=ok unit=ok -> absent@m1",
    ],
  ])("for a unit that has to go because of others: the records of those %s", (...row) => {
    const [, machines, units, change] = row;
    expect(changesOf(sketch(machines, units))).toContainEqual(expect.stringContaining(change));
  });

  it.each([
    ["is away", "m1 m2!", "a>m2{Exclusive=true}", "unseat: unit=ok a@m2=ok m2=0 -> absent@m2"],
    ["is shutting down", "m1 m2~", "a>m2{Exclusive=true}", "unseat: unit=ok a@m2=ok m2=ok -> absent@m2"],
    ["is away, whatever else", "m2!", "a/inactive>m2", "unseat: unit=ok a@m2=ok -> absent@m2"],
    ["was forgotten", "m1 m2?", "g>m2{Global=true}", "unseat: unit=ok g@m2=ok m2=0 -> absent@m2"],
  ])("for a tombstone on a machine that %s: that it still is, if that may be why", (...row) => {
    const [, machines, units, change] = row;
    expect(changesOf(sketch(machines, units))).toContain(change);
  });

  it("for a tombstone of the old copy in a hand-over: that its machine is still away", () => {
    const cluster = sketch("m1% m2", "a>m1");
    cluster.putSeat("m2", serviceName("a"), "launched", { replaces: parseMachineId("m1") });
    expect(changesOf(cluster.lose("m1"))).toEqual(["unseat: unit=ok a@m1=ok m1=0 a@m2=ok -> absent@m1"]);
  });

  it("for a collection: the tombstone, and that a forgotten machine is still away", () => {
    const cluster = sketch("m1 m2?", "a/inactive");
    const seat = cluster.putSeat("m1", serviceName("a"), "absent");
    cluster.putSeat("m2", serviceName("a"), "absent");
    cluster.reportLoaded("m1", serviceName("a"), { condition: "unloaded", acked: seat.modRevision });
    expect(changesOf(cluster)).toEqual([
      "collect: a@m1=ok -> delete@m1",
      "collect: a@m2=ok m2=0 -> delete@m2",
    ]);
  });

  it("no more peers than a transaction has room for", () => {
    const cluster = sketch("m1", "");
    const names = Array.from({ length: 200 }, (_, index) => `p${index}`);
    cluster.addUnits(names.map((name) => `${name}>m1`).join("; "));
    cluster.addUnits(`a{${names.map((name) => `MachineOf=${name}.service`).join(";")}}`);
    const [task] = plan(cluster.view, { releasedMachines: new Set() }).tasks;
    expect(task).toMatchObject({ kind: "seat", machine: parseMachineId("m1") });
    expect(toGuardedChange(task!).guards.length).toBeLessThan(100);
    names.forEach((name) => void cluster.changeUnit(name, { desiredState: "inactive" }));
    cluster.putSeat("m1", serviceName("a"), "launched");
    const unseat = plan(cluster.view, { releasedMachines: new Set() }).tasks.find(
      ({ unit }) => unit === "a.service",
    );
    expect(unseat).toMatchObject({ kind: "unseat", cause: "illegal" });
    expect(toGuardedChange(unseat!).guards.length).toBeLessThan(100);
  });
});
