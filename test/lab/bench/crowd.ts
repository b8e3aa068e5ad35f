// Ten machines and a thousand units, which `bulk` starts and `idle` leaves alone.
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import type { BenchContext } from "@fleet/demo";
import { LabError, pidsIn, runCommand, until } from "@fleet/lab";
import { waitUntilJoined } from "../commands.js";
import { fleetctlCommand } from "../fleetctl.js";
import { type MachineLab, openLab } from "../lab.js";
import { Truth } from "../truth.js";

/** What the units run. */
export const unitText = "[Service]\nExecStart=/bin/sleep 100000\n";

const commandTimeoutMs = 600_000;
const countTimeoutMs = 120_000;
const microsecondsPerMs = 1_000;

/** Machines with a fleetd each, and the units they are to run. */
export class Crowd {
  readonly lab: MachineLab;
  readonly units: readonly string[];
  readonly #truth: Truth;
  readonly #signal: AbortSignal;
  readonly #directory: string;

  private constructor(lab: MachineLab, units: readonly string[], signal: AbortSignal) {
    this.lab = lab;
    this.units = units;
    this.#truth = new Truth(lab);
    this.#signal = signal;
    this.#directory = `${lab.paths.directory}/units`;
  }

  /** Boots the machines and writes the unit files; nothing is submitted yet. */
  static async open(
    { checkout, progress, signal }: BenchContext,
    plan: { readonly name: string; readonly machines: number; readonly units: number },
  ): Promise<Crowd> {
    const { machines } = plan;
    const lab = await openLab({
      name: plan.name,
      checkout,
      plan: { machines, etcdMembers: 1, base: "/", fakeClock: false, options: {} },
      progress,
    });
    const units = Array.from({ length: plan.units }, (_, index) => `bench-${index + 1}.service`);
    const crowd = new Crowd(lab, units, signal);
    try {
      await waitUntilJoined(lab);
      await mkdir(crowd.#directory);
      await Promise.all(crowd.#files.map((file) => writeFile(file, unitText)));
    } catch (error) {
      await lab.close();
      throw error;
    }
    return crowd;
  }

  get #files(): readonly string[] {
    return this.units.map((unit) => `${this.#directory}/${unit}`);
  }

  /** One `fleetctl start` of all units. */
  async start(): Promise<void> {
    await this.#fleetctl("start", this.#files);
  }

  /** One `fleetctl destroy` of all units. */
  async destroy(): Promise<void> {
    await this.#fleetctl("destroy", this.units);
  }

  async #fleetctl(command: string, words: readonly string[]): Promise<void> {
    const [first = ""] = this.lab.machines.names;
    const result = await runCommand(fleetctlCommand(this.lab, [command, ...words], [first]), {
      timeoutMs: commandTimeoutMs,
      signal: this.#signal,
    });
    if (result.code !== 0)
      throw new LabError("failed", `fleetctl ${command}: ${result.stderr.trim().slice(0, 1_000)}`);
  }

  /** Waits until so many units have processes, by the machines' own cgroups. */
  async untilRunning(count: number): Promise<void> {
    const options = { timeoutMs: countTimeoutMs, everyMs: 20, signal: this.#signal };
    await until(`${count} units to run`, options, () => this.#truth.look().length === count);
  }

  /** Stops or starts fleetd on every machine, and waits until that is so. */
  async fleetd(action: "stop" | "start"): Promise<void> {
    const { machines } = this.lab;
    await Promise.all(
      machines.names.map((name) => machines.execOrThrow(name, "systemctl", action, "fleetd.service")),
    );
    if (action === "start") await waitUntilJoined(this.lab);
  }

  /** The main process of a machine's fleetd. */
  async fleetdOf(machine: string): Promise<number> {
    const [pid] = await pidsIn(`${this.#group(machine)}/system.slice/fleetd.service`);
    if (pid === undefined) throw new LabError("not-running", `${machine} has no fleetd`);
    return pid;
  }

  #group(machine: string): string {
    return `${this.lab.holder.group(machine)}/payload`;
  }

  /** The processor time that a machine's fleetd has used since it was started, in ms. */
  fleetdProcessorMs(machine: string): number {
    return processorMs(`${this.#group(machine)}/system.slice/fleetd.service`);
  }

  /** The processor time of everything so far, in ms, by what it is. `rest`: the bus, the journal and the units. */
  processorMs(): Readonly<Record<"fleetd" | "systemd" | "rest" | "etcd" | "bench", number>> {
    const { names } = this.lab.machines;
    const sum = (of: (group: string) => number) =>
      names.reduce((total, machine) => total + of(this.#group(machine)), 0);
    const fleetd = sum((group) => processorMs(`${group}/system.slice/fleetd.service`));
    const systemd = sum((group) => processorMs(`${group}/init.scope`));
    const { user, system } = process.cpuUsage();
    return {
      fleetd,
      systemd,
      rest: sum(processorMs) - fleetd - systemd,
      etcd: processorMs(this.lab.holder.group("e1")),
      bench: (user + system) / microsecondsPerMs,
    };
  }
}

/** What all processes of a cgroup have used, those that have ended too; 0 if there is no such group. */
function processorMs(group: string): number {
  try {
    const text = readFileSync(`${group}/cpu.stat`, "utf8");
    return Number(/^usage_usec (\d+)/m.exec(text)?.[1] ?? 0) / microsecondsPerMs;
  } catch {
    return 0;
  }
}
