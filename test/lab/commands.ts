import { spawn } from "node:child_process";
import { LabError, runOrThrow, until } from "@fleet/lab";
import { stepClock } from "./faults/clock.js";
import { fillDisk, slowDisk } from "./faults/disk.js";
import { impairLink } from "./faults/link.js";
import { fleetctlCommand } from "./fleetctl.js";
import { attachLab, closeLab, listLabs, type MachineLab, openLab } from "./lab.js";
import type { LabPlan } from "./lab-state.js";
import { addressOf, cut, cutOneWay, heal, mendLink } from "./network.js";
import { findProgram } from "./preflight.js";
import { Truth } from "./truth.js";

const joinTimeoutMs = 60_000;

/** What a command works with. */
export interface CommandContext {
  readonly checkout: string;
  readonly name: string;
  /** What `up` makes. */
  readonly plan: LabPlan;
  /** Of Debian, for `base`. */
  readonly suite: string;
  /** The command's own words. */
  readonly args: readonly string[];
  readonly write: (text: string) => void;
}

/** A command of `npm run lab`. */
export interface Command {
  readonly usage: string;
  readonly about: string;
  /** @returns the exit status. */
  readonly run: (context: CommandContext) => Promise<number>;
}

/** Waits until every machine that is on is listed by fleet. */
export async function waitUntilJoined(lab: MachineLab): Promise<void> {
  let on = 0;
  for (const machine of lab.machines.names) if ((await lab.machines.state(machine)) === "on") on++;
  await until(`${on} machines to join`, { timeoutMs: joinTimeoutMs, everyMs: 50 }, async () => {
    const command = fleetctlCommand(lab, ["list-machines", "--no-legend"]);
    const listed = await runOrThrow(command).catch(() => "");
    return listed.split("\n").filter((line) => line !== "").length >= on;
  });
}

// What a machine needs to boot, what the lab runs on it, and what this host's node is linked with.
const basePackages = ["systemd", "systemd-sysv", "dbus", "iproute2", "procps", "libstdc++6", "libatomic1"];

async function makeBase(directory: string, suite: string, packages: readonly string[]): Promise<number> {
  if (!directory.startsWith("/"))
    throw new LabError("invalid", "base needs the absolute path of a directory");
  if (findProgram("mmdebstrap") === undefined) {
    throw new LabError("missing", "there is no mmdebstrap", { hint: "apt-get install mmdebstrap" });
  }
  const include = `--include=${[...basePackages, ...packages].join(",")}`;
  return await inherit(["mmdebstrap", "--variant=minbase", include, suite, directory]);
}

function inherit(command: readonly [string, ...string[]]): Promise<number> {
  const child = spawn(command[0], command.slice(1), { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 128));
  });
}

/** The parts that were named, each of them one of the lab's. */
function partsOf(lab: MachineLab, names: readonly string[]): readonly string[] {
  const known = [...lab.machines.names, ...lab.etcd.names];
  if (names.length === 0) throw new LabError("invalid", `which one? There are ${known.join(", ")}`);
  const stranger = names.find((name) => !known.includes(name));
  if (stranger === undefined) return names;
  throw new LabError("invalid", `there is no "${stranger}"; there are ${known.join(", ")}`);
}

/** A command that does something to each of the parts that are named. */
function forParts(
  usage: string,
  about: string,
  act: (lab: MachineLab, machines: readonly string[], members: readonly string[]) => Promise<unknown>,
): Command {
  return {
    usage,
    about,
    run: async ({ name, args }) => {
      const lab = attachLab(name);
      const parts = partsOf(lab, args);
      await act(
        lab,
        parts.filter((part) => part.startsWith("m")),
        parts.filter((part) => part.startsWith("e")),
      );
      return 0;
    },
  };
}

const each = async (names: readonly string[], act: (name: string) => Promise<unknown>): Promise<void> => {
  await Promise.all(names.map(act));
};

async function status(lab: MachineLab, write: (text: string) => void): Promise<void> {
  const running = new Truth(lab).look();
  const leader = await lab.etcd.leader();
  for (const name of lab.etcd.names) {
    const state = (await lab.etcd.isRunning(name)) ? "on" : "off";
    write(`${name}\t${addressOf(name)}\t${state}\t${name === leader ? "leads etcd" : ""}\n`);
  }
  for (const name of lab.machines.names) {
    const units = running.filter(({ machine }) => machine === name).map(({ unit }) => unit);
    const shown =
      units.length > 8 ? `${units.slice(0, 8).join(" ")} and ${units.length - 8} more` : units.join(" ");
    write(`${name}\t${addressOf(name)}\t${await lab.machines.state(name)}\t${shown}\n`);
  }
}

/** Every command, in the order of `--help`. */
export const commands: Readonly<Record<string, Command>> = {
  up: {
    usage: "up",
    about: "boot it: etcd, machines with a fleetd each; it runs until `down`",
    run: async ({ checkout, name, plan, write }) => {
      const lab = await openLab({ name, checkout, plan, progress: (step) => write(`${step}\n`) });
      try {
        await waitUntilJoined(lab);
      } catch (error) {
        await lab.close();
        throw error;
      }
      await lab.release();
      await status(lab, write);
      return 0;
    },
  },
  down: {
    usage: "down",
    about: "end it, or clean away what an interrupted one left; nothing stays behind",
    run: async ({ name, write }) => {
      write((await closeLab(name)) ? `${name} is gone\n` : `there was no ${name}\n`);
      return 0;
    },
  },
  base: {
    usage: "base DIR [PACKAGE…]",
    about: "make a Debian tree for `up --base DIR`, with these packages too; needs mmdebstrap",
    run: async ({ args: [directory = "", ...packages], suite }) => await makeBase(directory, suite, packages),
  },
  status: {
    usage: "status",
    about: "what is on, and which units run where, by the machines' own cgroups",
    run: async ({ name, write }) => {
      await status(attachLab(name), write);
      const others = listLabs().filter((other) => other !== name);
      if (others.length > 0) write(`other labs: ${others.join(", ")}\n`);
      return 0;
    },
  },
  fleetctl: {
    usage: "fleetctl ARGS…",
    about: "fleetctl, with every machine's API",
    run: async ({ name, args }) => await inherit(fleetctlCommand(attachLab(name), args)),
  },
  exec: {
    usage: "exec m1 COMMAND…",
    about:
      "run something on a machine: `exec m1 journalctl -u fleetd`, `exec m1 systemctl stop x`, `exec m1 bash`",
    run: async ({ name, args: [machine = "", ...command] }) => {
      const lab = attachLab(name);
      partsOf(lab, [machine]);
      const words = command.length > 0 ? command : ["bash", "-l"];
      return await inherit([...(await lab.machines.enter(machine)), ...words]);
    },
  },
  kill: forParts(
    "kill m2 e1…",
    "a power cut: everything there is gone at once and nobody is told; the disk stays",
    async (lab, machines, members) => {
      await lab.machines.cutPower(machines);
      await lab.etcd.cutPower(members);
    },
  ),
  boot: forParts("boot m2 e1…", "switch on again what is off", async (lab, machines, members) => {
    if (members.length > 0) await lab.etcd.start(members);
    await lab.machines.boot(machines);
  }),
  reboot: forParts("reboot m2…", "let a machine's systemd reboot it", async (lab, machines) => {
    await each(machines, async (machine) => {
      await lab.machines.waitUntilRebooted(machine, await lab.machines.reboot(machine));
    });
  }),
  poweroff: forParts("poweroff m2…", "let a machine's systemd shut it down", async (lab, machines) => {
    await each(machines, async (machine) => await lab.machines.powerOff(machine));
  }),
  freeze: forParts("freeze m2…", "stop every process of a machine in its tracks", async (lab, machines) => {
    await each(machines, async (machine) => await lab.machines.freeze(machine, true));
  }),
  thaw: forParts("thaw m2…", "let them go on", async (lab, machines) => {
    await each(machines, async (machine) => await lab.machines.freeze(machine, false));
  }),
  cut: {
    usage: "cut m2 [FROM…]",
    about: "lose all that m2 sends and is sent, or only what it shares with FROM",
    run: async ({ name, args: [part = "", ...others] }) => {
      const lab = attachLab(name);
      partsOf(lab, [part, ...others]);
      await cut(lab.holder, part, others);
      return 0;
    },
  },
  "cut-one-way": {
    usage: "cut-one-way m2 TO…",
    about: "lose what m2 sends to TO; what TO sends arrives",
    run: async ({ name, args: [from = "", ...to] }) => {
      const lab = attachLab(name);
      partsOf(lab, [from, ...to]);
      for (const other of to) await cutOneWay(lab.holder, from, other);
      return 0;
    },
  },
  heal: forParts("heal m2…", "take back every cut", async (lab, machines, members) => {
    for (const part of [...machines, ...members]) await heal(lab.holder, part);
  }),
  slow: {
    usage: "slow m2 MS [LOSS%]",
    about:
      "let each frame take MS milliseconds in each direction, and lose LOSS percent; 0: a good link again",
    run: async ({ name, args: [part = "", delay = "", loss = "0"] }) => {
      const lab = attachLab(name);
      partsOf(lab, [part]);
      const lossPercent = Number(loss.replace(/%$/, ""));
      if (!/^\d{1,5}$/.test(delay)) throw new LabError("invalid", `"${delay}" is no number of milliseconds`);
      if (!(lossPercent >= 0 && lossPercent < 100)) throw new LabError("invalid", `"${loss}" is no share`);
      if (Number(delay) === 0 && lossPercent === 0) await mendLink(lab.holder, part);
      else await impairLink(lab.holder, lab.paths, part, { delayMs: Number(delay), lossPercent });
      return 0;
    },
  },
  fill: forParts("fill m2…", "fill the disk of fleetd's state directory", async (lab, machines) => {
    await each(machines, async (machine) => await fillDisk(lab, machine, true));
  }),
  free: forParts("free m2…", "make room on it again", async (lab, machines) => {
    await each(machines, async (machine) => await fillDisk(lab, machine, false));
  }),
  "slow-disk": {
    usage: "slow-disk e1 MS",
    about: "let each write of etcd to its disk take MS milliseconds longer; 0: quick again",
    run: async ({ name, args: [member = "", delay = ""] }) => {
      const lab = attachLab(name);
      partsOf(lab, [member]);
      if (!/^\d{1,5}$/.test(delay)) throw new LabError("invalid", `"${delay}" is no number of milliseconds`);
      await slowDisk(lab, member, Number(delay));
      return 0;
    },
  },
  clock: {
    usage: "clock m2 +3600",
    about: "set the clock of a machine's fleetd that many seconds off; needs `up --clock`",
    run: async ({ name, args: [machine = "", offset = ""] }) => {
      const lab = attachLab(name);
      partsOf(lab, [machine]);
      if (!/^[+-]?\d{1,9}$/.test(offset))
        throw new LabError("invalid", `"${offset}" is no number of seconds`);
      stepClock(lab, machine, Number(offset));
      return 0;
    },
  },
};
