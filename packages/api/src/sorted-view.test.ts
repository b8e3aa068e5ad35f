import { fc, test } from "@fast-check/vitest";
import { parseMachineId, type UnitName, unitContentFromText } from "@fleet/core";
import { describe, expect } from "vitest";
import { SortedView, stateKey } from "./sorted-view.js";
import { PretendCluster } from "./testing/pretend-cluster.js";

const content = unitContentFromText("[Service]\nExecStart=/bin/true\n");
const names = ["a.service", "a@1.service", "b.service", "é.service"] as UnitName[];
const machines = ["m1", "m2", "m3"];

const step = fc.record({
  act: fc.constantFrom(
    "unit",
    "destroy",
    "spoil",
    "report",
    "refuse",
    "forget",
    "lose",
    "hide",
    "join",
    "look",
  ),
  name: fc.constantFrom(...names.slice(0, 3)),
  machine: fc.constantFrom(...machines),
});

function play(
  cluster: PretendCluster,
  { act, name, machine }: Record<"act" | "machine", string> & { name: UnitName },
) {
  const isPresent = cluster.machines.get(parseMachineId(machine))?.presence !== undefined;
  if (act === "unit") void cluster.changeUnit(name, () => ({ content, desiredState: "inactive" }));
  if (act === "destroy") void cluster.destroyUnit(name).catch(() => undefined);
  if (act === "spoil") cluster.spoil(name);
  if (act === "report" && isPresent) cluster.report(machine, name, {});
  if (act === "refuse" && isPresent) cluster.report(machine, name, { condition: "refused" });
  if (act === "forget") cluster.forgetState(machine, name);
  if (act === "lose") cluster.loseMachine(machine);
  if (act === "hide") cluster.hideMachine(machine);
  if (act === "join") cluster.addMachine(machine, "");
}

describe("what is kept in order while the cluster changes", () => {
  test.prop([fc.array(step, { maxLength: 60 })])("is what sorting everything gives", (steps) => {
    const cluster = new PretendCluster();
    for (const machine of machines) cluster.addMachine(machine, "");
    const kept = new SortedView(cluster);
    for (const one of [...steps, { act: "look", name: names[0] as UnitName, machine: "m1" }]) {
      play(cluster, one);
      if (one.act !== "look") continue;
      const view = cluster.view();
      const scratch = new SortedView(new PretendCluster());
      expect(kept.names(view)).toEqual(scratch.names(view));
      expect(kept.states(view)).toEqual(scratch.states(view));
      expect(kept.states(view).map(stateKey)).toEqual(kept.states(view).map(stateKey).sort());
      expect(kept.machines(view)).toEqual(scratch.machines(view));
    }
    kept.close();
  });
});
