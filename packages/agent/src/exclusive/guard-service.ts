import { join } from "node:path";
import { FleetError, type UnitName } from "@fleet/core";
import type { Logger, UnitManager } from "@fleet/core/ports";
import { orAbort } from "../run/or-abort.js";
import { dropInName, dropInText, guardUnitName, guardUnitText } from "./drop-in.js";
import { ensureFile, removeDropIn, runtimeUnitDirectory } from "./unit-files.js";

/** What this machine's systemd says of itself, besides its units. */
export interface ManagerFacts {
  /** The directories in which it looks for units. */
  searchPath(signal: AbortSignal): Promise<readonly string[]>;
  /** The drop-ins that it has read for a unit. */
  dropInPaths(unit: UnitName, signal: AbortSignal): Promise<readonly string[]>;
}

/** What the guard's service is made of. */
export interface GuardServiceOptions {
  /** The guard's command line. */
  readonly guardCommand: readonly string[];
  readonly isRoot: boolean;
  readonly units: UnitManager;
  readonly manager: ManagerFacts;
  /** `exclusive_stop_max`. */
  readonly stopMaxMs: number;
  readonly logger: Logger;
}

/** The guard as a service of this machine's systemd, and the drop-ins that bind units to it. */
export class GuardService {
  readonly #options: GuardServiceOptions;
  #unitDirectory: string | undefined;
  #raising: Promise<void> | undefined;

  constructor(options: GuardServiceOptions) {
    this.#options = options;
  }

  /** Resolves when nothing is under way. */
  get settled(): Promise<void> {
    return this.#raising ?? Promise.resolve();
  }

  /** Writes the guard's unit, and the drop-in of a unit. @param environmentFile - For the unit, as systemd is to read it. */
  async write(unit: UnitName, text: string, environmentFile: string, signal: AbortSignal): Promise<void> {
    const { stopMaxMs } = this.#options;
    const directory = await this.#findDirectory(signal);
    await this.#writeGuardUnit(directory);
    await ensureFile(dropInPath(directory, unit), dropInText({ unit, text, stopMaxMs, environmentFile }));
  }

  async removeDropIn(unit: UnitName, signal: AbortSignal): Promise<void> {
    await removeDropIn(dropInPath(await this.#findDirectory(signal), unit));
  }

  /** Queues the end of the guard; what is bound to it would be stopped. */
  async stopGuard(signal: AbortSignal): Promise<void> {
    await this.#options.units.stop(guardUnitName, signal);
  }

  /** Has the guard started beside everything else: the lease must be told of all the while. */
  raise(signal: AbortSignal): void {
    this.#raising ??= this.ensureGuard(signal)
      .catch((err: unknown) => {
        if (!signal.aborted) this.#options.logger.error("the guard of exclusive units does not run", { err });
      })
      .finally(() => {
        this.#raising = undefined;
      });
  }

  /** Starts the guard unless it runs. @throws {FleetError} `unavailable` if it cannot be started. */
  async ensureGuard(signal: AbortSignal): Promise<void> {
    const { units } = this.#options;
    const local = await units.describe(guardUnitName, signal);
    if (local.activeState === "active" && !local.hasJob) return;
    const isNew = await this.#writeGuardUnit(await this.#findDirectory(signal));
    if (isNew || local.loadState === "not-found" || local.needDaemonReload) await units.reload(signal);
    const job = await units.start(guardUnitName, signal);
    const result = await orAbort(job.result, signal);
    if (result === "done") return;
    throw new FleetError(
      "unavailable",
      `cannot start the guard of exclusive units: its job ended with "${result}"`,
      { hint: `systemctl status ${guardUnitName}` },
    );
  }

  #writeGuardUnit(directory: string): Promise<boolean> {
    const { guardCommand, isRoot } = this.#options;
    return ensureFile(join(directory, guardUnitName), guardUnitText(guardCommand, isRoot));
  }

  /** Sees that systemd has read the unit's drop-in: it may not look for one where there was no directory before. */
  async ensureDropIn(unit: UnitName, signal: AbortSignal): Promise<void> {
    const { manager, units } = this.#options;
    const path = dropInPath(await this.#findDirectory(signal), unit);
    const isRead = (await manager.dropInPaths(unit, signal)).includes(path);
    if (isRead && !(await units.describe(unit, signal)).needDaemonReload) return;
    await units.reload(signal);
    if ((await manager.dropInPaths(unit, signal)).includes(path)) return;
    throw new FleetError(
      "internal",
      `cannot start "${unit}", which is exclusive: systemd does not read ${path}`,
    );
  }

  async #findDirectory(signal: AbortSignal): Promise<string> {
    this.#unitDirectory ??= runtimeUnitDirectory(await this.#options.manager.searchPath(signal));
    return this.#unitDirectory;
  }
}

function dropInPath(directory: string, unit: UnitName): string {
  return join(directory, `${unit}.d`, dropInName);
}
