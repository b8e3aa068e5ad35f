import { parseMachineId } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { ClusterSketch } from "../../../../test/support/cluster-sketch.js";
import { explain } from "../../../../test/support/explain-cases.js";
import { publishedOptions } from "./published-options.js";

const m1 = parseMachineId("m1");
const untilMs = Date.UTC(2026, 0, 1, 12, 3, 10);
const fencing = { machines: [], refusals: [], fencing: [{ machine: m1, untilMs }] };
const waits = "waits until 2026-01-01T12:03:10.000Z for the copy on machine m1, which may still run";

describe("an exclusive unit of a machine that has just gone away", () => {
  const lost = () =>
    new ClusterSketch().addMachines("m1 m2").addUnits("a>m1{Exclusive=true}; b{Exclusive=true}").lose("m1");

  it("says for which copy it waits, and until when", () => {
    expect(explain(lost(), "a", fencing)?.remarks).toContain(waits);
  });

  it("makes others without a place wait as long, for nobody knows what was begun there", () => {
    const told = explain(lost(), "b", fencing);
    expect(told?.summary).toBe(
      "waits, because it is exclusive and could have been begun on m1, which has gone away too recently to be sure",
    );
    expect(told?.remarks).toContain(
      "waits until 2026-01-01T12:03:10.000Z: machine m1 has just gone away, and nobody knows until then what was begun there",
    );
  });

  it("has followers that are told to wait with it, not to follow nobody", () => {
    const cluster = new ClusterSketch()
      .addMachines("m1 m2 m3!")
      .addUnits("a{Exclusive=true}; f{MachineOf=a.service}; g{MachineOf=f.service}");
    for (const [name, followed] of [
      ["f", "a"],
      ["g", "f"],
    ] as const) {
      expect(explain(cluster, name)).toMatchObject({
        suggestions: [],
        remarks: [
          `it follows ${followed}.service, which has no place either: fleetctl explain ${followed}.service`,
        ],
      });
    }
  });

  it("says nothing of a time that the leader has not named", () => {
    expect(explain(lost(), "a", { machines: [], refusals: [] })?.remarks.join()).not.toContain("waits until");
  });

  it("is taken for gone by everybody else only when the leader names the machine no more", () => {
    const cluster = lost();
    const optionsWith = (engineStatus: typeof fencing | { machines: []; refusals: [] }) =>
      publishedOptions({ machines: cluster.view.machines, engineStatus }).fencedMachines;
    expect(optionsWith(fencing)).toEqual(new Set());
    expect(optionsWith({ machines: [], refusals: [] })).toEqual(new Set([m1]));
  });
});
