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
  asks: "three of five machines are cut off together for two and a half TTLs: that is a broken network, so nothing moves, fleet says so, and all is as before when it is healed",
  lab: { machines: 5 },
  parameters: { units: 30 },
  play: async (stage, { units = 30 }) => {
    stage.unitsPerMachineMax = Math.ceil(units / 5) + 2;
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
      return holds.length === silent.length;
    });
    await stage.pass(stage.ttlMs * 1.5, "moves would show by now");
    expectSame(stage, before, "I4");
    await stage.act(`heal: ${silent.join(", ")}`, async () => {
      await Promise.all(silent.map((machine) => heal(stage.lab.holder, machine)));
    });
    stage.back(silent);
    await stage.settle();
    await stage.pass(stage.ttlMs, "moves would show by now");
    expectSame(stage, before, "I4");
    await expectWorks(stage, "afterwards", 5_000);
  },
};
