// fleetd itself dies, or is restarted.

import { LabError } from "@fleet/lab";
import { askStatus } from "../e2e/api.js";
import type { Scenario } from "../e2e/scenario.js";
import type { Stage } from "../e2e/stage.js";
import { mixed, plain } from "../e2e/unit-spec.js";
import { installVersion } from "../faults/upgrade.js";
import { expectSame, expectWorks, snapshot } from "./loss.js";

/** Everything of a machine's fleetd is killed. */
const killFleetd = ["systemctl", "kill", "--kill-whom=all", "--signal=KILL", "fleetd.service"];

/** The leader is killed while it plans. */
export const leaderKilled: Scenario = {
  name: "leader-killed",
  asks: "the leading fleetd is killed while 60 units are being placed: all of them run, each once, and none twice",
  parameters: { units: 60 },
  play: async (stage, { units = 60 }) => {
    await stage.start(mixed(6));
    await stage.settle();
    const before = snapshot(stage);
    const leader = await stage.leader();
    // The command is still putting them when the leader dies. If that was its server, too, it says so, and is repeated.
    const starting = stage.meanwhile(
      stage.start(plain(units, "more")).catch(async (error: unknown) => {
        if (!(error instanceof LabError)) throw error;
        stage.say(error.message.split("\n")[0] ?? "");
        await stage.start(plain(units, "more"));
      }),
    );
    await stage.until("the first of them to run", 20_000, (running) =>
      running.some(({ unit }) => unit.startsWith("more")),
    );
    await stage.act(`kill -9 of the leading fleetd, on ${leader}`, async () => {
      await stage.lab.machines.execOrThrow(leader, ...killFleetd);
    });
    const killedMs = stage.nowMs();
    await starting;
    stage.measure("killed to all running", (await stage.settle()) - killedMs);
    const now = new Set(snapshot(stage));
    stage.expect(
      "I4",
      before.every((run) => now.has(run)),
      "units were moved or restarted",
    );
  },
};

/** All daemons are killed. */
export const everyFleetdKilled: Scenario = {
  name: "every-fleetd-killed",
  asks: "every fleetd is killed at once, several times: systemd starts them again, nothing moves or stops",
  parameters: { units: 20, times: 3 },
  play: async (stage, { units = 20, times = 3 }) => {
    await stage.start(mixed(units));
    await stage.settle();
    const before = snapshot(stage);
    for (let time = 0; time < times; time++) {
      await stage.act("kill -9 of every fleetd", async () => {
        await Promise.all(
          stage.machines.map((machine) => stage.lab.machines.execOrThrow(machine, ...killFleetd)),
        );
      });
      await stage.pass(2_000, "systemd starts them again");
    }
    const restartedMs = stage.nowMs();
    stage.measure("settled, after those two seconds", (await stage.settle()) - restartedMs);
    expectSame(stage, before, "I4");
    await expectWorks(stage, "afterwards", 5_000);
  },
};

/** systemctl restart fleetd. */
export const fleetdRestarted: Scenario = {
  name: "fleetd-restarted",
  asks: "systemctl restart fleetd on every machine, one after another: nothing moves or stops, nobody is missed",
  parameters: { units: 20 },
  play: async (stage, { units = 20 }) => {
    await stage.start(mixed(units));
    await stage.settle();
    const before = snapshot(stage);
    for (const machine of stage.machines) {
      await stage.act(`systemctl restart fleetd on ${machine}`, async () => {
        await stage.lab.machines.execOrThrow(machine, "systemctl", "restart", "fleetd.service");
      });
    }
    await stage.pass(stage.ttlMs * 1.2, "a lost lease would show by now");
    expectSame(stage, before, "I4");
  },
};

async function upgrade(stage: Stage, machine: string, version: string): Promise<void> {
  await stage.act(`fleetd ${version} on ${machine}`, async () => {
    installVersion(stage.lab, machine, version, version === olderVersion ? stage.older : undefined);
    await stage.lab.machines.execOrThrow(machine, "systemctl", "restart", "fleetd.service");
  });
  await stage.until(`${machine} to run ${version}`, 20_000, async () => {
    const status = await askStatus(stage.lab, machine);
    return status?.version === version && status.available;
  });
}

const olderVersion = "0.0.9";

/** A rolling upgrade. */
export const rollingUpgrade: Scenario = {
  name: "rolling-upgrade",
  asks: "fleetd is upgraded machine by machine, back, and again; with --from COMMIT from the program of that commit: nothing moves or stops, and every machine says its new version",
  parameters: { units: 20 },
  play: async (stage, { units = 20 }) => {
    for (const machine of stage.machines) await upgrade(stage, machine, olderVersion);
    await stage.start(mixed(units));
    await stage.settle();
    const before = [...snapshot(stage)];
    for (const [time, version] of ["0.2.0", olderVersion, "0.2.1"].entries()) {
      for (const machine of stage.machines) await upgrade(stage, machine, version);
      expectSame(stage, before, "I4");
      await expectWorks(stage, `after-${time + 1}`, 2_000);
      before.splice(0, before.length, ...snapshot(stage));
    }
    await stage.pass(stage.ttlMs * 1.2, "a lost lease would show by now");
    expectSame(stage, before, "I4");
  },
};
