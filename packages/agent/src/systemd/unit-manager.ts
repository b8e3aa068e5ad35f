import { readFile } from "node:fs/promises";
import { FleetError, isFleetError, type UnitName } from "@fleet/core";
import type { Clock, Job, LocalUnit, Logger, UnitManager, UnitManagerEvent } from "@fleet/core/ports";
import { readSystemStatePrivately } from "./ask-privately.js";
import { DbusConnection } from "./dbus-connection.js";
import { asString } from "./dbus-value.js";
import { greet } from "./greet.js";
import { JobTable } from "./job-table.js";
import { describeAddress, type ManagerAddress, socketOf } from "./manager-address.js";
import { callManager, type Method, queueJob, readManagerProperty } from "./manager-calls.js";
import { SignalReader } from "./signal-reader.js";
import { UnitReader } from "./unit-reader.js";
import { UnitTable } from "./unit-table.js";

/** How to reach systemd, and how patient to be. */
export interface UnitManagerOptions {
  readonly address: ManagerAddress;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Longest wait for any reply but that of a reload, in ms. Default 15,000: a reload of others may be in the way. */
  readonly callTimeoutMs?: number;
  /** Longest wait for a reload, in ms. Default 120,000; systemd takes 2 to 4 s for 2,000 units on a small machine. */
  readonly reloadTimeoutMs?: number;
  /** Where the kernel tells its boot id. Default `/proc/sys/kernel/random/boot_id`. */
  readonly kernelBootIdPath?: string;
  /**
   * systemd's own socket, asked for its state while the bus is gone. Default: that of the machine's systemd for the
   * address `system`; none for others.
   */
  readonly privatePath?: string;
}

const callTimeoutMsDefault = 15_000;
const reloadTimeoutMsDefault = 120_000;
const privatePathDefault = "/run/systemd/private";
const kernelBootIdPathDefault = "/proc/sys/kernel/random/boot_id";

/** A manager that re-executes itself is back after a tenth of a second; one that is gone is not asked all the time. */
const reconnectDelayMsMin = 50;
const reconnectDelayMsMax = 5_000;

/** Drives a real systemd over D-Bus. See `UnitManager` for the contract. */
export function createUnitManager(options: UnitManagerOptions): UnitManager {
  return new DbusUnitManager(options);
}

class DbusUnitManager implements UnitManager {
  readonly #options: UnitManagerOptions;
  readonly #logger: Logger;
  readonly #jobs = new JobTable();
  readonly #table = new UnitTable();
  readonly #reader: UnitReader;
  readonly #listeners = new Set<(event: UnitManagerEvent) => void>();
  readonly #waiters = new Set<() => void>();
  #connection: DbusConnection | undefined;
  #isTold = false;
  #problem: string | undefined;

  constructor(options: UnitManagerOptions) {
    this.#options = options;
    this.#logger = options.logger;
    this.#reader = new UnitReader(this.#table, options.clock);
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  subscribe(listener: (event: UnitManagerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async run(signal: AbortSignal): Promise<void> {
    let delayMs = reconnectDelayMsMin;
    while (!signal.aborted) {
      const wasConnected = await this.#serveConnection(signal);
      if (signal.aborted) return;
      delayMs = wasConnected ? reconnectDelayMsMin : Math.min(delayMs * 2, reconnectDelayMsMax);
      await this.#options.clock.sleep(delayMs, signal).catch(() => {});
    }
  }

  async bootId(signal: AbortSignal): Promise<string> {
    while (this.#connection === undefined) await this.#nextConnection(signal);
    const path = this.#options.kernelBootIdPath ?? kernelBootIdPathDefault;
    const [kernel, begun] = await Promise.all([
      readFile(path, "utf8"),
      readManagerProperty(this.#connection, "UserspaceTimestampMonotonic", signal),
    ]);
    return `${kernel.trim()}-${String(begun)}`;
  }

  async systemState(signal: AbortSignal): Promise<string> {
    const { address, clock, callTimeoutMs = callTimeoutMsDefault } = this.#options;
    const path = this.#options.privatePath ?? (address.kind === "system" ? privatePathDefault : undefined);
    try {
      const connection = this.#connected("ask systemd's state");
      return asString(await readManagerProperty(connection, "SystemState", signal));
    } catch (error) {
      // The bus is stopped by the same shutdown that this question is about.
      if (path === undefined || !isFleetError(error, "unavailable")) throw error;
      return await readSystemStatePrivately({ path, clock, logger: this.#logger, callTimeoutMs }, signal);
    }
  }

  async describe(name: UnitName, signal: AbortSignal): Promise<LocalUnit> {
    return this.#reader.describe(this.#connected(`describe "${name}"`), name, signal);
  }

  async describeLoaded(
    names: readonly UnitName[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<UnitName, LocalUnit>> {
    return this.#reader.describeLoaded(this.#connected("describe units"), names, signal);
  }

  async link(paths: readonly string[], signal: AbortSignal): Promise<void> {
    if (paths.length === 0) return;
    await this.#call({ member: "LinkUnitFiles", ...files(paths), what: `link ${paths.join(", ")}` }, signal);
  }

  async enable(paths: readonly string[], signal: AbortSignal): Promise<void> {
    if (paths.length === 0) return;
    await this.#call(
      { member: "EnableUnitFiles", ...files(paths), what: `enable ${paths.join(", ")}` },
      signal,
    );
  }

  async disable(names: readonly UnitName[], signal: AbortSignal): Promise<void> {
    if (names.length === 0) return;
    const method = { member: "DisableUnitFiles", signature: "asb", what: `disable ${names.join(", ")}` };
    try {
      await this.#call({ ...method, body: [names, true] }, signal);
    } catch (error) {
      if (!isFleetError(error, "not-found")) throw error;
      // One unknown name fails all of them.
      if (names.length > 1) for (const name of names) await this.disable([name], signal);
    }
  }

  async reload(signal: AbortSignal): Promise<void> {
    const timeoutMs = this.#options.reloadTimeoutMs ?? reloadTimeoutMsDefault;
    await this.#call({ member: "Reload", what: "reload systemd", timeoutMs }, signal);
  }

  async start(name: UnitName, signal: AbortSignal): Promise<Job> {
    const connection = this.#connected(`start "${name}"`);
    return this.#jobs.queue(() => queueJob(connection, "StartUnit", name, signal));
  }

  async stop(name: UnitName, signal: AbortSignal): Promise<Job> {
    const connection = this.#connected(`stop "${name}"`);
    try {
      const queued = (path: string) => this.#jobs.isStop(path);
      return await this.#jobs.queue(() => queueJob(connection, "StopUnit", name, signal, queued));
    } catch (error) {
      if (isFleetError(error, "not-found")) return { result: Promise.resolve("done") };
      throw error;
    }
  }

  async resetFailed(name: UnitName, signal: AbortSignal): Promise<void> {
    const method = { member: "ResetFailedUnit", signature: "s", body: [name] };
    try {
      await this.#call({ ...method, what: `clear the failure of "${name}"` }, signal);
    } catch (error) {
      if (!isFleetError(error, "not-found")) throw error;
    }
  }

  /** Connects, and serves the connection until it ends. @returns whether systemd was reached. */
  async #serveConnection(signal: AbortSignal): Promise<boolean> {
    const { clock, callTimeoutMs = callTimeoutMsDefault, address } = this.#options;
    const over = new AbortController();
    const lifetime = AbortSignal.any([signal, over.signal]);
    const target = socketOf(address);
    const signals = new SignalReader({
      table: this.#table,
      jobs: this.#jobs,
      clock,
      emit: (event) => this.#emit(event),
      ownerLost: () => connection.close(),
    });
    const connection = new DbusConnection(target, {
      clock,
      logger: this.#logger,
      callTimeoutMs,
      interests: this.#table,
      onSignal: (message) => signals.read(message),
    });
    const deadlines = connection.watchDeadlines(lifetime).catch(() => {});
    const close = () => connection.close();
    signal.addEventListener("abort", close, { once: true });
    let problem: string;
    try {
      await greet(connection, target.isBus, clock, lifetime);
      this.#open(connection);
      problem = await connection.ended;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    } finally {
      signal.removeEventListener("abort", close);
      over.abort();
      connection.close();
      await deadlines;
    }
    return this.#lose(problem, signal);
  }

  #open(connection: DbusConnection): void {
    this.#connection = connection;
    this.#problem = undefined;
    this.#isTold = false;
    this.#logger.info("connected to systemd", { address: describeAddress(this.#options.address) });
    for (const wake of [...this.#waiters]) wake();
    this.#emit({ kind: "resynced" });
  }

  #lose(problem: string, signal: AbortSignal): boolean {
    const wasConnected = this.#connection !== undefined;
    this.#connection = undefined;
    this.#problem = problem;
    this.#table.clear();
    this.#jobs.loseAll();
    if (!signal.aborted && !this.#isTold) {
      this.#isTold = true;
      const address = describeAddress(this.#options.address);
      this.#logger.warn("cannot reach systemd; trying again until it answers", { address, problem });
    }
    if (wasConnected) this.#emit({ kind: "disconnected", problem });
    return wasConnected;
  }

  #connected(what: string): DbusConnection {
    if (this.#connection !== undefined) return this.#connection;
    throw new FleetError("unavailable", `cannot ${what}: no connection to systemd`);
  }

  #call(method: Method, signal: AbortSignal): Promise<void> {
    return callManager(this.#connected(method.what), method, () => {}, signal);
  }

  #nextConnection(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => () => {
        this.#waiters.delete(wake);
        signal.removeEventListener("abort", abort);
        settle();
      };
      const wake = done(resolve);
      const abort = done(() => reject(signal.reason));
      this.#waiters.add(wake);
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  #emit(event: UnitManagerEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (err) {
        this.#logger.error("a listener to unit changes failed", { event: event.kind, err });
      }
    }
  }
}

/** Runtime links and enablement, replacing what is there. */
function files(paths: readonly string[]): { readonly signature: string; readonly body: readonly unknown[] } {
  return { signature: "asbb", body: [paths, true, true] };
}
