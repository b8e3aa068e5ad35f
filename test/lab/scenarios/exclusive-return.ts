// Exclusive units that somebody else than fleetd starts, or is about to, on a machine that is past its deadline.
import type { Scenario } from "../e2e/scenario.js";
import type { Stage } from "../e2e/stage.js";
import { plain } from "../e2e/unit-spec.js";
import { cut, heal } from "../network.js";
import {
  beginFleetd,
  endFleetd,
  exclusiveLab,
  exclusiveLines,
  expectNoOverlap,
  expectSilence,
  marginsMs,
  onFirst,
  onMachine,
  slackMs,
  stopMaxMs,
  stubbornUnit,
  without,
} from "./exclusive-support.js";
import { listed, untilElsewhere } from "./loss.js";

const machine = "m1";
const lookTimeoutMs = 30_000;

// It ends at once, until somebody wants it to stay.
const lingering = "[Service]\nExecStart=/bin/sh -c 'test -e /run/linger || exit 0; exec sleep infinity'";
const byHand = onFirst("by-hand", lingering);
const byTimer = onFirst("by-timer", lingering);
const restless = onFirst(
  "restless",
  "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sleep infinity\nRestart=always\nRestartSec=100ms",
);
const timer =
  "[Timer]\\nUnit=by-timer.service\\nOnActiveSec=300ms\\nOnUnitInactiveSec=300ms\\nAccuracySec=50ms\\n";

async function guarded(stage: Stage): Promise<string> {
  return await onMachine(stage, machine, "cat /run/fleet/guard/units.json");
}

/** Cuts m1 off with what runs there; nobody but the guard can stop it. */
async function loseFirst(stage: Stage, units: readonly string[], stopMs: number): Promise<number> {
  stage.away([machine], false);
  for (const unit of units) stage.ask(unit);
  const { atMs } = await stage.act(`cut ${machine} off`, async () => await cut(stage.lab.holder, machine));
  const goneMs = await stage.until(`none of them to be left on ${machine}`, 60_000, () =>
    without(stage, machine, units),
  );
  stage.measure("cut off to no exclusive unit", goneMs - atMs, stage.ttlMs + stopMs + slackMs);
  return goneMs;
}

/** Units that others start. */
export const exclusiveByOthers: Scenario = {
  name: "exclusive-by-others",
  asks: "exclusive units that had ended are started by hand and by a timer while fleetd is dead, and one has Restart=always; its machine is cut off: all are dead at the deadline, and stay so whoever starts them",
  lab: exclusiveLab,
  play: async (stage) => {
    const ended = [byHand, byTimer];
    const names = [byHand.name, byTimer.name, restless.name];
    stage.graceMs = 120_000;
    await stage.start([...ended, restless, ...plain(3)]);
    for (const { name } of ended) {
      await stage.until(`${name} to have ended`, lookTimeoutMs, async () => {
        return (await listed(stage, name)) === "inactive" && !(await guarded(stage)).includes(name);
      });
    }
    await stage.act(`kill fleetd of ${machine} for good; others start what had ended`, async () => {
      await onMachine(stage, machine, endFleetd);
      const lines = ["touch /run/linger", `printf '${timer}' >/run/systemd/system/by-timer.timer`];
      lines.push("systemctl daemon-reload", "systemctl start by-hand.service by-timer.timer");
      await onMachine(stage, machine, lines.join("\n"));
    });
    await stage.until("all to run", lookTimeoutMs, () =>
      names.every((unit) => stage.placesOf(unit).includes(machine)),
    );
    stage.expect(
      "fault",
      !(await guarded(stage)).includes(byHand.name),
      "the guard's list has what it lacked",
    );
    const goneMs = await loseFirst(stage, names, 0);
    await stage.act("somebody starts them all, again and again", async () => {
      for (let time = 0; time < 10; time++) {
        await stage.lab.machines.exec(machine, ["systemctl", "start", "--no-block", ...names]);
        await stage.pass(500, "the timer and Restart= do the same");
      }
    });
    await stage.pass(stage.ttlMs, "they must stay dead");
    expectSilence(stage, machine, names, goneMs);
    await stage.act(`heal ${machine} and start its fleetd`, async () => {
      await heal(stage.lab.holder, machine);
      await onMachine(stage, machine, beginFleetd);
    });
    stage.back([machine]);
    await stage.settle();
    expectNoOverlap(stage, names);
  },
};

const late = onFirst("late", "[Unit]\nAfter=slow.service\n[Service]\nExecStart=/bin/sleep infinity");
const slow =
  "[Service]\\nType=oneshot\\nExecStart=/bin/sleep 3600\\nTimeoutStartSec=infinity\\nSlice=other.slice\\n";

/** A start that waits. */
export const exclusiveWaiting: Scenario = {
  name: "exclusive-waiting",
  asks: "the start of an exclusive unit waits for another unit when its machine reaches the deadline: the start is taken back, and made up for when the machine is heard again",
  lab: exclusiveLab,
  play: async (stage) => {
    stage.graceMs = 120_000;
    await stage.start([restless, ...plain(3)]);
    await stage.settle();
    await onMachine(
      stage,
      machine,
      `printf '${slow}' >/run/systemd/system/slow.service
      systemctl daemon-reload; systemctl start --no-block slow.service`,
    );
    await stage.start([late]);
    const job = async () => (await onMachine(stage, machine, "systemctl list-jobs --no-legend")).trim();
    await stage.until("its start to wait", lookTimeoutMs, async () =>
      /late\.service\s+start\s+waiting/.test(await job()),
    );
    await loseFirst(stage, [restless.name], 0);
    await stage.until("its start to be taken back", 5_000, async () => !(await job()).includes(late.name));
    const goneMs = stage.nowMs();
    await stage.act("what it waited for is over", async () => {
      await stage.lab.machines.exec(machine, ["systemctl", "stop", "slow.service"]);
    });
    await stage.pass(stage.ttlMs, "it must not start");
    expectSilence(stage, machine, [late.name, restless.name], goneMs);
    await stage.act(`heal ${machine}`, async () => await heal(stage.lab.holder, machine));
    stage.back([machine]);
    const healedMs = stage.nowMs();
    const againMs = await stage.until(
      "both to run again",
      30_000,
      () => !without(stage, machine, [late.name]),
    );
    stage.measure("healed to started again", againMs - healedMs);
    await stage.settle();
  },
};

// Whatever becomes free is taken at once, until the file that is named last is gone.
const fill = `used=$(df --output=used -B1 /run | tail -1)
inodes=$(df --output=iused /run | tail -1)
mkdir /run/filler
touch /var/lib/filling
mount -o remount,size=$((used + 65536)),nr_inodes=$((inodes + 8)) /run
dd if=/dev/zero of=/run/filler/bytes bs=4k 2>/dev/null || true
setsid sh -c 'n=0
while [ -e /var/lib/filling ]; do
  if (: >/run/filler/$n) 2>/dev/null; then n=$((n + 1)); else sleep 0.002; fi
done' >/dev/null 2>&1 </dev/null &
sleep 0.2
if touch /run/fleet/guard/probe 2>/dev/null; then echo "there is still room in /run"; exit 1; fi`;
const free =
  "rm /var/lib/filling; sleep 0.1; rm -r /run/filler; mount -o remount,size=64m,nr_inodes=100000 /run";

const guardOf = async (stage: Stage, of: string): Promise<string> =>
  await onMachine(stage, of, "systemctl show --value -p MainPID fleet-guard.service");

/** No room for what the guard writes. */
export const runFull: Scenario = {
  name: "run-full",
  asks: "the runtime file system of a machine with exclusive units is full, and the machine is cut off: the guard stops and kills them all the same, and they run again elsewhere",
  lab: exclusiveLab,
  parameters: { units: 3 },
  play: async (stage, { units = 3 }) => {
    stage.graceMs = 120_000;
    const calm = plain(units, "once").map((unit) => ({ ...unit, text: `${unit.text}${exclusiveLines}` }));
    const follower = (name: string) => ({
      name: `${name}.service`,
      text: `[Service]\nExecStart=/bin/sleep infinity\n${exclusiveLines}MachineOf=stubborn.service\n`,
      isGlobal: false,
    });
    const bound = [stubbornUnit, follower("bound-1"), follower("bound-2")];
    await stage.start([...calm, ...bound, ...plain(3)]);
    await stage.settle();
    const lost = stage.placesOf(stubbornUnit.name)[0] ?? machine;
    const names = [...calm, ...bound].map(({ name }) => name);
    const there = names.filter((unit) => stage.placesOf(unit).includes(lost));
    stage.away([lost], false);
    for (const unit of names) stage.ask(unit);
    const guard = await guardOf(stage, lost);
    await stage.act(`fill /run of ${lost}`, async () => await onMachine(stage, lost, fill));
    const { atMs } = await stage.act(`cut ${lost} off`, async () => await cut(stage.lab.holder, lost));
    const obedient = there.filter((unit) => unit !== stubbornUnit.name);
    const stoppedMs = await stage.until(`those that obey to be gone from ${lost}`, 60_000, () =>
      without(stage, lost, obedient),
    );
    stage.measure("cut off to no exclusive unit that obeys", stoppedMs - atMs, stage.ttlMs + slackMs);
    const goneMs = await stage.until(`no exclusive unit to be left on ${lost}`, 60_000, () =>
      without(stage, lost, there),
    );
    stage.measure("cut off to no exclusive unit", goneMs - atMs, stage.ttlMs + stopMaxMs + slackMs);
    const elsewhereMs = await untilElsewhere(stage, there, [lost]);
    // etcd may end a lease up to a second late.
    const budgetMs = 2 * stage.ttlMs + stopMaxMs + marginsMs + 2 * slackMs;
    stage.measure(`cut off to ${there.length} exclusive units elsewhere`, elsewhereMs - atMs, budgetMs);
    stage.expect("I6", (await guardOf(stage, lost)) === guard, "the guard did not survive");
    await stage.act(`make room, and heal ${lost}`, async () => {
      await onMachine(stage, lost, free);
      await heal(stage.lab.holder, lost);
    });
    stage.back([lost]);
    await stage.settle();
    expectNoOverlap(stage, names);
  },
};
