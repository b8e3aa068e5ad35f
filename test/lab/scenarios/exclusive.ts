// Units that never run twice, on machines that cannot be asked.
import type { Scenario } from "../e2e/scenario.js";
import type { Stage } from "../e2e/stage.js";
import { plain, type UnitSpec } from "../e2e/unit-spec.js";
import { cut, heal } from "../network.js";
import {
  beginFleetd,
  endFleetd,
  exclusiveLab,
  exclusiveLines,
  expectNoOverlap,
  marginsMs,
  onMachine,
  slackMs,
  stopMaxMs,
  stubbornUnit,
  without,
} from "./exclusive-support.js";
import { expectSame, snapshot, untilElsewhere } from "./loss.js";

/** Exclusive units: as many as `count`, and one that ignores SIGTERM. */
function exclusives(count: number): readonly UnitSpec[] {
  const calm = plain(count, "once").map((unit) => ({ ...unit, text: `${unit.text}${exclusiveLines}` }));
  return [...calm, stubbornUnit];
}

/** fleetd is killed for good and its machine cut off: nobody but the guard can stop what runs there. */
async function loseWithFleetd(stage: Stage, machine: string, names: readonly string[]): Promise<void> {
  const units = names.filter((unit) => stage.placesOf(unit).includes(machine));
  const stopMs = units.includes(stubbornUnit.name) ? stopMaxMs : 0;
  stage.away([machine], false);
  for (const unit of names) stage.ask(unit);
  const { atMs } = await stage.act(`kill fleetd of ${machine} for good, and cut it off`, async () => {
    await onMachine(stage, machine, endFleetd);
    await cut(stage.lab.holder, machine);
  });
  const goneMs = await stage.until(`no exclusive unit to be left on ${machine}`, 60_000, () =>
    without(stage, machine, units),
  );
  stage.measure("cut off to no exclusive unit", goneMs - atMs, stage.ttlMs + stopMs + slackMs);
  const elsewhereMs = await untilElsewhere(stage, units, [machine]);
  const budgetMs = 2 * stage.ttlMs + stopMaxMs + marginsMs + slackMs;
  stage.measure(`cut off to ${units.length} exclusive units elsewhere`, elsewhereMs - atMs, budgetMs);
  await stage.act(`heal ${machine} and start its fleetd`, async () => {
    await heal(stage.lab.holder, machine);
    await onMachine(stage, machine, beginFleetd);
  });
  stage.back([machine]);
  await stage.settle();
}

/** Exclusive units. */
export const exclusive: Scenario = {
  name: "exclusive",
  asks: "exclusive units: fleetd killed and its machine cut off, a guard killed, a cut shorter than the TTL, a drain: none runs twice, and the guard stops in time",
  lab: exclusiveLab,
  parameters: { units: 6 },
  isQuick: true,
  play: async (stage, { units = 6 }) => {
    const specs = exclusives(units);
    const names = specs.map(({ name }) => name);
    stage.graceMs = 3 * stage.ttlMs + stopMaxMs + marginsMs;
    await stage.start([...specs, ...plain(3)]);
    await stage.settle();
    await loseWithFleetd(stage, stage.placesOf(stubbornUnit.name)[0] ?? "m1", names);

    const before = snapshot(stage);
    // A third of the TTL may have gone by since the last renewal; what is left is for the first one after the cut.
    await stage.cutOff(await stage.follower(), stage.ttlMs / 3);
    await stage.pass(stage.ttlMs, "a lost lease would show by now");
    expectSame(stage, before, "I4");

    const bereft = stage.placesOf("once-1.service")[0] ?? "m1";
    const run = snapshot(stage).find((line) => line.startsWith(`once-1.service on ${bereft}`));
    for (const unit of names) stage.ask(unit);
    const { atMs } = await stage.act(`kill the guard on ${bereft}`, async () => {
      await stage.lab.machines.execOrThrow(bereft, "systemctl", "kill", "-s", "KILL", "fleet-guard.service");
    });
    const endedMs = await stage.until("its units to end", 10_000, () => !snapshot(stage).includes(run ?? ""));
    stage.measure("guard killed to unit ended", endedMs - atMs, 2_000);
    await stage.settle();

    for (const unit of stage.specs.keys()) stage.ask(unit);
    await stage.act(`drain ${bereft}`, async () => await stage.fleet("drain", stage.lab.machines.id(bereft)));
    await stage.settle();
    stage.expect("I7", without(stage, bereft, names), `exclusive units are left on ${bereft}`);
    expectNoOverlap(stage, names);
  },
};
