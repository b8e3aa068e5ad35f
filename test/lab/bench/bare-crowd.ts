// The processes of a cluster layer that has nothing to decide, for `bulk`.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createInterface, type Interface } from "node:readline";
import { LabError } from "@fleet/lab";
import type { BareRole } from "./bare-cluster.js";
import { type Crowd, unitText } from "./crowd.js";

/** Where the agents keep their unit files on a machine; gone after a boot, like fleet's own. */
const directory = "/run/bench-cluster";
/** The kernel counts processor time in ticks of this length, in ms. */
const tickMs = 10;
/** What fleetd's unit gives Node. */
const nodeFlags = ["--max-semi-space-size=4", "--v8-pool-size=1"];

interface Member {
  readonly child: ChildProcess;
  readonly lines: Interface;
}

/** A leader, and an agent for each machine. */
export class BareCrowd {
  readonly #members: readonly Member[];

  private constructor(members: readonly Member[]) {
    this.#members = members;
  }

  /** Starts them and waits until they are there. @param program - The bundle of `bare-cluster.ts`. */
  static async open({ lab, units }: Crowd, program: string): Promise<BareCrowd> {
    const { names } = lab.machines;
    const etcdUrls = lab.etcd.urls;
    const shares = names.map((_, index) => units.filter((_, number) => number % names.length === index));
    const roles: BareRole[] = [
      {
        etcdUrls,
        units: Object.fromEntries(names.map((name, index) => [name, shares[index] ?? []])),
        text: unitText,
      },
    ];
    for (const machine of names) {
      const directoryHere = await lab.machines.see(machine, directory);
      await mkdir(directoryHere, { recursive: true });
      const address = `unix:path=${await lab.machines.see(machine, "/run/dbus/system_bus_socket")}`;
      roles.push({ etcdUrls, agent: { machine, address, directory, directoryHere } });
    }
    // Only the network is entered.
    const enter = [
      "-t",
      String(lab.holder.identity.pid),
      "-n",
      "--",
      process.execPath,
      ...nodeFlags,
      program,
    ];
    const crowd = new BareCrowd(
      roles.map((role) => {
        const child = spawn("nsenter", [...enter, JSON.stringify(role)], {
          stdio: ["pipe", "pipe", "inherit"],
        });
        return { child, lines: createInterface(child.stdout) };
      }),
    );
    try {
      await Promise.all(crowd.#members.map((member) => heard(member, "ready")));
    } catch (error) {
      await crowd.close();
      throw error;
    }
    return crowd;
  }

  async start(): Promise<void> {
    await this.#tell("start");
  }

  async destroy(): Promise<void> {
    await this.#tell("destroy");
  }

  async #tell(word: string): Promise<void> {
    const [leader] = this.#members;
    if (leader === undefined) return;
    const answer = heard(leader, "done");
    leader.child.stdin?.write(`${word}\n`);
    await answer;
  }

  /** The processor time that all of them have used, in ms. */
  processorMs(): number {
    return this.#members.reduce(
      (sum, { child }) => sum + (child.pid === undefined ? 0 : ticksOf(child.pid)),
      0,
    );
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#members.map(async ({ child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = once(child, "exit");
        child.kill("SIGKILL");
        await gone;
      }),
    );
  }
}

async function heard({ child, lines }: Member, word: string): Promise<void> {
  const gone = once(child, "exit").then(([code]) => {
    throw new LabError("failed", `a process of the bare cluster ended with ${code}`);
  });
  gone.catch(() => undefined);
  const [line] = await Promise.race([once(lines, "line"), gone]);
  if (line !== word) throw new LabError("failed", `a process of the bare cluster said "${line}"`);
}

/** User and system time: the 14th and 15th field, counted after the program's name, which may have blanks. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}
