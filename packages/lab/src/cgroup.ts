// Process groups as cgroup v2 has them: what is in one is a fact, not a guess by pid.
import { existsSync } from "node:fs";
import { readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sleep, until } from "./clock.js";
import { LabError } from "./lab-error.js";

const emptyTimeoutMs = 20_000;
const goneCodes = new Set(["ENOENT", "ENODEV", "ENOTDIR"]);

function isGone(error: unknown): boolean {
  return goneCodes.has((error as NodeJS.ErrnoException).code ?? "");
}

async function readOr(path: string, absent: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isGone(error)) return absent;
    throw error;
  }
}

/** Whether any process lives in `group` or below it; zombies do not count. A group that is gone is empty. */
export async function isPopulated(group: string): Promise<boolean> {
  return /^populated 1$/m.test(await readOr(join(group, "cgroup.events"), ""));
}

/** Stops or continues every process in `group` and below, and waits until that is so. */
export async function setFrozen(group: string, frozen: boolean, signal?: AbortSignal): Promise<void> {
  await writeFile(join(group, "cgroup.freeze"), frozen ? "1" : "0");
  const wanted = frozen ? /^frozen 1$/m : /^frozen 0$/m;
  await until(
    `${group} to be ${frozen ? "frozen" : "thawed"}`,
    { signal, timeoutMs: emptyTimeoutMs, everyMs: 2 },
    async () => wanted.test(await readOr(join(group, "cgroup.events"), "frozen 0\n")),
  );
}

/** Whether `group` is frozen. */
export async function isFrozen(group: string): Promise<boolean> {
  return /^frozen 1$/m.test(await readOr(join(group, "cgroup.events"), ""));
}

/**
 * SIGKILLs every process in `group` and below, frozen or not, and returns when none is left.
 * @returns how many milliseconds it took is for the caller to measure; a group that is gone counts as killed.
 */
export async function killGroup(group: string, signal?: AbortSignal): Promise<void> {
  try {
    // A kernel before 5.14 has no cgroup.kill: freeze, so that nothing can fork, and kill one by one.
    if (existsSync(join(group, "cgroup.kill"))) await writeFile(join(group, "cgroup.kill"), "1");
    else await killOneByOne(group, signal);
  } catch (error) {
    if (!isGone(error)) throw new LabError("failed", `cannot kill ${group}`, { cause: error });
  }
  await until(
    `the end of every process in ${group}`,
    { signal, timeoutMs: emptyTimeoutMs, everyMs: 2 },
    async () => !(await isPopulated(group)),
  );
}

async function killOneByOne(group: string, signal?: AbortSignal): Promise<void> {
  if (!(await isPopulated(group))) return;
  await setFrozen(group, true, signal);
  for (const pid of await pidsBelow(group)) signalPid(pid, "SIGKILL");
  await setFrozen(group, false, signal);
}

/** Signals a process that may have ended already. */
export function signalPid(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function childGroups(group: string): Promise<string[]> {
  try {
    const entries = await readdir(group, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** The processes directly in `group`. */
export async function pidsIn(group: string): Promise<number[]> {
  const text = await readOr(join(group, "cgroup.procs"), "");
  return text.split("\n").filter(Boolean).map(Number);
}

/** The processes in `group` and everywhere below it. */
export async function pidsBelow(group: string): Promise<number[]> {
  const pids = await pidsIn(group);
  for (const child of await childGroups(group)) pids.push(...(await pidsBelow(join(group, child))));
  return pids;
}

// systemd gives every other kind of unit no cgroup of its own.
const unitSuffix = /\.(?:service|scope|socket|mount|swap)$/;

/**
 * The units of the manager that rules `group`, with their processes: units without one are absent.
 * Processes in a unit's own sub-groups count to the unit. The manager itself (`init.scope`) is left out.
 */
export async function unitsIn(group: string): Promise<Map<string, number[]>> {
  const units = new Map<string, number[]>();
  const visit = async (directory: string): Promise<void> => {
    for (const child of (await childGroups(directory)).sort()) {
      const path = join(directory, child);
      // systemd puts "_" before a unit's name that could be taken for a file of the kernel's.
      const name = child.replace(/^_/, "");
      if (!unitSuffix.test(name)) await visit(path);
      else if (name !== "init.scope") {
        const pids = await pidsBelow(path);
        if (pids.length > 0) units.set(name, pids);
      }
    }
  };
  await visit(group);
  return units;
}

/** Removes an empty `group` with all below it. */
export async function removeGroup(group: string): Promise<void> {
  for (const child of await childGroups(group)) await removeGroup(join(group, child));
  for (let attempt = 0; ; attempt++) {
    try {
      return await rmdir(group);
    } catch (error) {
      if (isGone(error)) return;
      // A group whose last process has just ended is busy for a moment longer.
      if ((error as NodeJS.ErrnoException).code !== "EBUSY" || attempt >= 100) {
        throw new LabError("failed", `cannot remove ${group}`, { cause: error });
      }
      await sleep(5);
    }
  }
}
