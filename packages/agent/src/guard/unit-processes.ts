import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { UnitName } from "@fleet/core";

/** The processes of units, by the kernel's account. */
export interface UnitProcesses {
  /** The processes in the cgroups of these units. Units without any are missing. */
  of(units: readonly UnitName[]): Promise<ReadonlyMap<UnitName, readonly number[]>>;
  /** Sends SIGKILL to everything in the unit's cgroup that is there now. To be repeated until nothing is. */
  kill(unit: UnitName): Promise<void>;
}

/** Where to look. */
export interface UnitProcessesOptions {
  /** The cgroup below which systemd keeps its units: its property `ControlGroup`. Empty for a whole machine's. */
  readonly managerGroup: string;
  /** Default `/proc`. */
  readonly proc?: string;
  /** Where cgroups are mounted. Default: the two usual places. */
  readonly mounts?: readonly string[];
}

const mountsDefault = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/** Processes that are looked at together; there may be thousands. */
const readsMax = 64;

interface Found {
  readonly pid: number;
  readonly unit: UnitName;
  /** The cgroup of the unit itself, which may be divided further. */
  readonly group: string;
}

/**
 * Finds processes by what each of them says of its cgroup, which works with cgroup v1, v2 and both, with and without
 * delegation, and needs nobody's help.
 */
export function createUnitProcesses(options: UnitProcessesOptions): UnitProcesses {
  const { managerGroup, proc = "/proc", mounts = mountsDefault } = options;
  const prefix = managerGroup.replace(/\/+$/, "");

  async function find(units: readonly UnitName[]): Promise<readonly Found[]> {
    if (units.length === 0) return [];
    const wanted = new Map<string, UnitName>();
    // systemd puts a "_" in front of what the kernel could take for a file of its own.
    for (const unit of units) for (const name of [unit, `_${unit}`]) wanted.set(name, unit);
    const found: Found[] = [];
    const look = async (pid: string): Promise<void> => {
      const text = await readFile(join(proc, pid, "cgroup"), "latin1").catch(() => "");
      const place = placeOf(text, prefix, wanted);
      if (place !== undefined && (await lives(pid))) found.push({ pid: Number(pid), ...place });
    };
    const pids = (await readdir(proc)).filter((name) => /^\d+$/.test(name));
    for (let begin = 0; begin < pids.length; begin += readsMax) {
      await Promise.all(pids.slice(begin, begin + readsMax).map(look));
    }
    return found;
  }

  /** What has ended and waits for its parent runs no more. */
  async function lives(pid: string): Promise<boolean> {
    const stat = await readFile(join(proc, pid, "stat"), "latin1").catch(() => "");
    const state = stat.slice(stat.lastIndexOf(")") + 2)[0];
    return state !== undefined && !"ZX".includes(state);
  }

  return {
    async of(units) {
      const byUnit = new Map<UnitName, number[]>();
      for (const { unit, pid } of await find(units)) {
        const pids = byUnit.get(unit) ?? [];
        pids.push(pid);
        byUnit.set(unit, pids);
      }
      return byUnit;
    },
    async kill(unit) {
      const found = await find([unit]);
      // At once and for all of them, where the kernel can: what forks faster than it is killed cannot escape that.
      for (const group of new Set(found.map((one) => one.group))) {
        for (const mount of mounts) await writeFile(join(mount, group, "cgroup.kill"), "1").catch(() => {});
      }
      for (const { pid } of found) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // Gone, or not ours to kill: whoever looks next sees which.
        }
      }
    },
  };
}

/** Finds the unit whose cgroup a process is in. Only units of this systemd count, and not those of one below it. */
function placeOf(
  text: string,
  prefix: string,
  wanted: ReadonlyMap<string, UnitName>,
): Omit<Found, "pid"> | undefined {
  for (const line of text.split("\n")) {
    // systemd's own hierarchy of v1, or the one of v2; others may know less.
    const path = /^\d+:(?:name=systemd)?:(\/.*)$/.exec(line)?.[1];
    if (path === undefined || (prefix !== "" && !path.startsWith(`${prefix}/`))) continue;
    const parts = path.slice(prefix.length + 1).split("/");
    const depth = parts.findIndex((part) => !part.endsWith(".slice"));
    const unit = depth < 0 ? undefined : wanted.get(parts[depth] ?? "");
    if (unit !== undefined) return { unit, group: `${prefix}/${parts.slice(0, depth + 1).join("/")}` };
  }
  return undefined;
}
