import { type ClusterView, conflictBetween, type Seat, type UnitName } from "@fleet/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { carryOut, carryOutPartly } from "../../../../test/support/carry-out.js";
import type { ClusterSketch } from "../../../../test/support/cluster-sketch.js";
import {
  expectHandOver,
  expectIllegal,
  expectLegalSeat,
  expectNoOtherCopy,
  expectReason,
  expectRoom,
  expectTakenOver,
  isAttended,
  isMovable,
  isThere,
  liveSeats,
  party,
} from "../../../../test/support/plan-expectations.js";
import { buildCluster, clusterPlan } from "../../../../test/support/random-cluster.js";
import { ruledClusterPlan } from "../../../../test/support/random-rules.js";
import { type Plan, plan } from "./plan.js";
import type { EngineTask } from "./task.js";

const runs = { numRuns: 500 };

function planFor(cluster: ClusterSketch): Plan {
  return plan(cluster.view, { releasedMachines: cluster.absent });
}

describe.each([
  ["the original's rules", clusterPlan],
  ["all rules", ruledClusterPlan],
])("a plan with %s", (_rules, anyCluster) => {
  it("is the same, byte by byte, whatever the order of the maps", () => {
    fc.assert(
      fc.property(anyCluster, (description) => {
        const { view } = buildCluster(description);
        const reversed = <K, V>(map: ReadonlyMap<K, V>) => new Map([...map].reverse());
        const nested = <K, L, V>(map: ReadonlyMap<K, ReadonlyMap<L, V>>) =>
          new Map([...map].reverse().map(([key, value]) => [key, reversed(value)]));
        const shuffled: ClusterView = {
          ...view,
          units: reversed(view.units),
          machines: reversed(view.machines),
          destroyed: reversed(view.destroyed),
          seats: nested(view.seats),
          states: nested(view.states),
          unreadableUnits: new Set([...view.unreadableUnits].reverse()),
        };
        const releasedMachines = new Set(view.machines.keys());
        const first = JSON.stringify(plan(view, { releasedMachines }));
        expect(JSON.stringify(plan(shuffled, { releasedMachines }))).toBe(first);
      }),
      runs,
    );
  });

  it("leaves nothing to do once it is carried out", () => {
    fc.assert(
      fc.property(anyCluster, (description) => {
        const cluster = buildCluster(description);
        const first = planFor(cluster);
        // A unit cannot return where its tombstone was collected before that has happened.
        fc.pre(first.tasks.every(({ kind }) => kind !== "collect"));
        carryOut(cluster, first);
        const next = planFor(cluster).tasks;
        // A copy is superfluous only beside a seat, so not before an adoption has been written.
        fc.pre(!next.some((task) => task.kind === "unseat" && task.cause === "surplus"));
        // An exclusive unit is removed first. If nobody is left to acknowledge that, its next seat follows at once.
        const isRemoved = (unit: UnitName) =>
          first.tasks.some((task) => task.kind === "unseat" && task.unit === unit);
        const isSecondStep = ({ unit, kind }: EngineTask) =>
          kind === "seat" && isRemoved(unit) && cluster.units.get(unit)?.requirements?.exclusive === true;
        fc.pre(!next.some(isSecondStep));
        // A hand-over is over only when those are where they are to be that the unit follows, or that follow it.
        const follows = (unit: UnitName, peer: UnitName) =>
          cluster.units.get(unit)?.requirements?.machineOf.includes(peer) === true;
        const hasArrivedBeside = (task: EngineTask) =>
          task.kind === "unseat" &&
          task.cause === "moved" &&
          first.tasks.some(({ unit }) => follows(task.unit, unit) || follows(unit, task.unit));
        fc.pre(!next.some(hasArrivedBeside));
        // Tombstones on forgotten machines have nobody to obey them, so they are collected once they are there.
        expect(next.filter(({ kind }) => kind !== "collect")).toEqual([]);
      }),
      runs,
    );
  });

  it("comes to rest when machines do as they are told", () => {
    fc.assert(
      fc.property(anyCluster, (description) => {
        const cluster = buildCluster(description);
        let rounds = 0;
        for (;;) {
          const next = planFor(cluster);
          if (next.tasks.length === 0 && rounds > 0) break;
          carryOut(cluster, next);
          cluster.letAgentsWork();
          rounds += 1;
          expect(rounds).toBeLessThan(12);
        }
      }),
      runs,
    );
  });

  it("gives no plain unit a second seat except to hand it over, and none where a seat or tombstone is", () => {
    fc.assert(
      fc.property(anyCluster, (description) => {
        const cluster = buildCluster(description);
        // carryOut refuses to write a seat over another key.
        carryOut(cluster, planFor(cluster));
        const { view } = cluster;
        for (const [name, unit] of view.units) {
          if (unit.requirements === undefined || unit.requirements.global) continue;
          if (view.unreadableUnits.has(name)) continue;
          const seats = liveSeats(view).filter((seat) => seat.unit === name);
          expect(seats.length).toBeLessThanOrEqual(2);
          if (seats.length === 2) expectHandOver(view, seats[0]!, seats[1]!);
        }
      }),
      runs,
    );
  });

  it("breaks no rule with a new seat", () => {
    fc.assert(
      fc.property(anyCluster, (description) => {
        const cluster = buildCluster(description);
        const { tasks } = planFor(cluster);
        carryOut(cluster, { tasks });
        const { view } = cluster;
        for (const task of tasks) {
          if (task.kind !== "seat" && task.kind !== "move") continue;
          expectLegalSeat(view, view.units.get(task.unit)!, task.machine);
        }
      }),
      runs,
    );
  });

  it("gives nobody a new seat where there is too little room", () => {
    fc.assert(
      fc.property(anyCluster, (description) => {
        const cluster = buildCluster(description);
        const before = buildCluster(description).view;
        const { tasks } = planFor(cluster);
        carryOut(cluster, { tasks });
        for (const task of tasks) {
          const isArrival = task.kind === "seat" || task.kind === "move";
          // A copy that is there already takes its room with or without a seat.
          if (!isArrival || isThere(before, task.unit, task.machine)) continue;
          expectRoom(cluster.view, task.unit, task.machine);
        }
      }),
      runs,
    );
  });

  it("gives an exclusive unit a seat only where and when no other copy can be running", () => {
    fc.assert(
      fc.property(anyCluster, (description) => {
        const cluster = buildCluster(description);
        const { tasks } = planFor(cluster);
        for (const task of tasks) {
          if (task.kind !== "seat" && task.kind !== "move") continue;
          const requirements = cluster.units.get(task.unit)?.requirements;
          if (requirements?.exclusive !== true || requirements.global) continue;
          expect(task.kind).toBe("seat");
          expectNoOtherCopy(cluster.view, task.unit, task.machine);
        }
      }),
      runs,
    );
  });

  it("separates units that conflict, wherever something can be done about it", () => {
    fc.assert(
      fc.property(anyCluster, (description) => {
        const cluster = buildCluster(description);
        carryOut(cluster, planFor(cluster));
        const { view } = cluster;
        for (const a of liveSeats(view)) {
          for (const b of liveSeats(view)) {
            if (a.machine !== b.machine || a.unit >= b.unit || !isAttended(view, a.machine)) continue;
            if (!isMovable(view, a.unit) && !isMovable(view, b.unit)) continue;
            expect(conflictBetween(party(view, a.unit), party(view, b.unit))).toBeUndefined();
          }
        }
      }),
      runs,
    );
  });

  it("breaks no rule either if some of it cannot be committed", () => {
    fc.assert(
      fc.property(anyCluster, fc.array(fc.nat({ max: 20 })), (description, stale) => {
        const cluster = buildCluster(description);
        const viewBefore = buildCluster(description).view;
        const before = liveSeats(viewBefore);
        carryOutPartly(cluster, planFor(cluster), (index) => stale.includes(index));
        const { view } = cluster;
        const isNew = (seat: Seat) =>
          !before.some((old) => old.machine === seat.machine && old.unit === seat.unit);
        for (const a of liveSeats(view).filter(isNew)) {
          for (const b of liveSeats(view)) {
            if (a.machine !== b.machine || a.unit === b.unit) continue;
            expect(conflictBetween(party(view, a.unit), party(view, b.unit))).toBeUndefined();
          }
          if (!isThere(viewBefore, a.unit, a.machine)) expectRoom(view, a.unit, a.machine);
        }
      }),
      runs,
    );
  });

  it("takes no seat away without one of the known reasons", () => {
    fc.assert(
      fc.property(anyCluster, (description) => {
        const cluster = buildCluster(description);
        const before = buildCluster(description).view;
        const { tasks } = planFor(cluster);
        carryOut(cluster, { tasks });
        for (const task of tasks) {
          if (task.kind === "move") expectReason(before, cluster.view, task.unit, task.from.machine);
          if (task.kind === "unseat" && task.cause === "illegal") {
            expectReason(before, cluster.view, task.unit, task.machine);
          }
          if (task.kind === "unseat" && task.cause === "moved") {
            expectTakenOver(before, task.unit, task.machine, task.rival!.machine);
          }
          if (task.kind === "unseat" && task.cause === "inactive") {
            expect(before.units.get(task.unit)?.desiredState).toBe("inactive");
          }
          if (task.kind === "unseat" && task.cause === "destroyed") {
            expect(before.destroyed.has(task.unit)).toBe(true);
          }
        }
      }),
      runs,
    );
  });

  it("moves no unit twice, and says one thing to a machine about a unit", () => {
    fc.assert(
      fc.property(anyCluster, (description) => {
        const cluster = buildCluster(description);
        const { tasks } = planFor(cluster);
        const said = tasks.flatMap((task) => {
          if (task.kind === "clear-mark") return [];
          const machines = task.kind === "move" ? [task.machine, task.from.machine] : [task.machine];
          return machines.map((machine) => `${task.unit} ${machine}`);
        });
        expect(new Set(said).size).toBe(said.length);
        const arriving = tasks.filter(
          ({ kind, unit }) =>
            (kind === "seat" || kind === "move") && !cluster.units.get(unit)?.requirements?.global,
        );
        expect(new Set(arriving.map(({ unit }) => unit)).size).toBe(arriving.length);
      }),
      runs,
    );
  });

  it("takes no seat away for nothing unless the seat itself has become illegal", () => {
    fc.assert(
      fc.property(anyCluster, (description) => {
        const cluster = buildCluster(description);
        const before = buildCluster(description).view;
        const { tasks } = planFor(cluster);
        carryOut(cluster, { tasks });
        for (const task of tasks) {
          if (task.kind !== "unseat" || task.cause !== "illegal" || task.seatRevision === 0) continue;
          if (before.units.get(task.unit)?.requirements?.exclusive === true) continue;
          expectIllegal(before, cluster.view, task.unit, task.machine);
        }
      }),
      runs,
    );
  });

  it("never touches what cannot be read, nor what no record or mark speaks of", () => {
    fc.assert(
      fc.property(anyCluster, (description) => {
        const { view, absent } = buildCluster(description);
        for (const task of plan(view, { releasedMachines: absent }).tasks) {
          if (task.kind === "collect" || task.kind === "clear-mark") continue;
          const isKnown = view.units.get(task.unit)?.requirements !== undefined;
          expect(isKnown || view.destroyed.has(task.unit)).toBe(true);
          expect(view.unreadableUnits.has(task.unit)).toBe(false);
        }
      }),
      runs,
    );
  });

  it("says why of every wanted unit that ends up without a seat", () => {
    fc.assert(
      fc.property(anyCluster, (description) => {
        const cluster = buildCluster(description);
        const { tasks, refusals } = planFor(cluster);
        carryOut(cluster, { tasks });
        const { view } = cluster;
        for (const [name, unit] of view.units) {
          const isWanted = unit.requirements !== undefined && unit.desiredState !== "inactive";
          if (!isWanted || liveSeats(view).some((seat) => seat.unit === name)) continue;
          expect(refusals.some((refusal) => refusal.unit === name && refusal.reason !== "")).toBe(true);
        }
      }),
      runs,
    );
  });
});
