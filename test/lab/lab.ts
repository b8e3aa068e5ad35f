import { cpSync, existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { basename } from "node:path";
import {
  findEtcd,
  identifyProcess,
  isAlive,
  kernelBootId,
  LabError,
  lockName,
  until,
  withLock,
} from "@fleet/lab";
import { EtcdMembers } from "./etcd-members.js";
import { findFakeClock } from "./fake-clock-library.js";
import { Holder } from "./holder.js";
import { type LabPlan, type LabState, readState, writeState } from "./lab-state.js";
import { furnish, mountRoot } from "./machine-root.js";
import { Machines } from "./machines.js";
import { baseDirectory, type LabPaths, labCgroup, labDirectory, labPaths } from "./paths.js";
import { bootedWithSystemd, preflight } from "./preflight.js";

const stateBytes = 16 * 1024 * 1024;
const namePattern = /^[a-z][a-z0-9]{0,15}$/;

/** What a lab that is made needs to know beside its plan. */
export interface OpenOptions {
  readonly name: string;
  /** Whose bundles are run; they must have been built. */
  readonly checkout: string;
  readonly plan: LabPlan;
  /** Told what is being done. */
  readonly progress?: (step: string) => void;
}

/** Full machines, etcd and the network between them, on this host. Made by `openLab` or `attachLab`. */
export class MachineLab {
  readonly name: string;
  readonly plan: LabPlan;
  readonly paths: LabPaths;
  readonly holder: Holder;
  readonly machines: Machines;
  readonly etcd: EtcdMembers;

  constructor(state: LabState, holder: Holder) {
    this.name = state.name;
    this.plan = state.plan;
    this.paths = labPaths(labDirectory(state.name));
    this.holder = holder;
    this.machines = new Machines(holder, this.paths, state.name, state.plan.machines);
    this.etcd = new EtcdMembers(holder, this.paths, state.etcd, state.plan.etcdMembers);
  }

  /** Lets the lab live on after this process. */
  async release(): Promise<void> {
    const state = readState(this.paths.directory);
    if (state === undefined) throw new LabError("not-running", `the lab "${this.name}" is gone`);
    const { owner: _, ...released } = state;
    writeState(this.paths.directory, released);
    await this.holder.release();
  }

  /** Ends everything and leaves nothing behind: no process, mount, network, cgroup or file. */
  async close(): Promise<void> {
    await withLock(lockName(this.paths.directory, "open"), undefined, async () => {
      await this.holder.close();
      removeDirectory(this.paths.directory);
    });
  }
}

/**
 * Makes a lab: etcd runs and every machine has booted when it returns. It lives as long as this process, unless
 * released. What an interrupted process left under this name is cleaned away first.
 * @throws {LabError} `already-running` if it is up; `missing` if this host cannot carry one (see `preflight`).
 */
export async function openLab(options: OpenOptions): Promise<MachineLab> {
  const { name, plan } = options;
  if (!namePattern.test(name))
    throw new LabError("invalid", `cannot name a lab "${name}": a letter, then up to 15 letters and digits`);
  const [lack] = preflight({ base: plan.base });
  if (lack !== undefined) throw new LabError("missing", lack.what, { hint: lack.fix });
  const clock = plan.fakeClock ? findFakeClock(options.checkout) : undefined;
  if (plan.fakeClock && clock === undefined) {
    throw new LabError("missing", "there is no libfaketime to step clocks with", {
      hint: "As root: apt-get install libfaketime",
    });
  }
  const progress = options.progress ?? (() => undefined);
  const paths = labPaths(labDirectory(name));
  const lab = await withLock(lockName(paths.directory, "open"), undefined, async () => {
    const old = readState(paths.directory);
    if (old !== undefined && isLive(old)) {
      throw new LabError("already-running", `the lab "${name}" is up already, since ${old.createdAt}`, {
        hint: "End it first: npm run lab -- down",
      });
    }
    await clean(name);
    return await make(options, paths);
  });
  try {
    progress(`starting etcd: ${lab.etcd.names.join(", ")}`);
    await lab.etcd.start();
    progress(`booting ${lab.machines.names.join(", ")}`);
    await Promise.all(
      lab.machines.names.map((machine) => mountRoot(lab.holder, paths, machine, plan.base, stateBytes)),
    );
    for (const machine of lab.machines.names) {
      furnish(lab.holder, paths, name, machine, {
        base: plan.base,
        etcdUrls: lab.etcd.urls,
        options: { ...(plan.ttl === undefined ? {} : { agent_ttl: plan.ttl }), ...plan.options },
        metadata: { number: machine.slice(1) },
        fakeClock: clock,
      });
    }
    await lab.machines.boot(lab.machines.names.slice(0, plan.machines - (plan.spare ?? 0)));
  } catch (error) {
    await lab.close();
    throw error;
  }
  return lab;
}

async function make({ name, plan, checkout }: OpenOptions, paths: LabPaths): Promise<MachineLab> {
  const etcd = findEtcd([`${checkout}/.cache/etcd`]);
  if (etcd === undefined)
    throw new LabError("missing", "there is no etcd on this host", { hint: "Run: node scripts/setup.mjs" });
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });
  copyBundles(checkout, paths.bundle);
  const service = bootedWithSystemd() ? `fleet-machines-${name}.service` : undefined;
  const holder = await Holder.open({
    cgroup: labCgroup(name),
    directory: paths.directory,
    ...(service === undefined ? {} : { service }),
  });
  const owner = identifyProcess(process.pid);
  const state: LabState = {
    version: 1,
    name,
    kernelBootId: kernelBootId(),
    createdAt: new Date().toISOString(),
    cgroup: holder.cgroup,
    ...(service === undefined ? {} : { service }),
    holder: holder.identity,
    ...(owner === undefined ? {} : { owner }),
    plan,
    etcd,
  };
  writeState(paths.directory, state);
  return new MachineLab(state, holder);
}

// Machines run copies: a build meanwhile does not change what is tested.
function copyBundles(checkout: string, to: string): void {
  const guard = "fleetd/dist/fleet-guard.mjs";
  for (const part of ["fleetd/dist/fleetd.mjs", guard, "fleetd/proto", "fleetctl/dist/fleetctl.mjs"]) {
    const from = `${checkout}/packages/${part}`;
    if (!existsSync(from)) {
      throw new LabError("missing", `there is no ${basename(from)} to run`, { hint: "Run: npm run build" });
    }
    cpSync(from, `${to}/${part}`, { recursive: true });
  }
}

/**
 * Takes up a lab that another process made.
 * @throws {LabError} `not-running` if there is none.
 */
export function attachLab(name: string): MachineLab {
  const state = readState(labDirectory(name));
  const holder =
    state !== undefined && isLive(state)
      ? Holder.attach(state.holder, state.cgroup, state.service)
      : undefined;
  if (state !== undefined && holder !== undefined) return new MachineLab(state, holder);
  throw new LabError("not-running", `the lab "${name}" is not up`, { hint: "npm run lab -- up" });
}

/** Ends a lab, or cleans away what is left of one. @returns whether there was anything. */
export async function closeLab(name: string): Promise<boolean> {
  const directory = labDirectory(name);
  return await withLock(lockName(directory, "open"), undefined, async () => await clean(name));
}

/** The names of the labs that are up or have left something. */
export function listLabs(): readonly string[] {
  return existsSync(baseDirectory) ? readdirSync(baseDirectory).sort() : [];
}

function isLive(state: LabState): boolean {
  if (state.kernelBootId !== kernelBootId() || !isAlive(state.holder)) return false;
  return state.owner === undefined || isAlive(state.owner);
}

// By recorded names only: the state file's cgroup and holder, and the directory of this lab.
async function clean(name: string): Promise<boolean> {
  const directory = labDirectory(name);
  if (!existsSync(directory)) return false;
  const state = readState(directory);
  if (state !== undefined && state.kernelBootId === kernelBootId()) {
    // A holder that is without its owner is ending the lab by itself just now.
    if (state.owner !== undefined && !isAlive(state.owner) && isAlive(state.holder)) {
      const gone = await until("the lab to end", { timeoutMs: 5_000, everyMs: 10 }, () => {
        return !isAlive(state.holder);
      }).catch(() => false);
      if (gone && !existsSync(directory)) return true;
    }
    // After a power cut of the holder alone its machines live: their groups are reached from any other namespace.
    const holder =
      Holder.attach(state.holder, state.cgroup, state.service) ??
      (state.service === undefined ? await Holder.open({ cgroup: state.cgroup, directory }) : undefined);
    await holder?.close();
  }
  removeDirectory(directory);
  return true;
}

function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  try {
    rmdirSync(baseDirectory);
  } catch {
    // Other labs are in it.
  }
}
