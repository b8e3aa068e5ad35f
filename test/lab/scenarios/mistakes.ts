// What people do by mistake: a cloned disk, another prefix, keys written by hand.
import { LabError } from "@fleet/lab";
import { askStatus } from "../e2e/api.js";
import type { Scenario } from "../e2e/scenario.js";
import type { Stage } from "../e2e/stage.js";
import { mixed, plain } from "../e2e/unit-spec.js";
import { addressOf } from "../network.js";
import { expectSame, expectWorks, snapshot } from "./loss.js";

const duplicateExit = "6";
// The id is read from the file by the machine's own fleetd only; its systemd keeps the one it was booted with.
const setId = 'printf "%s\\n" "$1" >/etc/machine-id';

async function onMachine(stage: Stage, machine: string, script: string, ...args: readonly string[]) {
  return await stage.lab.machines.execOrThrow(machine, "sh", "-ec", script, "sh", ...args);
}

const fleetd = async (stage: Stage, machine: string, verb: string): Promise<void> => {
  await stage.lab.machines.execOrThrow(machine, "systemctl", verb, "fleetd.service");
};

async function property(stage: Stage, machine: string, name: string): Promise<string> {
  const asked = ["systemctl", "show", "--value", "-p", name, "fleetd.service"];
  return (await stage.lab.machines.execOrThrow(machine, ...asked)).trim();
}

/** A cloned disk. */
export const duplicateMachineId: Scenario = {
  name: "duplicate-machine-id",
  asks: "a machine has the id of another one, as a cloned disk has: its fleetd refuses and names both addresses, the other one and its units are left alone, and with an id of its own it joins",
  parameters: { units: 8 },
  play: async (stage, { units = 8 }) => {
    const [first = "", , clone = ""] = stage.machines;
    const { machines } = stage.lab;
    await stage.act(
      `stop fleetd on ${clone}, which nobody knows any more when it has been forgotten`,
      async () => {
        await fleetd(stage, clone, "stop");
      },
    );
    await stage.pass(stage.ttlMs * 1.5, "its presence ends");
    stage.unitsPerMachineMax = units;
    await stage.start(plain(units));
    await stage.settle();
    const before = snapshot(stage);
    await stage.act(`${clone} gets the id of ${first}, and starts fleetd`, async () => {
      await onMachine(stage, clone, setId, machines.id(first));
      await fleetd(stage, clone, "start");
    });
    const fromMs = stage.nowMs();
    const refusedMs = await stage.until("fleetd to refuse", stage.ttlMs * 4, async () => {
      return (await property(stage, clone, "ExecMainStatus")) === duplicateExit;
    });
    stage.measure("fleetd's start to its refusal", refusedMs - fromMs, stage.ttlMs * 2);
    const said = await machines.execOrThrow(
      clone,
      "journalctl",
      "--merge",
      "--no-pager",
      "-u",
      "fleetd.service",
      "-n",
      "50",
    );
    for (const machine of [first, clone])
      stage.expect("fault", said.includes(addressOf(machine)), `it does not name ${addressOf(machine)}`);
    await stage.pass(stage.ttlMs * 1.5, "it is not restarted, and disturbs nobody");
    stage.expect(
      "fault",
      (await property(stage, clone, "ActiveState")) === "failed",
      "fleetd was started again",
    );
    expectSame(stage, before, "I4");
    await expectWorks(stage, "meanwhile", 3_000);
    await stage.act(`${clone} gets its own id back, and starts fleetd`, async () => {
      await onMachine(stage, clone, setId, machines.id(clone));
      await fleetd(stage, clone, "restart");
    });
    await stage.until(`${clone} to join`, stage.ttlMs * 4, async () => {
      return (await stage.fleet("list-machines", "--no-legend", "--full")).includes(machines.id(clone));
    });
    const now = new Set(snapshot(stage));
    stage.expect(
      "I4",
      before.every((run) => now.has(run)),
      "units were moved or restarted",
    );
  },
};

const setPrefix =
  'sed -i "/^etcd_key_prefix/d" /etc/fleet/fleet.conf; [ -z "$1" ] || echo "etcd_key_prefix = \\"$1\\"" >>/etc/fleet/fleet.conf';

async function changePrefix(stage: Stage, prefix: string): Promise<void> {
  for (const machine of stage.machines) {
    await onMachine(stage, machine, setPrefix, prefix);
    await fleetd(stage, machine, "restart");
  }
}

/** Another prefix. */
export const prefixChanged: Scenario = {
  name: "prefix-changed",
  asks: "etcd_key_prefix is changed by mistake on every machine, and fleetd restarted: nothing stops, fleet says why it does nothing; with the right one again all goes on without a restart",
  parameters: { units: 12 },
  play: async (stage, { units = 12 }) => {
    await stage.start(mixed(units));
    await stage.settle();
    const before = snapshot(stage);
    await stage.act("another etcd_key_prefix on every machine, and fleetd is restarted", async () => {
      await changePrefix(stage, "/_coreos.com/flet/");
    });
    let said = "";
    await stage
      .until("fleet to refuse the registry", 60_000, async () => {
        const asked = await stage.fleetctl(["start", "--no-block", "nothing.service"]);
        said = asked.stderr;
        return asked.code !== 0 && /accept/.test(said);
      })
      .catch((error: unknown) => {
        throw error instanceof LabError
          ? new LabError("timeout", `${error.message}; it says: ${said}`)
          : error;
      });
    stage.say(`fleetctl says: ${said.trim().split("\n")[0] ?? ""}`);
    await stage.pass(stage.ttlMs * 2, "nothing may stop, nothing may start");
    expectSame(stage, before, "I2");
    await stage.act("the right prefix again on every machine, and fleetd is restarted", async () => {
      await changePrefix(stage, "");
    });
    const backMs = stage.nowMs();
    stage.measure("the right prefix to fleet telling the truth", (await stage.settle()) - backMs);
    await stage.pass(stage.ttlMs * 1.5, "needless moves would show by now");
    expectSame(stage, before, "I4");
    await expectWorks(stage, "afterwards", 3_000);
  },
};

const prefix = "/_coreos.com/fleet/";
const garbage = '{"contentId": 7, "target"';

/** Keys written by hand. */
export const badRecords: Scenario = {
  name: "bad-records",
  asks: "records of every kind are damaged by hand: whatever runs runs on, everything else works, and fleet says which keys cannot be read; repaired, all is as before",
  parameters: { units: 8 },
  play: async (stage, { units = 8 }) => {
    await stage.start(mixed(units));
    await stage.settle();
    const before = snapshot(stage);
    const { etcd, machines } = stage.lab;
    const place = stage.placesOf("plain-1.service")[0] ?? "m1";
    const keys = [
      ...[
        "units/plain-1.service",
        "units/stranger.service",
        `schedule/${machines.id(place)}/plain-2.service`,
      ],
      ...[`schedule/${machines.id(place)}/stranger.service`, `states/${machines.id(place)}/plain-1.service`],
      ...[
        `machine-policy/${machines.id("m2")}`,
        "machines/stranger",
        "destroyed/stranger.service",
        "nonsense/x",
      ],
      `unit-files/${"0".repeat(64)}`,
    ].map((key) => `${prefix}${key}`);
    const kept = new Map<string, string | undefined>();
    await stage.act(`damage ${keys.length} keys`, async () => {
      await Promise.all(keys.map(async (key) => kept.set(key, await etcd.get(key))));
      await Promise.all(keys.map(async (key) => await etcd.put(key, garbage)));
    });
    await stage.pass(stage.ttlMs * 1.5, "nothing may stop");
    expectSame(stage, before, "I8");
    await stage.act("restart every fleetd: none remembers what the records were", async () => {
      for (const machine of stage.machines) await fleetd(stage, machine, "restart");
    });
    await stage.pass(stage.ttlMs * 1.5, "nothing may stop");
    expectSame(stage, before, "I8");
    const said = JSON.stringify(await askStatus(stage.lab, await stage.leader()));
    stage.say(`the leader says: ${said.slice(0, 400)}`);
    const unit = {
      name: "meanwhile.service",
      text: "[Service]\nExecStart=/bin/sleep infinity\n",
      isGlobal: false,
    };
    await stage.start([unit]);
    await stage.until("a new unit to run", 10_000, (running) =>
      running.some((one) => one.unit === unit.name),
    );
    const after = snapshot(stage);
    await stage.act("repair them", async () => {
      const repair = async ([key, value]: readonly [string, string | undefined]): Promise<void> =>
        await (value === undefined ? etcd.remove(key) : etcd.put(key, value));
      await Promise.all([...kept].map(repair));
    });
    await stage.settle();
    await stage.pass(stage.ttlMs, "needless moves would show by now");
    expectSame(stage, after, "I8");
    await expectWorks(stage, "afterwards", 3_000);
  },
};
