import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildCluster, clusterPlan } from "../../../../test/support/random-cluster.js";
import { emitTasks } from "./emit.js";
import { explainUnit } from "./explain.js";
import { decide } from "./plan.js";
import { suggestChanges } from "./suggest.js";
import { changeView } from "./what-if-change.js";

const runs = { numRuns: 300 };

const random = clusterPlan.map((description) => {
  const { absent, view } = buildCluster(description);
  const planning = decide(view, { releasedMachines: absent });
  return { revision: 1, planning, engineStatus: undefined, hasLeader: true };
});

describe("explaining", () => {
  it("suggests metadata only for machines that would all do", () => {
    fc.assert(
      fc.property(random, (decided) => {
        const { planning: p } = decided;
        for (const subject of p.refusals.keys()) {
          for (const { what } of suggestChanges(decided, subject)) {
            const [, key, value, machines] = /^set (\w+)=(\S+) on (.*)/.exec(what) ?? [];
            if (key === undefined || value === undefined || machines === undefined) continue;
            const named = [...p.world.placeOf.keys()].filter((id) => machines.split(/[ (),]+/).includes(id));
            expect(named).not.toEqual([]);
            for (const machine of named) {
              const { options, view } = changeView(p.world, [{ kind: "metadata", machine, key, value }]);
              const refused = [...decide(view, options).refusals.keys()].map(({ name }) => name);
              expect(refused).not.toContain(subject.name);
            }
          }
        }
      }),
      runs,
    );
  });

  it("has an answer for every unit, and changes no decision", () => {
    fc.assert(
      fc.property(random, (decided) => {
        const { planning: p } = decided;
        const before = JSON.stringify(emitTasks(p));
        const all = () => [...p.world.subjects.keys()].map((name) => explainUnit(decided, name));
        const first = JSON.stringify(all());
        for (const subject of p.world.subjects.values()) suggestChanges(decided, subject, 0);
        expect(JSON.stringify(all())).toBe(first);
        expect(JSON.stringify(emitTasks(p))).toBe(before);
      }),
      runs,
    );
  });

  it("says of each machine why it will not do", () => {
    fc.assert(
      fc.property(random, (decided) => {
        const { planning: p } = decided;
        const machines = p.world.places.filter(({ stance }) => stance !== "forgotten").length;
        for (const [subject, refusal] of p.refusals) {
          if (subject.kind !== "plain" || subject.cycle !== undefined || refusal.failed.length === 0)
            continue;
          const { objections } = explainUnit(decided, subject.name)!;
          // A unit that need not leave its machine has no objection to it.
          const kept = subject.at === undefined ? 0 : 1;
          const told = objections.reduce((sum, objection) => sum + objection.machines, 0);
          expect(told).toBeGreaterThanOrEqual(machines - kept);
        }
      }),
      runs,
    );
  });
});
