// Several machines at once.

import { askStatus } from "../e2e/api.js";
import type { Scenario } from "../e2e/scenario.js";
import { plain } from "../e2e/unit-spec.js";
import { cut, heal } from "../network.js";
import { expectSame, expectWorks, movableOn, snapshot, untilElsewhere } from "./loss.js";

/** Two of five machines lose their power. */
export const twoMachinesLost: Scenario = {
  name: "two-machines-lost",
  asks: "two of five machines lose their power at once: all their units run on the other three, evenly, within the TTL, a third of it and a second",
  lab: { machines: 5 },
  parameters: { units: 30 },
  play: async (stage, { units = 30 }) => {
    stage.unitsPerMachineMax = Math.ceil(units / 3) + 1;
    await stage.start(plain(units));
    await stage.settle();
    const leader = await stage.leader();
    const lost = stage.machines.filter((machine) => machine !== leader).slice(0, 2);
    const moved = lost.flatMap((machine) => movableOn(stage, machine));
    const atMs = await stage.cutPower(lost);
    const doneMs = await untilElsewhere(stage, moved, lost);
    const budgetMs = stage.ttlMs + stage.ttlMs / 3 + 1_000;
    stage.measure(`${moved.length} units, killed to active elsewhere`, doneMs - atMs, budgetMs);
    await stage.boot(lost);
  },
};

/** Most machines are cut off. */
export const mostMachinesCut: Scenario = {
  name: "most-machines-cut",
  asks: "three of five machines are cut off together for two and a half TTLs: that is a broken network, so no more than the first one's units move, fleet says so, and all stays when it is healed",
  lab: { machines: 5 },
  parameters: { units: 30 },
  play: async (stage, { units = 30 }) => {
    stage.unitsPerMachineMax = Math.ceil(units / 5) * 2;
    await stage.start(plain(units));
    await stage.settle();
    const before = snapshot(stage);
    const leader = await stage.leader();
    const silent = stage.machines.filter((machine) => machine !== leader).slice(0, 3);
    stage.away(silent, false);
    await stage.act(`cut off: ${silent.join(", ")}`, async () => {
      await Promise.all(silent.map((machine) => cut(stage.lab.holder, machine)));
    });
    await stage.until("fleet to say what it holds", stage.ttlMs * 3, async () => {
      const holds = (await askStatus(stage.lab, leader))?.holds ?? [];
      return holds.length >= silent.length - 1;
    });
    await stage.pass(stage.ttlMs * 1.5, "moves would show by now");
    // The first to be missed is moved at once: nobody can know that more will follow.
    const moved = stage.timeline.look().filter((one) => stage.placesOf(one.unit).length > 1);
    const from = new Set(moved.map(({ machine }) => machine).filter((machine) => silent.includes(machine)));
    stage.say(`units of ${from.size} machines have been moved: ${[...from].join(", ")}`);
    stage.expect("I5", from.size <= 1, `the units of ${[...from].join(" and ")} were moved`);
    stage.expect(
      "I2",
      before.every((run) => snapshot(stage).includes(run)),
      "units ended or were restarted",
    );
    await stage.act(`heal: ${silent.join(", ")}`, async () => {
      await Promise.all(silent.map((machine) => heal(stage.lab.holder, machine)));
    });
    stage.back(silent);
    await stage.settle();
    const after = snapshot(stage);
    await stage.pass(stage.ttlMs, "moves would show by now");
    expectSame(stage, after, "I4");
    await expectWorks(stage, "afterwards", 5_000);
  },
};
