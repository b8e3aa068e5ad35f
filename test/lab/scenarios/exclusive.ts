// Units that never run twice, on machines that cannot be asked.
import type { Scenario } from "../e2e/scenario.js";
import type { Stage } from "../e2e/stage.js";
import type { UnitSpec } from "../e2e/unit-spec.js";
import { plain } from "../e2e/unit-spec.js";
import { cut, heal } from "../network.js";
import { expectSame, snapshot, untilElsewhere } from "./loss.js";

const stopMaxMs = 5_000;
// What the engine adds to agent_ttl and exclusive_stop_max.
const marginsMs = 2_000;
// As seen from outside, with the time that looking takes.
const slackMs = 1_000;

const rule = "[X-Fleet]\nExclusive=true\n";
const stubbornUnit: UnitSpec = {
  name: "stubborn.service",
  text: `[Service]\nExecStart=/bin/sh -c 'trap "" TERM; while :; do sleep 1; done'\nTimeoutStopSec=3600\n${rule}`,
  isGlobal: false,
};

/** Exclusive units: as many as `count`, and one that ignores SIGTERM. */
function exclusives(count: number): readonly UnitSpec[] {
  const calm = plain(count, "once").map((unit) => ({ ...unit, text: `${unit.text}${rule}` }));
  return [...calm, stubbornUnit];
}

/** I6: no two runs of one of these units overlap on two machines. */
function expectNoOverlap({ timeline, expect }: Stage, names: readonly string[]): void {
  for (const run of timeline.runs) {
    if (!names.includes(run.unit)) continue;
    const other = timeline.runs.find(
      (one) =>
        one.unit === run.unit &&
        one.machine > run.machine &&
        one.fromMs < (run.endedMs ?? Number.POSITIVE_INFINITY) &&
        run.fromMs < (one.endedMs ?? Number.POSITIVE_INFINITY),
    );
    expect(
      "I6",
      other === undefined,
      `${run.unit} ran on ${run.machine} and ${other?.machine ?? ""} at once`,
    );
  }
}

const without = (stage: Stage, machine: string, units: readonly string[]): boolean =>
  units.every((unit) => !stage.placesOf(unit).includes(machine));

const dropIn = "/run/systemd/system/fleetd.service.d/stay-away.conf";
const endFleetd = `mkdir -p ${dropIn.slice(0, dropIn.lastIndexOf("/"))}
printf '[Service]\\nRestart=no\\n' >${dropIn}
systemctl daemon-reload
systemctl kill -s KILL --kill-whom=all fleetd`;
const beginFleetd = `rm ${dropIn}; systemctl daemon-reload; systemctl reset-failed fleetd; systemctl start fleetd`;

/** fleetd is killed for good and its machine cut off: nobody but the guard can stop what runs there. */
async function loseWithFleetd(stage: Stage, machine: string, names: readonly string[]): Promise<void> {
  const units = names.filter((unit) => stage.placesOf(unit).includes(machine));
  const stopMs = units.includes(stubbornUnit.name) ? stopMaxMs : 0;
  stage.away([machine], false);
  for (const unit of names) stage.ask(unit);
  const { atMs } = await stage.act(`kill fleetd of ${machine} for good, and cut it off`, async () => {
    await stage.lab.machines.execOrThrow(machine, "sh", "-c", endFleetd);
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
    await stage.lab.machines.execOrThrow(machine, "sh", "-c", beginFleetd);
  });
  stage.back([machine]);
  await stage.settle();
}

/** Exclusive units. */
export const exclusive: Scenario = {
  name: "exclusive",
  asks: "exclusive units: fleetd killed and its machine cut off, a guard killed, a cut shorter than the TTL, a drain: none runs twice, and the guard stops in time",
  lab: { options: { exclusive_stop_max: `${stopMaxMs}ms` } },
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
    await stage.cutOff(await stage.follower(), stage.ttlMs / 2);
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
