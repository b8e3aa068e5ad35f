// What really runs, by the kernel's account: the machines' own cgroups, and the environment that systemd gave to the
// processes in them. fleet is not asked.
import { readdirSync, readFileSync } from "node:fs";
import type { MachineLab } from "./lab.js";

/** A unit with processes on a machine. */
export interface RunningUnit {
  readonly machine: string;
  readonly unit: string;
  /** The unit's first process, by the host's number. */
  readonly pid: number;
  /** systemd's name for this one run of the unit: another one after every start. */
  readonly invocation: string;
}

// What machines run by themselves, or because a unit of fleet's needs it.
const ownUnits = new Set(["dbus.service", "docker.service", "fleetd.service", "fleet-guard.service"]);
const isOwn = (unit: string): boolean => ownUnits.has(unit) || unit.startsWith("systemd-");

/** Reads the machines' cgroups. Keeps what it knows of processes, so that looking often is cheap. */
export class Truth {
  readonly #lab: MachineLab;
  readonly #known = new Map<string, RunningUnit>();

  constructor(lab: MachineLab) {
    this.#lab = lab;
  }

  /** Every unit of fleet's that has processes now, by machine and name. Machines that are off have none. */
  look(): readonly RunningUnit[] {
    const found: RunningUnit[] = [];
    for (const machine of this.#lab.machines.names) {
      const slice = `${this.#lab.holder.group(machine)}/payload/system.slice`;
      for (const unit of namesIn(slice)) {
        const running = this.#running(machine, unit, `${slice}/${unit}`);
        if (running !== undefined) found.push(running);
      }
    }
    return found;
  }

  #running(machine: string, unit: string, group: string): RunningUnit | undefined {
    const key = `${machine}/${unit}`;
    const known = this.#known.get(key);
    for (const pid of firstPids(group)) {
      if (known?.pid === pid) return known;
      const invocation = invocationOf(pid);
      // The process ended while it was looked at, has not become the unit's program yet, or is in a container.
      if (invocation === undefined) continue;
      const running = { machine, unit, pid, invocation };
      this.#known.set(key, running);
      return running;
    }
    return undefined;
  }
}

function namesIn(slice: string): readonly string[] {
  try {
    return readdirSync(slice, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && /\.(service|socket)$/.test(entry.name) && !isOwn(entry.name))
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

// A unit that divides its group further has its processes in the parts.
function firstPids(group: string): readonly number[] {
  const own = firstPid(group);
  if (own !== undefined) return [own];
  return childrenOf(group).flatMap((child) => firstPids(`${group}/${child}`));
}

function childrenOf(group: string): readonly string[] {
  try {
    const entries = readdirSync(group, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
}

function firstPid(group: string): number | undefined {
  try {
    const [first] = readFileSync(`${group}/cgroup.procs`, "utf8").split("\n");
    return first === undefined || first === "" ? undefined : Number(first);
  } catch {
    return undefined;
  }
}

function invocationOf(pid: number): string | undefined {
  try {
    return /(?:^|\0)INVOCATION_ID=([0-9a-f]{32})/.exec(readFileSync(`/proc/${pid}/environ`, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}
