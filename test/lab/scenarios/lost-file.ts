// Somebody deletes the files of units that run, or puts others before them, and has systemd read its files again.
import type { Scenario } from "../e2e/scenario.js";
import type { Stage } from "../e2e/stage.js";
import { mixed, plain, type UnitSpec } from "../e2e/unit-spec.js";
import { exclusiveLab, exclusiveLines, expectNoOverlap, onMachine, stopMaxMs } from "./exclusive-support.js";
import { expectSame, listed, snapshot } from "./loss.js";

const timeoutMs = 20_000;
const once: UnitSpec = {
  name: "once.service",
  text: `[Service]\nExecStart=/bin/sleep infinity\n${exclusiveLines}`,
  isGlobal: false,
};
const stopFleetd = "systemctl stop fleetd";
const startFleetd = "systemctl start fleetd";
const reload = "systemctl daemon-reload";
const fileOf = (unit: string): string => `/run/fleet/units/${unit}`;
const remove = (units: readonly string[]): string => `rm ${units.map(fileOf).join(" ")}\n${reload}`;
// What fleetd remembers of this boot, but for what the guard is told.
const forgetAll = "find /run/fleet -maxdepth 1 -type f -delete";

/** How much fleetd has done so far: tasks begun, and processor time. */
async function effort(stage: Stage, machine: string): Promise<{ tasks: number; cpuMs: number }> {
  const said = await onMachine(
    stage,
    machine,
    `journalctl -u fleetd -o cat | grep -c '"task begun"' || true
    sed -n 's/^usage_usec //p' /sys/fs/cgroup/system.slice/fleetd.service/cpu.stat`,
  );
  const [tasks = 0, cpuUs = 0] = said.trim().split("\n").map(Number);
  return { tasks, cpuMs: cpuUs / 1_000 };
}

/** Holds that fleetd does nothing much for a while: it must not go round. */
async function expectRest(stage: Stage, machine: string, why: string): Promise<void> {
  const before = await effort(stage, machine);
  await stage.pass(stage.ttlMs * 1.2, why);
  const after = await effort(stage, machine);
  const [tasks, cpuMs] = [after.tasks - before.tasks, after.cpuMs - before.cpuMs];
  stage.say(`fleetd of ${machine} meanwhile: ${tasks} tasks, ${Math.round(cpuMs)} ms of a processor`);
  stage.expect("I7", tasks <= 5, `fleetd of ${machine} began ${tasks} tasks although nothing was to be done`);
  const share = cpuMs / (stage.ttlMs * 1.2);
  stage.expect("I7", share < 0.2, `fleetd of ${machine} took ${Math.round(share * 100)} % of a processor`);
}

const here = (stage: Stage, machine: string): readonly string[] =>
  stage.timeline
    .look()
    .filter((run) => run.machine === machine)
    .map(({ unit }) => unit);

const runsOn = (stage: Stage, machine: string, units: readonly string[]): boolean =>
  units.some((unit) => here(stage, machine).includes(unit));

async function untilBack(stage: Stage, machine: string, units: readonly string[]): Promise<void> {
  const fromMs = stage.nowMs();
  const backMs = await stage.until("the files to be back", timeoutMs, async () => {
    const found = await stage.lab.machines.exec(machine, ["ls", ...units.map(fileOf)]);
    return found.code === 0;
  });
  stage.measure("files written again", backMs - fromMs, 5_000);
}

/** The files of what runs are deleted. */
export const filesLost: Scenario = {
  name: "files-lost",
  asks: "the files of all units of a machine are deleted under it, with fleetd there and with fleetd stopped: nothing stops or moves, fleetd does not go round, the files come back; and units without files are destroyed properly",
  lab: exclusiveLab,
  parameters: { units: 9 },
  play: async (stage, { units = 9 }) => {
    stage.graceMs = 30_000;
    await stage.start([...mixed(units), once]);
    await stage.settle();
    const machine = stage.placesOf(once.name)[0] ?? "m1";
    const names = here(stage, machine);
    const others = stage.machines.filter((one) => one !== machine);
    const before = snapshot(stage);
    await stage.act(`delete ${names.length} unit files of ${machine}; daemon-reload`, async () => {
      await onMachine(stage, machine, remove(names));
    });
    await untilBack(stage, machine, names);
    await expectRest(stage, machine, "nothing may be done");
    expectSame(stage, before, "I2");
    await stage.act(`the same, while fleetd of ${machine} is stopped`, async () => {
      await onMachine(stage, machine, `${stopFleetd}\n${remove(names)}\n${startFleetd}`);
    });
    await untilBack(stage, machine, names);
    await expectRest(stage, machine, "nothing may be done");
    expectSame(stage, before, "I2");

    const gone = [once.name, ...names.filter((unit) => unit.startsWith("plain")).slice(0, 1)];
    await stage.act(`the same, and ${gone.join(" and ")} are destroyed before fleetd starts`, async () => {
      await onMachine(stage, machine, `${stopFleetd}\n${remove(names)}`);
    });
    const destroying = stage.meanwhile(stage.destroy(gone));
    await stage.pass(1_000, "the tombstones are written");
    stage.expect("I2", runsOn(stage, machine, gone), "they ended before fleetd could have ended them");
    const fromMs = stage.nowMs();
    await onMachine(stage, machine, startFleetd);
    await destroying;
    stage.measure("fleetd started to units destroyed", stage.nowMs() - fromMs, 10_000);
    stage.expect(
      "I6",
      !runsOn(stage, machine, gone),
      `${gone.join(" or ")} runs on, though it was acknowledged`,
    );
    await untilBack(
      stage,
      machine,
      names.filter((unit) => !gone.includes(unit)),
    );
    await expectRest(stage, machine, "nothing may be done");
    stage.expect("fault", others.length > 0, "there is no other machine");
    expectNoOverlap(stage, [once.name]);
  },
};

/** Nothing says whose a running unit is. */
export const traceLost: Scenario = {
  name: "trace-lost",
  asks: "a unit runs without its file, fleetd has lost everything that says it started it, and it is destroyed: it is neither stopped nor said to be gone, but listed, and gone once somebody stops it",
  parameters: { units: 6 },
  play: async (stage, { units = 6 }) => {
    stage.graceMs = 30_000;
    await stage.start(plain(units));
    await stage.settle();
    const [unit = ""] = [...stage.specs.keys()];
    const machine = stage.placesOf(unit)[0] ?? "m1";
    const before = snapshot(stage);
    await stage.act(`fleetd of ${machine} is stopped and loses its memory, ${unit} its file`, async () => {
      await onMachine(stage, machine, `${stopFleetd}\n${forgetAll}\n${remove([unit])}`);
    });
    const destroying = stage.meanwhile(stage.destroy([unit]));
    await stage.pass(500, "the tombstone is written");
    await onMachine(stage, machine, startFleetd);
    await stage.until("fleet to list it, and to say why", timeoutMs, async () => {
      const said = await stage.fleetctl(["explain", unit]);
      return (await listed(stage, unit)) === "active" && /without a file/.test(said.stdout);
    });
    await expectRest(stage, machine, "nothing may be done");
    expectSame(stage, before, "I2");
    stage.ask(unit);
    await stage.act(
      `systemctl stop ${unit}`,
      async () => await onMachine(stage, machine, `systemctl stop ${unit}`),
    );
    const fromMs = stage.nowMs();
    await destroying;
    stage.measure("stopped by hand to destroyed", stage.nowMs() - fromMs, 5_000);
  },
};

/** The machine gets a unit of that name of its own. */
export const fileShadowed: Scenario = {
  name: "file-shadowed",
  asks: "a machine gets files of its own in /etc/systemd/system by the names of units that run: they run on where they are; destroyed, what fleet started has ended before it is said to be gone",
  lab: { options: { exclusive_stop_max: `${stopMaxMs}ms` } },
  parameters: { units: 9 },
  play: async (stage, { units = 9 }) => {
    stage.graceMs = 30_000;
    await stage.start([...plain(units), once]);
    await stage.settle();
    const machine = stage.placesOf(once.name)[0] ?? "m1";
    const names = here(stage, machine);
    const [first = "", second = ""] = names.filter((unit) => unit !== once.name);
    const own = "[Service]\\nExecStart=/bin/sleep 4242\\n";
    const shadows = names.map((unit) => `printf '${own}' >/etc/systemd/system/${unit}`);
    const before = snapshot(stage);
    await stage.act(`${machine} gets files by the names of ${names.join(", ")}`, async () => {
      await onMachine(stage, machine, `${shadows.join("\n")}\n${reload}`);
    });
    await expectRest(stage, machine, "nothing may be done");
    expectSame(stage, before, "I2");
    await stage.destroy([once.name, first]);
    stage.expect(
      "I6",
      !runsOn(stage, machine, [once.name, first]),
      "a unit runs on, though it was acknowledged",
    );

    await stage.act(`fleetd of ${machine} is restarted, and ${second} is destroyed`, async () => {
      await onMachine(stage, machine, "systemctl restart fleetd");
    });
    const destroying = stage.meanwhile(stage.destroy([second]));
    await expectRest(stage, machine, "nobody knows whose it is");
    stage.expect("I2", runsOn(stage, machine, [second]), "it ended, though nobody knew whose it was");
    stage.ask(second);
    await onMachine(stage, machine, `systemctl stop ${second}`);
    await destroying;
    await stage.act("the machine's own files go", async () => {
      const rest = names.map((unit) => `/etc/systemd/system/${unit}`).join(" ");
      await onMachine(stage, machine, `rm ${rest}\n${reload}`);
    });
    await expectRest(stage, machine, "nothing may be done");
  },
};
