import { join } from "node:path";
import { isPopulated, unitsIn } from "./cgroup.js";
import type { CommandResult } from "./command.js";
import type { LabContext } from "./context.js";
import { destroyLab } from "./destroy.js";
import { etcdUrl, findEtcd, launchEtcd, powerCutEtcd, terminateEtcd, wipeEtcd } from "./etcd.js";
import { isRoomyTmpfs, userId } from "./host-facts.js";
import { LabError } from "./lab-error.js";
import type {
  EtcdOptions,
  LabStatus,
  MachineOptions,
  MachineStatus,
  OperationOptions,
} from "./lab-options.js";
import { lockName, withLock } from "./lock.js";
import { daemonPid, killDaemon, restartDaemon, startDaemon, stopDaemon } from "./machine-daemon.js";
import { bootMachine, freezeMachine, killMachine, machineState, type PowerCut } from "./machine-power.js";
import { invocationIds, type SystemctlOptions, systemctl, systemctlOrThrow } from "./machine-systemctl.js";
import { checkName, etcdGroup, unitNameMatcher } from "./names.js";
import { checkSocketPath, type MachinePaths } from "./paths.js";
import { findFreePort } from "./ports.js";
import type { EtcdRecord } from "./state.js";
import { TcpProxy } from "./tcp-proxy.js";

// etcd writes ahead in files of 64 MB and snapshots beside them.
const etcdTmpfsBytesMin = 1024 * 1024 * 1024;
const exitTimeoutMs = 15_000;

/**
 * A cluster of real machines, each a systemd manager with its own units, on this host.
 * All knowledge is in the state file and in the kernel, so any number of processes may hold a `Lab` of one lab;
 * operations on one machine take turns. Made by `openLab` or `attachLab`.
 */
export class Lab {
  readonly #context: LabContext;
  readonly #proxies = new Map<string, TcpProxy>();

  constructor(context: LabContext) {
    this.#context = context;
  }

  /** Its name. */
  get name(): string {
    return this.#context.name;
  }

  /** Where its sockets and its state file are. */
  get directory(): string {
    return this.#context.file.directory;
  }

  /** Where its bulky things are: etcd's data, logs, the machines' disks. The caller may keep files here too. */
  get dataDirectory(): string {
    return this.#context.dataDirectory;
  }

  /**
   * Starts etcd, or starts it again with the same ports and data, and waits until it serves.
   * @returns its URL for clients.
   * @throws {LabError} `missing` if there is no etcd on this host.
   */
  async startEtcd(options: EtcdOptions = {}): Promise<string> {
    return await withLock(lockName(this.directory, "etcd"), options.signal, async () => {
      const before = this.#context.state().etcd;
      const record = await this.#etcdRecord(before, options);
      if (options.wipe && !(await isPopulated(this.#context.host.group(etcdGroup)))) await wipeEtcd(record);
      await this.#context.file.update((state) => ({ ...state, etcd: record }), options.signal);
      await launchEtcd(this.#context.host, record, this.dataDirectory, options.signal);
      return etcdUrl(record);
    });
  }

  async #etcdRecord(before: EtcdRecord | undefined, options: EtcdOptions): Promise<EtcdRecord> {
    const binary = options.binary ?? before?.binary ?? findEtcd();
    if (binary === undefined) {
      throw new LabError("missing", "there is no etcd on this host", { hint: "Run: node scripts/setup.mjs" });
    }
    const inMemory = options.tmpfs === true && isRoomyTmpfs("/dev/shm", etcdTmpfsBytesMin);
    const wanted = inMemory
      ? `/dev/shm/fleet-lab-${userId()}-${this.#seed().slice(-40)}`
      : join(this.dataDirectory, "etcd");
    const clientPort = before?.clientPort ?? (await this.#freePort("127.0.0.1", "etcd client", new Set()));
    const peerPort =
      before?.peerPort ?? (await this.#freePort("127.0.0.1", "etcd peer", new Set([clientPort])));
    return {
      binary,
      clientPort,
      peerPort,
      dataDirectory: before?.dataDirectory ?? wanted,
      extraArgs: options.extraArgs ?? before?.extraArgs ?? [],
    };
  }

  /** Ends etcd with SIGTERM; `startEtcd` goes on with its data. Does nothing if it is off. */
  async stopEtcd(options: OperationOptions = {}): Promise<void> {
    await terminateEtcd(this.#context.host, options.signal);
  }

  /** Ends etcd with SIGKILL; `startEtcd` goes on with its data. Does nothing if it is off. */
  async killEtcd(options: OperationOptions = {}): Promise<void> {
    await powerCutEtcd(this.#context.host, options.signal);
  }

  /**
   * Where clients find etcd.
   * @throws {LabError} `not-running` if it was never started here.
   */
  get etcdUrl(): string {
    const { etcd } = this.#context.state();
    if (etcd === undefined) throw new LabError("not-running", `the lab "${this.name}" has no etcd yet`);
    return etcdUrl(etcd);
  }

  /**
   * A TCP proxy in this process between one machine and etcd, made at the first call: give its port to the
   * machine's daemon instead of etcd's own. It ends with this process, or with `stop` or `release`.
   */
  async etcdProxy(machine: string): Promise<TcpProxy> {
    checkName("machine", machine);
    const known = this.#proxies.get(machine);
    if (known !== undefined) return known;
    const proxy = await TcpProxy.listen({ targetPort: Number(new URL(this.etcdUrl).port) });
    this.#proxies.set(machine, proxy);
    return proxy;
  }

  /**
   * A port on `address` that was free when `key` was first asked for; the same one ever after in this lab.
   * Different from all other ports given out here, whatever their address.
   */
  async port(key: string, address = "127.0.0.1", options: OperationOptions = {}): Promise<number> {
    return await withLock(lockName(this.directory, "ports"), options.signal, async () => {
      const known = this.#context.state().ports[key];
      if (known !== undefined) return known;
      const port = await this.#freePort(address, key, new Set());
      await this.#context.file.update(
        (state) => ({ ...state, ports: { ...state.ports, [key]: port } }),
        options.signal,
      );
      return port;
    });
  }

  async #freePort(address: string, key: string, more: ReadonlySet<number>): Promise<number> {
    const { ports, etcd } = this.#context.state();
    const taken = [...Object.values(ports), ...(etcd ? [etcd.clientPort, etcd.peerPort] : []), ...more];
    return await findFreePort(address, `${this.#seed()} ${key}`, new Set(taken));
  }

  #seed(): string {
    return lockName(this.directory, "seed");
  }

  /**
   * Boots a new machine and, on it, the daemon. Several may boot at the same time.
   * @returns the milliseconds until its manager had reached basic.target; the daemon may take longer.
   * @throws {LabError} `already-running` if a machine of this name is on.
   */
  async startMachine(options: MachineOptions): Promise<number> {
    const name = checkName("machine", options.name);
    checkSocketPath(this.paths(name).privateSocket);
    const record = {
      name,
      address: options.address,
      machineId: options.machineId ?? "",
      metadata: options.metadata ?? {},
      bus: options.bus ?? false,
      units: options.units ?? {},
      ...(options.daemon ? { daemon: options.daemon } : {}),
    };
    return await bootMachine(this.#context, name, () => record, options.signal);
  }

  /** A power cut: everything that runs on the machine is gone at once. Its disk stays. */
  async killMachine(name: string, options: OperationOptions = {}): Promise<PowerCut> {
    return await killMachine(this.#context, name, options.signal);
  }

  /**
   * Switches a machine on again: an empty /run, the same disk, another boot id.
   * @returns the milliseconds until its manager had reached basic.target.
   */
  async reviveMachine(name: string, options: OperationOptions = {}): Promise<number> {
    return await bootMachine(this.#context, name, () => this.#context.machine(name), options.signal);
  }

  /** Stops the machine's every process in its tracks: connections to it stay open and silent. */
  async freezeMachine(name: string, options: OperationOptions = {}): Promise<void> {
    await freezeMachine(this.#context, name, true, options.signal);
  }

  /** Lets a frozen machine go on. */
  async thawMachine(name: string, options: OperationOptions = {}): Promise<void> {
    await freezeMachine(this.#context, name, false, options.signal);
  }

  /** The daemon's main process; `undefined` while it has none. */
  async daemonPid(name: string, options: OperationOptions = {}): Promise<number | undefined> {
    return await daemonPid(this.#context, name, options.signal);
  }

  /** SIGKILLs the daemon alone; its manager starts it again 100 ms later. Returns the pid that was killed. */
  async killDaemon(name: string, options: OperationOptions = {}): Promise<number> {
    return await killDaemon(this.#context, name, options.signal);
  }

  /** Ends the daemon alone, for good: by SIGTERM, or with `how: "kill"` by SIGKILL. Units run on. */
  async stopDaemon(
    name: string,
    options: OperationOptions & { how?: "terminate" | "kill" } = {},
  ): Promise<void> {
    await stopDaemon(this.#context, name, options.how ?? "terminate", options.signal);
  }

  /** Starts a daemon that `stopDaemon` ended. */
  async startDaemon(name: string, options: OperationOptions = {}): Promise<void> {
    await startDaemon(this.#context, name, options.signal);
  }

  /** Restarts the daemon with SIGTERM, as an upgrade does. */
  async restartDaemon(name: string, options: OperationOptions = {}): Promise<void> {
    await restartDaemon(this.#context, name, options.signal);
  }

  /**
   * Which units really have processes on a machine, by the kernel's account: name to pids, in name order.
   * Works also while the machine is frozen; empty when it is off.
   * @param pattern - A glob (`*`, `?`) over whole unit names.
   */
  async unitsRunning(name: string, pattern = "*"): Promise<Map<string, number[]>> {
    this.#context.machine(name);
    const matches = unitNameMatcher(pattern);
    const units = [...(await unitsIn(this.#context.host.group(name)))].filter(([unit]) => matches(unit));
    return new Map(units.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Unit name to InvocationID, for the loaded units that match and have run: another id after every start. */
  async invocationIds(
    name: string,
    pattern = "*.service",
    options: SystemctlOptions = {},
  ): Promise<Map<string, string>> {
    this.#context.machine(name);
    return await invocationIds(this.#context, name, pattern, options);
  }

  /** Runs `systemctl --user ARGS` against a machine's manager. A status other than 0 is a result, not an error. */
  async systemctl(
    name: string,
    args: readonly string[],
    options: SystemctlOptions = {},
  ): Promise<CommandResult> {
    this.#context.machine(name);
    return await systemctl(this.#context, name, args, options);
  }

  /** Where a machine keeps what. The machine need not exist yet. */
  paths(name: string): MachinePaths {
    return this.#context.paths(name);
  }

  /** Log files of a machine (manager and units; daemon) and of etcd; one that does not exist has nothing to say. */
  logs(name: string): { readonly machine: string; readonly daemon: string; readonly etcd: string } {
    const { log, daemonLog } = this.paths(name);
    return { machine: log, daemon: daemonLog, etcd: join(this.dataDirectory, "etcd.log") };
  }

  /** What the lab is and does now. Never waits for a machine. */
  async status(): Promise<LabStatus> {
    const state = this.#context.state();
    const { host } = this.#context;
    const records = Object.values(state.machines).sort((a, b) =>
      a.name.localeCompare(b.name, "en", { numeric: true }),
    );
    const machines: MachineStatus[] = [];
    for (const { name, address, machineId, metadata, bus, boots, bootId } of records) {
      const units = [...(await this.unitsRunning(name)).keys()];
      const now = await machineState(this.#context, name);
      machines.push({ name, address, machineId, metadata, bus, boots, bootId, state: now, units });
    }
    const etcdState = (await isPopulated(host.group(etcdGroup))) ? "running" : "off";
    return {
      name: state.name,
      way: state.way,
      directory: this.directory,
      dataDirectory: this.dataDirectory,
      createdAt: state.createdAt,
      released: state.owner === undefined,
      etcd: state.etcd ? { url: etcdUrl(state.etcd), state: etcdState } : undefined,
      ports: state.ports,
      machines,
    };
  }

  /** Lets the lab live on after this process; `attachLab` finds it again. Ends this process's proxies. */
  async release(options: OperationOptions = {}): Promise<void> {
    await this.#closeProxies();
    await this.#context.file.update(({ owner: _, ...state }) => state, options.signal);
    await this.#context.host.release();
  }

  /**
   * Ends everything and leaves nothing behind: no process, mount, cgroup or file.
   * @param options - `graceful` first lets each running machine stop its units, for at most 15 s.
   */
  async stop(options: OperationOptions & { graceful?: boolean } = {}): Promise<void> {
    await this.#closeProxies();
    const state = this.#context.file.read();
    if (state === undefined) return;
    if (options.graceful)
      await Promise.all(Object.keys(state.machines).map((name) => this.#shutDown(name, options)));
    await withLock(lockName(this.directory, "open"), options.signal, async () => {
      await destroyLab(this.directory, state, this.#context.host);
    });
  }

  async #shutDown(name: string, options: OperationOptions): Promise<void> {
    if ((await machineState(this.#context, name)) !== "running") return;
    const asked = { timeoutMs: exitTimeoutMs, signal: options.signal };
    // A machine that cannot stop its units in time loses its power like the others.
    await systemctlOrThrow(
      this.#context,
      name,
      ["start", "--job-mode=replace-irreversibly", "exit.target"],
      asked,
    ).catch(() => undefined);
  }

  async #closeProxies(): Promise<void> {
    for (const proxy of this.#proxies.values()) await proxy.close();
    this.#proxies.clear();
  }
}
