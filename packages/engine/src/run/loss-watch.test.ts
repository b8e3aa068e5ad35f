import { parseMachineId } from "@fleet/core";
import { VirtualClock } from "@fleet/registry/contract";
import { describe, expect, it } from "vitest";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { plan } from "../plan/plan.js";
import { LossWatch } from "./loss-watch.js";

const ttlMs = 9_000;
const options = { ttlMs, massLossHoldWatchedMs: 60_000, massLossHoldFoundMs: 300_000 };

/** Five machines with a unit each. The first is lost and its unit moved; then so much time passes until the next look. */
async function loseOneThen(passMs: number, { leads, endsTerm }: { leads: boolean; endsTerm: boolean }) {
  const cluster = new ClusterSketch().addMachines("m1 m2 m3 m4 m5").addUnits("a>m1; b>m2; c>m3; d>m4; e>m5");
  const clock = new VirtualClock();
  const watch = new LossWatch(clock, options);
  watch.look(cluster.view);
  const { released } = watch.look(cluster.lose("m1").view);
  expect([...released]).toEqual([parseMachineId("m1")]);
  if (leads) watch.notePlan(plan(cluster.view, { releasedMachines: released }));
  cluster.seats.get(parseMachineId("m1"))?.delete(serviceName("a"));
  await clock.advance(passMs);
  if (endsTerm) watch.noteEndOfTerm();
  watch.look(cluster.lose("m2").view);
  return watch.look(cluster.lose("m3").view).held.map(({ machine }) => String(machine));
}

describe("machines of which one comes to light as lost long after another", () => {
  it.each([
    { passMs: 13_000, leads: true, endsTerm: false, held: "m2 m3", why: "the leader was stopped meanwhile" },
    { passMs: 13_000, leads: true, endsTerm: true, held: "m2 m3", why: "and has lost its office by that" },
    { passMs: 3_500, leads: true, endsTerm: false, held: "m3", why: "the leader looks when it is time" },
    { passMs: 13_000, leads: false, endsTerm: false, held: "m3", why: "a candidate looks when it has news" },
  ])("$held wait, where $why (leads: $leads, $passMs ms)", async ({ passMs, held, ...office }) => {
    expect((await loseOneThen(passMs, office)).join(" ")).toBe(held);
  });
});
