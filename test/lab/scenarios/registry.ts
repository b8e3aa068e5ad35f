// etcd forgets, or remembers something older.
import { LabError } from "@fleet/lab";
import type { Scenario } from "../e2e/scenario.js";
import type { Stage } from "../e2e/stage.js";
import { mixed, plain } from "../e2e/unit-spec.js";
import { heal } from "../network.js";
import { expectSame, expectWorks, movableOn, snapshot, untilElsewhere } from "./loss.js";

const freezeTimeoutMs = 60_000;

/** Waits until fleet refuses to believe the registry, and says so with what to do. @returns when. */
async function untilRefused(stage: Stage): Promise<number> {
  let said = "";
  const atMs = await stage
    .until("fleet to refuse the registry", freezeTimeoutMs, async () => {
      const asked = await stage.fleetctl(["start", "--no-block", "nothing.service"]);
      said = asked.stderr;
      return asked.code !== 0 && /accept/.test(said);
    })
    .catch((error: unknown) => {
      throw error instanceof LabError ? new LabError("timeout", `${error.message}; it says: ${said}`) : error;
    });
  stage.say(`fleetctl says: ${said.trim().split("\n")[0] ?? ""}`);
  return atMs;
}

/** etcd is empty. */
export const etcdWiped: Scenario = {
  name: "etcd-wiped",
  asks: "etcd loses all it had: everything runs on and fleet says why it does nothing; once the registry is accepted and the units are submitted again, they are adopted without a restart",
  parameters: { units: 12 },
  play: async (stage, { units = 12 }) => {
    const specs = mixed(units);
    await stage.start(specs);
    await stage.settle();
    const before = snapshot(stage);
    const { etcd } = stage.lab;
    await stage.act("kill -9 of etcd; its data are removed; it is started again", async () => {
      await etcd.kill();
      await etcd.wipe();
      await etcd.start();
    });
    const fromMs = stage.nowMs();
    stage.measure("etcd back to fleet refusing it", (await untilRefused(stage)) - fromMs);
    await stage.pass(stage.ttlMs * 1.5, "nothing may stop");
    expectSame(stage, before, "I2");
    await stage.act(
      "fleetctl machine accept --all",
      async () => await stage.fleet("machine", "accept", "--all"),
    );
    await stage.pass(stage.ttlMs, "nothing may stop");
    expectSame(stage, before, "I2");
    await stage.start(specs);
    await stage.settle();
    expectSame(stage, before, "I4");
    await expectWorks(stage, "afterwards", 5_000);
  },
};

/** etcd is restored from a backup. */
export const etcdRestored: Scenario = {
  name: "etcd-restored",
  asks: "etcd is restored from a backup, older than the newest units: everything runs on until the registry is accepted, then nothing that it knows is restarted",
  parameters: { units: 10 },
  play: async (stage, { units = 10 }) => {
    await stage.start(mixed(units));
    await stage.settle();
    const { etcd } = stage.lab;
    await stage.act("back etcd's data up", async () => {
      await etcd.stop();
      await etcd.copyData("backup");
      await etcd.start();
    });
    await stage.settle();
    const known = snapshot(stage);
    const newer = plain(4, "newer");
    await stage.start(newer);
    await stage.settle();
    const before = snapshot(stage);
    await stage.act("kill -9 of etcd; the backup is put back; it is started again", async () => {
      await etcd.kill();
      await etcd.restoreData("backup");
      await etcd.start();
    });
    await untilRefused(stage);
    await stage.pass(stage.ttlMs * 1.5, "nothing may stop");
    expectSame(stage, before, "I2");
    await stage.act(
      "fleetctl machine accept --all",
      async () => await stage.fleet("machine", "accept", "--all"),
    );
    await stage.pass(stage.ttlMs, "nothing may stop");
    const now = new Set(snapshot(stage));
    stage.expect(
      "I2",
      known.every((run) => now.has(run)),
      "units that the backup knows were moved or restarted",
    );
    // The backup does not know these: they run on, and are adopted when they are asked for.
    await stage.start(newer);
    await stage.settle();
    expectSame(stage, before, "I4");
  },
};

/** etcd compacts what a machine that is cut off has not seen. */
export const compaction: Scenario = {
  name: "compaction",
  asks: "a machine is cut off for less than its TTL while etcd is changed and compacted past what it has seen: it misses nothing",
  parameters: { units: 10 },
  play: async (stage, { units = 10 }) => {
    await stage.start(mixed(units));
    await stage.settle();
    const before = snapshot(stage);
    const machine = await stage.leader();
    const others = stage.machines.filter((name) => name !== machine);
    await Promise.all([
      stage.cutOff(machine, stage.ttlMs * 0.5),
      (async () => {
        await stage.start(plain(4, "meanwhile"), others);
        await stage.act("compact etcd", async () => {
          stage.say(`compacted to revision ${await stage.lab.etcd.compact()}`);
        });
      })(),
    ]);
    await stage.settle();
    await stage.pass(stage.ttlMs, "a lost lease would show by now");
    const now = new Set(snapshot(stage));
    stage.expect(
      "I4",
      before.every((run) => now.has(run)),
      "units were moved or restarted",
    );
    await heal(stage.lab.holder, machine);
    await expectWorks(stage, "afterwards", 5_000);
  },
};

/** etcd compacts what a machine has missed that was given up for lost. */
export const compactionLong: Scenario = {
  name: "compaction-long",
  asks: "a machine is cut off for two and a half TTLs while units are destroyed, replaced and started and etcd is compacted past all it has seen: healed, it gives up what is no longer its own, and nothing else",
  parameters: { units: 10 },
  play: async (stage, { units = 10 }) => {
    await stage.start(mixed(units));
    await stage.settle();
    const machine = await stage.follower();
    const others = stage.machines.filter((name) => name !== machine);
    const kept = snapshot(stage).filter((run) => !run.includes(` on ${machine} `));
    const [moved = ""] = movableOn(stage, machine);
    // It runs on where nobody can be told, until that machine is heard again.
    stage.graceMs = stage.ttlMs * 3;
    await Promise.all([
      stage.cutOff(machine, stage.ttlMs * 2.5),
      (async () => {
        await stage.start(plain(4, "meanwhile"), others);
        await untilElsewhere(stage, [moved], [machine]);
        await stage.destroy([moved]);
        await stage.act("compact etcd", async () => {
          stage.say(`compacted to revision ${await stage.lab.etcd.compact()}`);
        });
      })(),
    ]);
    const healedMs = stage.nowMs();
    stage.measure("healed to all as it is wanted", (await stage.settle()) - healedMs, 10_000);
    await stage.pass(stage.ttlMs, "needless moves would show by now");
    const now = new Set(snapshot(stage));
    const gone = kept.filter((run) => !now.has(run) && !run.startsWith(`${moved} `));
    stage.expect("I4", gone.length === 0, `units were moved or restarted: ${gone.join(", ")}`);
    await expectWorks(stage, "afterwards", 5_000);
  },
};
