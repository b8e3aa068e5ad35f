// Machines that are there and are not heard: frozen, or cut off.
import { sleep } from "@fleet/lab";
import type { Scenario } from "../e2e/scenario.js";
import type { Stage } from "../e2e/stage.js";
import { mixed, plain } from "../e2e/unit-spec.js";
import { impairLink } from "../faults/link.js";
import { cutOneWay, heal, mendLink } from "../network.js";
import { expectSame, expectWorks, movableOn, snapshot, untilElsewhere } from "./loss.js";

// Renewals come every third of a TTL, so a silence of half of it can never outlast a lease.
const shortShare = 0.5;
const longShare = 2.5;
const surplusTimeoutMs = 30_000;

async function begin(stage: Stage, units: number): Promise<string> {
  await stage.start(mixed(units));
  await stage.settle();
  return await stage.follower();
}

/** Measures how long surplus copies stay after a machine is heard again, and waits until they are gone. */
async function expectSurplusGone(stage: Stage, units: readonly string[], sinceMs: number): Promise<void> {
  const goneMs = await stage.until("surplus copies to be given up", surplusTimeoutMs, (running) =>
    units.every((unit) => running.filter((one) => one.unit === unit).length === 1),
  );
  stage.measure("heard again to no surplus copy left", goneMs - sinceMs);
}

type Silence = "freeze" | "cutOff";

/** A machine is silent for less than its lease lasts. */
async function playShort(stage: Stage, units: number, silence: Silence): Promise<void> {
  const machine = await begin(stage, units);
  const before = snapshot(stage);
  await stage[silence](machine, stage.ttlMs * shortShare);
  await stage.pass(stage.ttlMs, "a lost lease would show by now");
  expectSame(stage, before, "I4");
}

/** A machine is silent for so long that its units run elsewhere. */
async function playLong(stage: Stage, machine: string, silence: Silence): Promise<void> {
  const moved = movableOn(stage, machine);
  const [silentMs, elsewhereMs] = await Promise.all([
    stage[silence](machine, stage.ttlMs * longShare),
    untilElsewhere(stage, moved, [machine]),
  ]);
  const word = silence === "freeze" ? "frozen" : "cut off";
  const name = `${moved.length} units, ${word} to active elsewhere`;
  stage.measure(name, elsewhereMs - silentMs, stage.ttlMs + 1_000);
  await expectSurplusGone(stage, moved, stage.nowMs());
}

/** A short freeze. */
export const freezeShort: Scenario = {
  name: "freeze-short",
  asks: "a machine is frozen for half a TTL: it keeps everything, nothing is restarted",
  parameters: { units: 12 },
  play: async (stage, { units = 12 }) => await playShort(stage, units, "freeze"),
};

/** A long freeze. */
export const freezeLong: Scenario = {
  name: "freeze-long",
  asks: "a machine is frozen for two and a half TTLs: its units run elsewhere in time, and it gives up the surplus when it thaws",
  parameters: { units: 12 },
  isQuick: true,
  play: async (stage, { units = 12 }) => await playLong(stage, await begin(stage, units), "freeze"),
};

/** A short cut. */
export const cutShort: Scenario = {
  name: "cut-short",
  asks: "a machine is cut off for half a TTL: it keeps everything, nothing is restarted",
  parameters: { units: 12 },
  play: async (stage, { units = 12 }) => await playShort(stage, units, "cutOff"),
};

/** A long cut. */
export const cutLong: Scenario = {
  name: "cut-long",
  asks: "a machine is cut off for two and a half TTLs: its units run on there and elsewhere, and the surplus is given up when it is healed",
  parameters: { units: 12 },
  play: async (stage, { units = 12 }) => await playLong(stage, await begin(stage, units), "cutOff"),
};

/** The leader is cut off. */
export const cutLeader: Scenario = {
  name: "cut-leader",
  asks: "the leader's machine is cut off for two and a half TTLs: another leads, its units run elsewhere, and it causes no harm when healed",
  parameters: { units: 12 },
  play: async (stage, { units = 12 }) => {
    await begin(stage, units);
    await playLong(stage, await stage.leader(), "cutOff");
  },
};

async function playOneWay(stage: Stage, units: number, direction: "out" | "in"): Promise<void> {
  const machine = await begin(stage, units);
  const moved = movableOn(stage, machine);
  stage.away([machine], false);
  const { atMs } = await stage.act(
    direction === "out" ? `lose what ${machine} sends to etcd` : `lose what etcd sends to ${machine}`,
    async () => {
      for (const member of stage.lab.etcd.names) {
        if (direction === "out") await cutOneWay(stage.lab.holder, machine, member);
        else await cutOneWay(stage.lab.holder, member, machine);
      }
    },
  );
  // It counts as present for now, so some of these may be given to it; it cannot hear of them, or cannot say so.
  const fresh = plain(stage.machines.length * 2, "fresh");
  const others = stage.machines.filter((one) => one !== machine);
  await stage.start(fresh, others);
  const names = fresh.map(({ name }) => name);
  const freshMs = stage.meanwhile(untilElsewhere(stage, names, [machine], stage.ttlMs * 4));
  const elsewhereMs = await untilElsewhere(stage, moved, [machine], stage.ttlMs * 4);
  // Renewals that arrive although no answer does keep the lease for as long as they are sent.
  const budgetMs = direction === "out" ? stage.ttlMs + 1_000 : undefined;
  stage.measure(`${moved.length} units, cut off one way to active elsewhere`, elsewhereMs - atMs, budgetMs);
  const name = `${fresh.length} units started meanwhile, cut off one way to active elsewhere`;
  stage.measure(name, (await freshMs) - atMs, budgetMs);
  await sleep(stage.ttlMs, stage.signal);
  await stage.act(`heal ${machine}`, async () => await heal(stage.lab.holder, machine));
  stage.back([machine]);
  await expectSurplusGone(stage, moved, stage.nowMs());
}

/** What a machine sends is lost. */
export const cutOut: Scenario = {
  name: "cut-one-way-out",
  asks: "what a machine sends to etcd is lost, what etcd sends arrives: its units run elsewhere in time, and so do those that it is given meanwhile; the surplus is given up when it is healed",
  parameters: { units: 12 },
  play: async (stage, { units = 12 }) => await playOneWay(stage, units, "out"),
};

/** What a machine is sent is lost. */
export const cutIn: Scenario = {
  name: "cut-one-way-in",
  asks: "what etcd sends to a machine is lost, what it sends arrives: its units run elsewhere, and so do those that it is given meanwhile without hearing of them; the surplus is given up when it is healed",
  parameters: { units: 12 },
  play: async (stage, { units = 12 }) => await playOneWay(stage, units, "in"),
};

/** Machines cannot see each other, but etcd. */
export const cutBetweenMachines: Scenario = {
  name: "cut-between-machines",
  asks: "machines cannot reach each other, only etcd: nothing moves, and units can be started",
  parameters: { units: 12 },
  play: async (stage, { units = 12 }) => {
    await begin(stage, units);
    const before = snapshot(stage);
    await stage.act("cut every machine from every other", async () => {
      for (const from of stage.machines) {
        for (const to of stage.machines) if (from !== to) await cutOneWay(stage.lab.holder, from, to);
      }
    });
    await stage.pass(stage.ttlMs * 1.5, "leases would be lost by now");
    expectSame(stage, before, "I4");
    await expectWorks(stage, "meanwhile", 2_000);
    for (const machine of stage.machines) await heal(stage.lab.holder, machine);
  },
};

/** A network that is slow and loses frames. */
export const slowNetwork: Scenario = {
  name: "slow-network",
  asks: "every frame between machines and etcd takes 100 ms and one of fifty is lost: no lease is lost, nothing moves, and units can be started",
  parameters: { units: 12, ms: 100, loss: 2 },
  play: async (stage, { units = 12, ms = 100, loss = 2 }) => {
    await begin(stage, units);
    const before = snapshot(stage);
    const { holder, paths, etcd } = stage.lab;
    await stage.act(`each frame to and from etcd takes ${ms} ms, ${loss} % are lost`, async () => {
      for (const member of etcd.names)
        await impairLink(holder, paths, member, { delayMs: ms, lossPercent: loss });
    });
    await stage.pass(stage.ttlMs * 2, "leases would be lost by now");
    expectSame(stage, before, "I4");
    await expectWorks(stage, "slowly", 15_000);
    await stage.settle();
    await stage.act("mend the links", async () => {
      for (const member of etcd.names) await mendLink(holder, member);
    });
  },
};
