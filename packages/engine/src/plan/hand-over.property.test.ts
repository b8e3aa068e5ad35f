import { isSeated, type MachineId, parseMachineId, type UnitName } from "@fleet/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { carryOut } from "../../../../test/support/carry-out.js";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { plan } from "./plan.js";

const machines = ["m0", "m1", "m2", "m3"] as const;
const names = ["a", "b", "c", "d", "w@1", "w@2"] as const;

/** What happens to a cluster in which operators drain machines, and nothing ever breaks a rule. */
type Step =
  | { readonly kind: "drain"; readonly machine: string; readonly max: number | undefined }
  | { readonly kind: "uncordon" | "cordon"; readonly machine: string }
  /** A machine does what its seats say; of a new copy perhaps nothing comes. */
  | { readonly kind: "work"; readonly machine: string; readonly fails: boolean }
  | { readonly kind: "plan" }
  | { readonly kind: "restart"; readonly unit: string };

const machine = fc.constantFrom(...machines);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("drain" as const),
      machine,
      max: fc.constantFrom(undefined, 1, 2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("uncordon" as const, "cordon" as const), machine }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("work" as const),
      machine,
      fails: fc.boolean(),
    }),
  },
  { weight: 8, arbitrary: fc.constant({ kind: "plan" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("restart" as const), unit: fc.constantFrom(...names) }),
  },
);

const options = fc.constantFrom(
  "",
  "",
  "Conflicts=a.service",
  "MachineOf=a.service",
  "Conflicts=w@*",
  "MachineOf=b.service",
  "MachineOf=d.service",
  "Global=true",
);

/** A cluster at rest: every unit that can run does. */
function build(optionsOf: readonly string[]): ClusterSketch {
  const cluster = new ClusterSketch().addMachines(machines.join(" "));
  cluster.addUnits(names.map((name, index) => `${name}{${optionsOf[index] ?? ""}}`).join("; "));
  for (let round = 0; round < 4; round += 1) {
    carryOut(cluster, plan(cluster.view, { releasedMachines: new Set() }));
    cluster.letAgentsWork();
  }
  return cluster;
}

function activeOn(cluster: ClusterSketch, unit: UnitName): readonly MachineId[] {
  return [...cluster.states]
    .filter(([, states]) => states.get(unit)?.activeState === "active")
    .map(([id]) => id);
}

/** A machine stops what a tombstone names, goes on running what it runs, and starts what is new, if that works. */
function work(cluster: ClusterSketch, name: string, fails: boolean): void {
  const id = parseMachineId(name);
  for (const [unit, seat] of cluster.seats.get(id) ?? []) {
    const state = cluster.states.get(id)?.get(unit);
    if (seat.target === "absent") {
      cluster.reportLoaded(name, unit, {
        condition: "unloaded",
        activeState: "inactive",
        acked: seat.modRevision,
      });
    } else if (state?.activeState === "active" && state.condition === "loaded") {
      cluster.reportLoaded(name, unit);
    } else {
      cluster.reportLoaded(name, unit, fails ? { activeState: "failed", jobResult: "failed" } : {});
    }
  }
}

function play(cluster: ClusterSketch, happening: Step): void {
  switch (happening.kind) {
    case "drain":
      cluster.setPolicy(happening.machine, {
        cordoned: true,
        drained: true,
        ...(happening.max === undefined ? {} : { handOversMax: happening.max }),
      });
      break;
    case "cordon":
    case "uncordon":
      cluster.setPolicy(happening.machine, { cordoned: happening.kind === "cordon" });
      break;
    case "work":
      work(cluster, happening.machine, happening.fails);
      break;
    case "restart": {
      const unit = cluster.units.get(serviceName(happening.unit));
      if (unit !== undefined) cluster.changeUnit(happening.unit, { startCount: unit.startCount + 1 });
      break;
    }
    case "plan":
      carryOut(cluster, plan(cluster.view, { releasedMachines: new Set() }));
      break;
  }
}

it("no unit loses its last running copy, however machines are drained, and all is well when that is over", () => {
  fc.assert(
    fc.property(
      fc.array(options, { minLength: names.length, maxLength: names.length }),
      fc.array(step, { maxLength: 60 }),
      (optionsOf, steps) => {
        const cluster = build(optionsOf);
        const running = names
          .map(serviceName)
          .filter((name) => cluster.units.get(name)?.requirements?.global === false)
          .filter((name) => activeOn(cluster, name).length > 0);
        for (const happening of steps) {
          play(cluster, happening);
          for (const unit of running) {
            expect(
              activeOn(cluster, unit).length,
              `${unit} after ${JSON.stringify(happening)}`,
            ).toBeGreaterThan(0);
          }
        }
        for (const name of machines) cluster.setPolicy(name, {});
        for (let round = 0; round < 8; round += 1) {
          play(cluster, { kind: "plan" });
          for (const name of machines) work(cluster, name, false);
        }
        for (const unit of running) {
          const seats = [...cluster.seats.values()].filter((ofMachine) => isSeated(ofMachine.get(unit)));
          expect([unit, seats.length, activeOn(cluster, unit).length]).toEqual([unit, 1, 1]);
        }
        expect(plan(cluster.view, { releasedMachines: new Set() }).tasks).toEqual([]);
      },
    ),
    { numRuns: 400 },
  );
});
