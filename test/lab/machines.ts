import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import {
  type CommandResult,
  isFrozen,
  isPopulated,
  killGroup,
  LabError,
  pidsIn,
  removeGroup,
  runCommand,
  setFrozen,
  until,
} from "@fleet/lab";
import type { Holder } from "./holder.js";
import { type Launched, launch } from "./launch.js";
import { bundlePlace, machineIdOf, nodePlace } from "./machine-root.js";
import { plugIn, silence, unplug } from "./network.js";
import { type LabPaths, machinePlaces, sharedPlace } from "./paths.js";

const bootTimeoutMs = 60_000;
// Longer than systemd's own limit for a unit that does not stop.
const shutdownTimeoutMs = 150_000;
const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// nspawn says with this status that the machine wants to be booted again, and leaves that to whoever started it.
// The loop has a group of its own, and each nspawn starts in the machine's: in a group that is divided further there
// must be no process. It is part of the machine, so that a power cut ends it too.
const switchScript = `
group=/sys/fs/cgroup$1
shift
while :; do
  sh -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" "$@"
  [ $? -eq 133 ] || exit
done
`;

/** What a machine is doing, by the kernel's account. */
export type MachineState = "off" | "on" | "frozen";

/** The machines of a lab: each a whole system with its own systemd as PID 1, in a container. */
export class Machines {
  readonly #holder: Holder;
  readonly #paths: LabPaths;
  readonly #lab: string;
  /** `m1`, `m2`, … */
  readonly names: readonly string[];

  constructor(holder: Holder, paths: LabPaths, lab: string, count: number) {
    this.#holder = holder;
    this.#paths = paths;
    this.#lab = lab;
    this.names = Array.from({ length: count }, (_, index) => `m${index + 1}`);
  }

  /** What a machine prints on its console. */
  console(name: string): string {
    return `${this.#paths.logs}/${name}.log`;
  }

  /** The machine's id, which is fleet's name for it. */
  id(name: string): string {
    return machineIdOf(this.#lab, name);
  }

  /** What a machine is doing. */
  async state(name: string): Promise<MachineState> {
    const group = this.#holder.group(name);
    if (await isFrozen(group)) return "frozen";
    return (await isPopulated(group)) ? "on" : "off";
  }

  /** Switches machines on and waits until their systemd says that it has done all there was to do. */
  async boot(names: readonly string[]): Promise<void> {
    const started = new Map<string, Launched>();
    for (const name of names) {
      if ((await this.state(name)) !== "off")
        throw new LabError("already-running", `machine ${name} is on already`);
      await removeGroup(this.#holder.group(name));
      await plugIn(this.#holder, name);
      started.set(name, this.#start(name));
    }
    await Promise.all(
      [...started].map(([name, launched]) =>
        this.waitUntilUp(name, () => launched.exitStatus() !== undefined),
      ),
    );
  }

  #start(name: string): Launched {
    const places = machinePlaces(this.#paths, name);
    const bind = (from: string, to: string, mode = "bind"): string => `--${mode}=${from}:${to}`;
    const nspawn = [
      ...["env", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1", "SYSTEMD_LOG_LEVEL=warning"],
      ...["setsid", "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot"],
      ...[`--directory=${places.root}`, `--machine=${name}`, `--uuid=${this.id(name)}`],
      ...[`--network-namespace-path=/run/netns/${name}`, "--capability=all", "--link-journal=no"],
      ...["--resolv-conf=off", "--timezone=off", "--console=pipe", "--kill-signal=SIGRTMIN+3"],
      // Containers on a machine get their devices by a program in the kernel.
      "--system-call-filter=bpf",
      bind(places.units, "/etc/systemd/system"),
      bind(places.state, "/var/lib/fleet"),
      bind(places.bundle, bundlePlace, "bind-ro"),
      bind(process.execPath, nodePlace, "bind-ro"),
      bind(this.#paths.shared, sharedPlace),
    ];
    const group = `/sys/fs/cgroup${this.#holder.cgroup}/${name}`;
    const command: [string, ...string[]] = ["sh", "-c", switchScript, "switch"];
    return launch(
      this.#holder,
      `${name}/switch`,
      [...command, group.slice("/sys/fs/cgroup".length), ...nspawn],
      this.console(name),
    );
  }

  /** Waits until a machine that is booting has done so. @param hasEnded - That there is nothing to wait for any more. */
  async waitUntilUp(name: string, hasEnded: () => boolean = () => false): Promise<void> {
    await until(`${name} to boot`, { timeoutMs: bootTimeoutMs, everyMs: 30 }, async () => {
      if (hasEnded()) {
        const said = (await readFile(this.console(name), "utf8")).trim().split("\n").slice(-8).join("\n");
        throw new LabError("failed", `machine ${name} ended at once: ${said}`);
      }
      if ((await this.leader(name)) === undefined) return false;
      const asked = await this.exec(name, ["systemctl", "is-system-running"]);
      return /^(running|degraded)$/.test(asked.stdout.trim());
    });
  }

  /** The host's pid of a machine's systemd; `undefined` while it is off. */
  async leader(name: string): Promise<number | undefined> {
    for (const pid of await pidsIn(`${this.#holder.group(name)}/payload/init.scope`)) {
      if (isFirstOfItsSpace(pid)) return pid;
    }
    return undefined;
  }

  /** Where this process sees a file of a machine that is on. */
  async see(name: string, file: string): Promise<string> {
    return `/proc/${await this.#leaderOf(name)}/root${file}`;
  }

  async #leaderOf(name: string): Promise<number> {
    const leader = await this.leader(name);
    if (leader === undefined) throw new LabError("not-running", `machine ${name} is off`);
    return leader;
  }

  /** The words that run a command on a machine. Its processes belong to the machine, but for its cgroup. */
  async enter(name: string): Promise<[string, ...string[]]> {
    const spaces = ["-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w"];
    const environment = [
      `PATH=${path}`,
      "HOME=/root",
      "LC_ALL=C.UTF-8",
      `TERM=${process.env.TERM ?? "dumb"}`,
    ];
    return [
      "nsenter",
      "-t",
      String(await this.#leaderOf(name)),
      ...spaces,
      "--",
      "env",
      "-i",
      ...environment,
    ];
  }

  /** Runs a command on a machine. A status other than 0 is a result, not an error. */
  async exec(
    name: string,
    command: readonly string[],
    options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<CommandResult> {
    const [program, ...words] = await this.enter(name);
    return await runCommand([program, ...words, ...command], options);
  }

  /** Runs a command on a machine that must succeed. @returns what it printed. */
  async execOrThrow(name: string, ...command: readonly string[]): Promise<string> {
    const result = await this.exec(name, command);
    if (result.code === 0) return result.stdout;
    throw new LabError("failed", `${name}: ${command.join(" ")}: ${(result.stderr || result.stdout).trim()}`);
  }

  /** Cuts the power: every process is gone at once and nobody is told; the disk stays as it is. */
  async cutPower(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => silence(this.#holder, name)));
    await Promise.all(names.map((name) => killGroup(this.#holder.group(name))));
    await Promise.all(names.map((name) => unplug(this.#holder, name)));
  }

  /** Ends everything on machines by SIGKILL; their networks live on and say so to whoever they were connected to. */
  async kill(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => killGroup(this.#holder.group(name))));
  }

  /** Stops every process of a machine in its tracks, or lets them go on. */
  async freeze(name: string, frozen: boolean): Promise<void> {
    await setFrozen(this.#holder.group(name), frozen);
  }

  /** Tells a machine's systemd to shut down, and waits until it is off. */
  async powerOff(name: string): Promise<void> {
    await this.execOrThrow(name, "systemctl", "poweroff");
    await until(`${name} to shut down`, { timeoutMs: shutdownTimeoutMs, everyMs: 30 }, async () => {
      return (await this.state(name)) === "off";
    });
    await unplug(this.#holder, name);
  }

  /** Tells a machine's systemd to reboot. Does not wait; see `waitUntilRebooted`. @returns the systemd that goes. */
  async reboot(name: string): Promise<number> {
    const leader = await this.#leaderOf(name);
    await this.execOrThrow(name, "systemctl", "reboot");
    return leader;
  }

  /** Waits until another systemd than `before` has booted a machine. */
  async waitUntilRebooted(name: string, before: number): Promise<void> {
    await until(`${name} to come back`, { timeoutMs: shutdownTimeoutMs, everyMs: 30 }, async () => {
      const leader = await this.leader(name);
      return leader !== undefined && leader !== before;
    });
    await this.waitUntilUp(name);
  }
}

function isFirstOfItsSpace(pid: number): boolean {
  try {
    return /^NSpid:\s.*\s1$/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
