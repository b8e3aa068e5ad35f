// A machine's own disk and clock.
import type { Scenario } from "../e2e/scenario.js";
import { mixed } from "../e2e/unit-spec.js";
import { stepClock } from "../faults/clock.js";
import { fillDisk } from "../faults/disk.js";
import { expectSame, expectWorks, listed, snapshot } from "./loss.js";

/** Disks are full. */
export const diskFull: Scenario = {
  name: "disk-full",
  asks: "the disk of fleetd's state directory is full on every machine, and fleetd is restarted meanwhile: nothing stops, and all is well when there is room",
  parameters: { units: 12 },
  play: async (stage, { units = 12 }) => {
    await stage.start(mixed(units));
    await stage.settle();
    const before = snapshot(stage);
    await stage.act("fill every disk", async () => {
      await Promise.all(stage.machines.map((machine) => fillDisk(stage.lab, machine, true)));
    });
    await stage.pass(2_000, "fleetd goes on");
    expectSame(stage, before, "I2");
    await expectWorks(stage, "meanwhile", 10_000);
    await stage.settle();
    await stage.act("systemctl restart fleetd on every machine", async () => {
      await Promise.all(
        stage.machines.map((machine) =>
          stage.lab.machines.execOrThrow(machine, "systemctl", "restart", "fleetd.service"),
        ),
      );
    });
    await stage.pass(stage.ttlMs * 1.5, "leases would be lost by now");
    const now = new Set(snapshot(stage));
    stage.expect(
      "I2",
      before.every((run) => now.has(run)),
      "units were moved or restarted",
    );
    await stage.settle();
    const ended = "plain-1.service";
    // The command waits for what a machine can only say when there is room.
    const destroying = stage.meanwhile(stage.destroy([ended]));
    await stage.until(`${ended} to end`, 10_000, (running) => running.every(({ unit }) => unit !== ended));
    await expectWorks(stage, "still", 10_000);
    const stillMs = stage.nowMs();
    const saidMs = await stage.until("fleet to say so", 20_000, async () => {
      return (await listed(stage, "still.service")) === "active";
    });
    stage.measure("fleet says that it is active", saidMs - stillMs, 5_000);
    await stage.act("make room again", async () => {
      await Promise.all(stage.machines.map((machine) => fillDisk(stage.lab, machine, false)));
    });
    await destroying;
    await expectWorks(stage, "afterwards", 10_000);
  },
};

/** Clocks step. */
export const clockStepped: Scenario = {
  name: "clock-stepped",
  asks: "the clocks of all fleetds step by an hour, forwards and backwards: no lease is lost, nothing moves, units can be started",
  lab: { fakeClock: true },
  parameters: { units: 12, seconds: 3_600 },
  play: async (stage, { units = 12, seconds = 3_600 }) => {
    await stage.start(mixed(units));
    await stage.settle();
    const before = snapshot(stage);
    for (const [machine, offset] of [
      [stage.machines[0], seconds],
      [stage.machines[1], -seconds],
    ] as const) {
      if (machine === undefined) continue;
      await stage.act(`step the clock of ${machine} by ${offset} s`, async () => {
        stepClock(stage.lab, machine, offset);
      });
    }
    await stage.pass(stage.ttlMs * 1.5, "leases would be lost by now");
    expectSame(stage, before, "I4");
    await expectWorks(stage, "meanwhile", 2_000);
    await stage.act("set every clock right", async () => {
      for (const machine of stage.machines) stepClock(stage.lab, machine, 0);
    });
    await stage.pass(stage.ttlMs * 1.5, "leases would be lost by now");
    const now = new Set(snapshot(stage));
    stage.expect(
      "I4",
      before.every((run) => now.has(run)),
      "units were moved or restarted",
    );
  },
};
