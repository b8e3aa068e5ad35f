import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { killGroup } from "./cgroup.js";
import { wallTime } from "./clock.js";
import { LabContext } from "./context.js";
import { DelegatedHost } from "./delegated-host.js";
import { destroyLab, removeDirectories } from "./destroy.js";
import type { Host } from "./host.js";
import { userId } from "./host-facts.js";
import { Lab } from "./lab.js";
import { LabError } from "./lab-error.js";
import { lockName, withLock } from "./lock.js";
import { checkName } from "./names.js";
import { NamespaceHost } from "./namespace-host.js";
import { baseDataDirectory, baseDirectory, makePrivateDirectory } from "./paths.js";
import { chooseWay } from "./preflight.js";
import { identifyProcess, isAlive, kernelBootId } from "./process-identity.js";
import { type LabState, StateFile, type Way } from "./state.js";

/** Which lab. */
export interface LabLocation {
  /** A lower-case letter and up to 15 letters and digits. */
  readonly name: string;
  /** For sockets and state; short. Default: a directory of this user's, by the name. */
  readonly directory?: string;
  readonly signal?: AbortSignal;
}

/** A new lab. */
export interface OpenLabOptions extends LabLocation {
  /** For what is bulky. Default: a directory of this user's under /var/tmp, by the name. */
  readonly dataDirectory?: string;
  /** Default: what this host allows, see `chooseWay`. */
  readonly way?: Way;
}

function directoryOf(location: LabLocation): string {
  return resolve(location.directory ?? join(baseDirectory(), location.name));
}

// Labs of one name in different directories must not share a cgroup.
function idOf(name: string, directory: string): string {
  if (directory === join(baseDirectory(), name)) return name;
  return `${name}x${createHash("sha256").update(directory).digest("hex").slice(0, 8)}`;
}

/**
 * Makes a lab without machines and without etcd. It lives as long as this process, unless released.
 * What a crashed process left under this name is cleaned away first.
 * @throws {LabError} `already-running` if it is up; `missing` if this host cannot carry one (see `preflight`).
 */
export async function openLab(options: OpenLabOptions): Promise<Lab> {
  checkName("lab", options.name);
  const directory = directoryOf(options);
  const id = idOf(options.name, directory);
  return await withLock(lockName(directory, "open"), options.signal, async () => {
    const file = new StateFile(directory);
    const old = file.read();
    if (old && isLive(old)) {
      throw new LabError(
        "already-running",
        `the lab "${options.name}" is running already, since ${old.createdAt}`,
        {
          hint: old.owner
            ? `Process ${old.owner.pid} owns it; end that, or stop the lab.`
            : "Stop it first, or attach to it.",
        },
      );
    }
    if (old) await destroyLab(directory, old, await hostOfRemains(old, id, directory));
    const way = options.way ?? chooseWay();
    const dataDirectory = resolve(options.dataDirectory ?? join(baseDataDirectory(), id));
    makePrivateDirectory(directory);
    makePrivateDirectory(dataDirectory);
    const host = await openHost(way, id, directory, dataDirectory, options.signal).catch(
      async (error: unknown) => {
        await removeDirectories([dataDirectory, directory]);
        throw error;
      },
    );
    const owner = identifyProcess(process.pid);
    const state: LabState = {
      version: 1,
      name: options.name,
      way,
      kernelBootId: kernelBootId(),
      createdAt: wallTime(),
      dataDirectory,
      cgroup: host.cgroup,
      ...(host.holder ? { holder: host.holder } : {}),
      ...(owner ? { owner } : {}),
      ports: {},
      machines: {},
    };
    file.create(state);
    return new Lab(new LabContext(file, host, state));
  });
}

/**
 * Takes up a lab that another process made, or that was released.
 * @throws {LabError} `not-running` if there is none; what a crashed process left of it is cleaned away.
 */
export async function attachLab(name: string, options: Omit<LabLocation, "name"> = {}): Promise<Lab> {
  checkName("lab", name);
  const directory = directoryOf({ name, ...options });
  return await withLock(lockName(directory, "open"), options.signal, async () => {
    const file = new StateFile(directory);
    const state = file.read();
    if (state && isLive(state)) {
      const host = attachHost(state, idOf(name, directory));
      if (host) return new Lab(new LabContext(file, host, state));
    }
    if (state)
      await destroyLab(directory, state, await hostOfRemains(state, idOf(name, directory), directory));
    throw new LabError("not-running", `the lab "${name}" is not running`);
  });
}

/** The names of this user's labs that are up, in their default places, in name order. */
export async function listLabs(): Promise<string[]> {
  const base = baseDirectory();
  if (!existsSync(base)) return [];
  const names = (await readdir(base)).sort();
  return names.filter((name) => {
    const state = new StateFile(join(base, name)).read();
    return state !== undefined && isLive(state);
  });
}

function isLive(state: LabState): boolean {
  if (state.kernelBootId !== kernelBootId()) return false;
  if (state.owner && !isAlive(state.owner)) return false;
  return state.holder === undefined || isAlive(state.holder);
}

async function openHost(
  way: Way,
  id: string,
  directory: string,
  dataDirectory: string,
  signal: AbortSignal | undefined,
): Promise<Host> {
  const host =
    way === "namespace"
      ? await NamespaceHost.open(NamespaceHost.cgroupOf(userId(), id), directory, dataDirectory)
      : await DelegatedHost.open(outerOf(way), id, signal);
  // Normally empty; not so if somebody removed the state file of a living lab.
  await killGroup(host.root(), signal);
  return host;
}

function attachHost(state: LabState, id: string): Host | undefined {
  if (state.way === "namespace") return NamespaceHost.attach(state.cgroup, state.holder);
  return DelegatedHost.attach(outerOf(state.way), id, state.cgroup);
}

// After a reboot of the host nothing runs any more, and pids mean other processes: only files are left.
async function hostOfRemains(state: LabState, id: string, directory: string): Promise<Host | undefined> {
  if (state.kernelBootId !== kernelBootId()) return undefined;
  const host = attachHost(state, id);
  if (host) return host;
  // The holder is dead, but machines may live: their cgroups are reached from any other namespace.
  mkdirSync(state.dataDirectory, { recursive: true });
  return await NamespaceHost.open(state.cgroup, directory, state.dataDirectory);
}

function outerOf(way: "delegated-user" | "delegated-system"): "user" | "system" {
  return way === "delegated-user" ? "user" : "system";
}
