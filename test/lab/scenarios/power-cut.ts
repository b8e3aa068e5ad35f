import type { Scenario } from "../e2e/scenario.js";
import type { Stage } from "../e2e/stage.js";
import { mixed, plain } from "../e2e/unit-spec.js";
import { movableOn, untilElsewhere } from "./loss.js";

async function lose(stage: Stage, machine: string, atMostMs: number): Promise<void> {
  const units = movableOn(stage, machine);
  const atMs = await stage.cutPower([machine]);
  const doneMs = await untilElsewhere(stage, units, [machine]);
  stage.measure(`${units.length} units, killed to active elsewhere`, doneMs - atMs, atMostMs);
}

async function loseOne(stage: Stage, units: number, choose: () => Promise<string>): Promise<void> {
  await stage.start(mixed(units));
  await stage.settle();
  const machine = await choose();
  await lose(stage, machine, stage.ttlMs + 1_000);
  await stage.boot([machine]);
}

/** kill -9 of a machine that does not lead. */
export const powerCut: Scenario = {
  name: "power-cut",
  asks: "the power of a machine is cut: its units run elsewhere within the TTL and a second, and it can come back",
  parameters: { units: 20 },
  isQuick: true,
  play: async (stage, { units = 20 }) => await loseOne(stage, units, async () => await stage.follower()),
};

/** kill -9 of the machine whose fleetd leads. */
export const powerCutLeader: Scenario = {
  name: "power-cut-leader",
  asks: "the power of the leader's machine is cut: its units run elsewhere within the TTL and a second",
  parameters: { units: 20 },
  play: async (stage, { units = 20 }) => await loseOne(stage, units, async () => await stage.leader()),
};

/** A machine with very many units. */
export const manyUnitsLost: Scenario = {
  name: "many-units-lost",
  asks: "a machine with 200 units loses its power: they all run on the other two, evenly, within the TTL and some seconds",
  parameters: { units: 200 },
  play: async (stage, { units = 200 }) => {
    const others = stage.machines.slice(1);
    await stage.cutPower(others);
    stage.unitsPerMachineMax = units + 1;
    await stage.start(plain(units));
    await stage.settle(120_000);
    await stage.boot(others);
    await stage.pass(3_000, "machines that come back take nothing over");
    stage.expect("I4", stage.countOn("m1") === units, `m1 runs ${stage.countOn("m1")} units, not ${units}`);
    await lose(stage, "m1", stage.ttlMs + 5_000);
    const counts = others.map((machine) => stage.countOn(machine));
    stage.expect("I5", Math.max(...counts) <= units * 0.6, `the survivors run ${counts.join(" and ")} units`);
    await stage.boot(["m1"]);
  },
};

/** A power cut for all, and machines that come back one after another. */
export const powerCutForAll: Scenario = {
  name: "power-cut-for-all",
  asks: "all machines and etcd lose their power and come back one after another: no machine is buried, all units run",
  lab: { machines: 5, etcdMembers: 3 },
  parameters: { units: 40, seconds: 4 },
  play: async (stage, { units = 40, seconds = 4 }) => {
    await stage.start(plain(units));
    await stage.settle();
    await stage.cutPower(stage.machines);
    await stage.act("power cut: etcd", async () => await stage.lab.etcd.cutPower(stage.lab.etcd.names));
    await stage.pass(stage.ttlMs * 1.5, "everything is dark");
    await stage.act("switch on: etcd", async () => await stage.lab.etcd.start());
    // Units were spread evenly: those of two machines that have not come back may be on three.
    stage.unitsPerMachineMax = Math.ceil(units / 3) + 1;
    for (const machine of stage.machines) {
      await stage.boot([machine]);
      await stage.pass(seconds * 1_000, "the next machine takes its time");
    }
    const backMs = stage.nowMs();
    const doneMs = await stage.settle(180_000);
    stage.measure("last machine on to all units running", doneMs - backMs);
  },
};
