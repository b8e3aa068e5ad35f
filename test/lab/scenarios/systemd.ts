// systemd and its bus.
import type { Scenario } from "../e2e/scenario.js";
import type { Stage } from "../e2e/stage.js";
import { mixed, plain } from "../e2e/unit-spec.js";
import { expectSame, expectWorks, listed, movableOn, snapshot, untilElsewhere } from "./loss.js";

/** The system bus is restarted. */
export const busRestarted: Scenario = {
  name: "bus-restarted",
  asks: "the system bus of every machine is killed and restarted: nothing moves or stops, and units can be started",
  parameters: { units: 12 },
  isQuick: true,
  play: async (stage, { units = 12 }) => {
    await stage.start(mixed(units));
    await stage.settle();
    const before = snapshot(stage);
    await stage.act("restart dbus.service on every machine", async () => {
      await Promise.all(
        stage.machines.map((machine) =>
          stage.lab.machines.execOrThrow(machine, "systemctl", "restart", "dbus.service"),
        ),
      );
    });
    await expectWorks(stage, "at-once", 10_000);
    await stage.pass(stage.ttlMs * 1.2, "a lost lease would show by now");
    const now = new Set(snapshot(stage));
    stage.expect(
      "I2",
      before.every((run) => now.has(run)),
      "units were moved or restarted",
    );
  },
};

/** systemd re-executes itself. */
export const daemonReexec: Scenario = {
  name: "daemon-reexec",
  asks: "systemctl daemon-reexec and daemon-reload on every machine: nothing moves or stops, and units can be started",
  parameters: { units: 12 },
  play: async (stage, { units = 12 }) => {
    await stage.start(mixed(units));
    await stage.settle();
    const before = snapshot(stage);
    for (const verb of ["daemon-reexec", "daemon-reload"]) {
      await stage.act(`systemctl ${verb} on every machine`, async () => {
        await Promise.all(
          stage.machines.map((machine) => stage.lab.machines.execOrThrow(machine, "systemctl", verb)),
        );
      });
    }
    await expectWorks(stage, "at-once", 10_000);
    await stage.pass(stage.ttlMs * 1.2, "a lost lease would show by now");
    const now = new Set(snapshot(stage));
    stage.expect(
      "I2",
      before.every((run) => now.has(run)),
      "units were moved or restarted",
    );
    expectSame(stage, [...now].sort(), "I4");
  },
};

/** A unit that does not stop. */
export const neverStops: Scenario = {
  name: "never-stops",
  asks: "a unit ignores SIGTERM for 15 s: others on its machine are started and stopped meanwhile, and it ends by its TimeoutStopSec",
  parameters: { seconds: 15 },
  play: async (stage, { seconds = 15 }) => {
    const stubborn = {
      name: "stubborn.service",
      text: [
        "[Service]",
        "ExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'",
        `TimeoutStopSec=${seconds}`,
        "[X-Fleet]",
        'MachineMetadata="number=1"',
        "",
      ].join("\n"),
      isGlobal: false,
      allowed: ["m1"],
    };
    const neighbours = plain(5, "neighbour").map((unit) => ({
      ...unit,
      text: `${unit.text}[X-Fleet]\nMachineMetadata="number=1"\n`,
      allowed: ["m1"],
    }));
    stage.unitsPerMachineMax = 7;
    stage.graceMs = (seconds + 5) * 1_000;
    await stage.start([stubborn, ...neighbours]);
    await stage.settle();
    const fromMs = stage.nowMs();
    // The command waits until the unit has ended.
    const destroying = stage.meanwhile(stage.destroy(["stubborn.service"]));
    await stage.until("it to be asked to stop", 10_000, () => stage.nowMs() - fromMs > 1_000);
    const neighbourMs = stage.nowMs();
    await stage.destroy([neighbours[0]?.name ?? ""]);
    const gone = await stage.until("the neighbour to end", 10_000, (running) =>
      running.every(({ unit }) => unit !== neighbours[0]?.name),
    );
    stage.measure("a neighbour's end meanwhile", gone - neighbourMs, 2_000);
    await expectWorks(stage, "meanwhile", 2_000);
    const endMs = await stage.until("the stubborn unit to end", (seconds + 10) * 1_000, (running) =>
      running.every(({ unit }) => unit !== "stubborn.service"),
    );
    await destroying;
    stage.measure(
      "destroy to the end of the unit that does not stop",
      endMs - fromMs,
      seconds * 1_000 + 3_000,
    );
  },
};

/** Reboots a machine, and measures how soon those of its units run elsewhere that `counts` names. */
async function playReboot(stage: Stage, counts: (unit: string) => boolean = () => true): Promise<void> {
  await stage.settle();
  const machine = await stage.follower();
  const moved = movableOn(stage, machine).filter(counts);
  stage.away([machine], true);
  const { atMs, value: before } = await stage.act(`systemctl reboot on ${machine}`, async () => {
    return await stage.lab.machines.reboot(machine);
  });
  const [doneMs] = await Promise.all([
    untilElsewhere(stage, moved, [machine]),
    stage.lab.machines.waitUntilRebooted(machine, before),
  ]);
  stage.back([machine]);
  stage.measure(`${moved.length} units, reboot to active elsewhere`, doneMs - atMs, 2_000);
}

/** A planned reboot. */
export const reboot: Scenario = {
  name: "reboot",
  asks: "a machine reboots by systemctl: its units run elsewhere within two seconds, long before its lease ends, and stay there",
  parameters: { units: 20 },
  isQuick: true,
  play: async (stage, { units = 20 }) => {
    await stage.start(mixed(units));
    await playReboot(stage);
  },
};

/** A reboot of a machine with a unit that stops slowly. */
export const rebootSlow: Scenario = {
  name: "reboot-slow",
  asks: "a machine reboots while one of its units takes 8 s to stop: the others run elsewhere within two seconds",
  parameters: { units: 12, seconds: 8 },
  play: async (stage, { units = 12, seconds = 8 }) => {
    await stage.start(plain(units));
    await stage.start(plain(3, "slow", [`ExecStop=/bin/sleep ${seconds}`]));
    await playReboot(stage, (unit) => unit.startsWith("plain"));
  },
};

/** Somebody uses systemctl on a machine. */
export const byHand: Scenario = {
  name: "by-hand",
  asks: "somebody stops, starts, kills and restarts units by systemctl on a machine: fleet says what is so within a second",
  parameters: { units: 6 },
  play: async (stage, { units = 6 }) => {
    await stage.start(plain(units));
    await stage.settle();
    const [one] = stage.timeline.look();
    if (one === undefined) throw new Error("nothing runs");
    const steps = [
      [["stop"], "inactive"],
      [["start"], "active"],
      [["kill", "--signal=KILL"], "failed"],
      [["reset-failed"], "inactive"],
      [["restart"], "active"],
    ] as const;
    for (const [verb, state] of steps) {
      stage.ask(one.unit);
      await stage.act(`systemctl ${verb.join(" ")} ${one.unit} on ${one.machine}`, async () => {
        await stage.lab.machines.execOrThrow(one.machine, "systemctl", ...verb, one.unit);
      });
      const fromMs = stage.nowMs();
      const doneMs = await stage.until(`fleet to say that it is ${state}`, 10_000, async () => {
        return (await listed(stage, one.unit)) === state;
      });
      stage.ask(one.unit);
      stage.measure(`said to be ${state} after ${verb[0]}`, doneMs - fromMs, 1_500);
    }
  },
};
