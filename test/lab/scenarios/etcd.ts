// etcd loses members, or is away altogether.
import type { Scenario } from "../e2e/scenario.js";
import type { Stage } from "../e2e/stage.js";
import { mixed } from "../e2e/unit-spec.js";
import { slowDisk } from "../faults/disk.js";
import { expectSame, expectWorks, movableOn, snapshot, untilElsewhere } from "./loss.js";

const minuteMs = 60_000;

async function loseMember(stage: Stage, units: number, which: "leader" | "follower"): Promise<void> {
  await stage.start(mixed(units));
  await stage.settle();
  const before = snapshot(stage);
  const { etcd } = stage.lab;
  const leader = await etcd.leader();
  const member = which === "leader" ? leader : etcd.names.find((name) => name !== leader);
  if (member === undefined) throw new Error("etcd has no leader");
  await stage.act(`power cut: ${member}, a ${which} of etcd`, async () => await etcd.cutPower([member]));
  await expectWorks(stage, "without-it", which === "leader" ? 8_000 : 6_000);
  await stage.pass(stage.ttlMs * 2, "leases would be lost by now");
  const now = new Set(snapshot(stage));
  stage.expect(
    "I4",
    before.every((run) => now.has(run)),
    "units were moved or restarted",
  );
  await stage.act(`switch on: ${member}`, async () => await etcd.start([member]));
}

/** A follower of etcd is lost. */
export const etcdFollowerLost: Scenario = {
  name: "etcd-follower-lost",
  asks: "one of three members of etcd, not its leader, loses its power: nothing moves, and units can be started",
  lab: { etcdMembers: 3 },
  parameters: { units: 12 },
  play: async (stage, { units = 12 }) => await loseMember(stage, units, "follower"),
};

/** The leader of etcd is lost. */
export const etcdLeaderLost: Scenario = {
  name: "etcd-leader-lost",
  asks: "the leader of three members of etcd loses its power: nothing moves, and units can be started",
  lab: { etcdMembers: 3 },
  parameters: { units: 12 },
  play: async (stage, { units = 12 }) => await loseMember(stage, units, "leader"),
};

/** The leader of etcd is lost together with a machine, as if it had run there. */
export const etcdLeaderAndMachineLost: Scenario = {
  name: "etcd-leader-and-machine",
  asks: "the leader of three members of etcd and a machine lose their power at once: its units run elsewhere within the TTL and four seconds",
  lab: { etcdMembers: 3 },
  parameters: { units: 12 },
  play: async (stage, { units = 12 }) => {
    await stage.start(mixed(units));
    await stage.settle();
    const machine = await stage.follower();
    const member = await stage.lab.etcd.leader();
    if (member === undefined) throw new Error("etcd has no leader");
    const moved = movableOn(stage, machine);
    stage.say(`power cut: ${member}, which leads etcd`);
    const [atMs] = await Promise.all([stage.cutPower([machine]), stage.lab.etcd.cutPower([member])]);
    const doneMs = await untilElsewhere(stage, moved, [machine]);
    stage.measure(`${moved.length} units, killed to active elsewhere`, doneMs - atMs, stage.ttlMs + 4_000);
    await stage.lab.etcd.start([member]);
    await stage.boot([machine]);
  },
};

/** All of etcd is killed and started again at once. */
export const etcdKilled: Scenario = {
  name: "etcd-killed",
  asks: "every member of etcd is killed and started again at once: nothing moves or stops, and it works again within seconds",
  lab: { etcdMembers: 3 },
  parameters: { units: 12 },
  play: async (stage, { units = 12 }) => {
    await stage.start(mixed(units));
    await stage.settle();
    const before = snapshot(stage);
    await stage.act("kill -9 of every member of etcd", async () => await stage.lab.etcd.kill());
    await stage.act("start etcd again", async () => await stage.lab.etcd.start());
    await expectWorks(stage, "after-it", 10_000);
    await stage.pass(stage.ttlMs * 1.5, "leases would be lost by now");
    const now = new Set(snapshot(stage));
    stage.expect(
      "I4",
      before.every((run) => now.has(run)),
      "units were moved or restarted",
    );
  },
};

/** etcd is away for long. */
export const etcdAway: Scenario = {
  name: "etcd-away",
  asks: "etcd is away for minutes, far longer than any lease: nothing that runs is stopped, and it works again within seconds",
  lab: { etcdMembers: 3 },
  parameters: { units: 12, minutes: 1 },
  longParameters: { minutes: 10 },
  play: async (stage, { units = 12, minutes = 1 }) => {
    await stage.start(mixed(units));
    await stage.settle();
    const before = snapshot(stage);
    await stage.act("kill -9 of every member of etcd", async () => await stage.lab.etcd.kill());
    await stage.pass(minutes * minuteMs, "etcd is away");
    expectSame(stage, before, "I2");
    await stage.act("start etcd again", async () => await stage.lab.etcd.start());
    const backMs = stage.nowMs();
    stage.measure("etcd back to fleet telling the truth", (await stage.settle()) - backMs);
    await expectWorks(stage, "after-it", 10_000);
    await stage.pass(stage.ttlMs * 1.5, "needless moves would show by now");
    const now = new Set(snapshot(stage));
    stage.expect(
      "I4",
      before.every((run) => now.has(run)),
      "units were moved or restarted",
    );
  },
};

/** etcd's disks are slow. */
export const etcdSlow: Scenario = {
  name: "etcd-slow",
  asks: "every write of etcd takes 200 ms longer: no lease is lost, nothing moves, and units can be started",
  lab: { etcdMembers: 3 },
  parameters: { units: 12, ms: 200 },
  play: async (stage, { units = 12, ms = 200 }) => {
    await stage.start(mixed(units));
    await stage.settle();
    const before = snapshot(stage);
    await stage.act(`each fdatasync of etcd takes ${ms} ms longer`, async () => {
      for (const member of stage.lab.etcd.names) await slowDisk(stage.lab, member, ms);
    });
    await stage.pass(stage.ttlMs * 2, "leases would be lost by now");
    expectSame(stage, before, "I4");
    await expectWorks(stage, "slowly", 10_000);
    for (const member of stage.lab.etcd.names) await slowDisk(stage.lab, member, 0);
  },
};
