import type { UnitName } from "@fleet/core";
import type { Clock, UnitManagerEvent } from "@fleet/core/ports";
import type { DbusSignal } from "./dbus-connection.js";
import { asArray, asBoolean, asDictionary, asString, unwrap } from "./dbus-value.js";
import type { JobTable } from "./job-table.js";
import {
  busName,
  managerInterface,
  propertiesInterface,
  serviceInterface,
  systemdName,
  unitInterface,
} from "./manager-calls.js";
import { unitNameOfPath } from "./unit-path.js";
import type { UnitTable } from "./unit-table.js";

/** Where signals lead. */
export interface SignalReaderOptions {
  readonly table: UnitTable;
  readonly jobs: JobTable;
  readonly clock: Clock;
  readonly emit: (event: UnitManagerEvent) => void;
  /** systemd has left the bus, to re-execute itself or for good. */
  readonly ownerLost: () => void;
}

/** A job of a unit that ran when it was queued. */
interface JobOfRunning {
  /** The run that it found. */
  readonly invocationId: string;
  /** The unit waited for its restart then, so that it may be just that. */
  readonly mayBeRestart: boolean;
}

/** Turns the signals of one connection into events; all that arrive in one read become one event. */
export class SignalReader {
  readonly #options: SignalReaderOptions;
  #changed = new Set<UnitName>();
  #isAnnounced = false;
  /** Jobs of units that ran when they were queued, by their paths. */
  readonly #jobsOfRunning = new Map<string, JobOfRunning>();
  #isReloading = false;

  constructor(options: SignalReaderOptions) {
    this.#options = options;
  }

  read(signal: DbusSignal): void {
    if (signal.interface === propertiesInterface) this.#properties(signal);
    else if (signal.interface === managerInterface) this.#manager(signal);
    else if (signal.interface === busName) this.#bus(signal);
  }

  #properties(signal: DbusSignal): void {
    if (signal.member !== "PropertiesChanged") return;
    const name = unitNameOfPath(signal.path);
    if (name === undefined) return;
    // Always announced together with a change of the unit itself.
    if (signal.body[0] === serviceInterface)
      this.#options.table.enterOutcome(name as UnitName, asDictionary(signal.body[1]));
    if (signal.body[0] !== unitInterface) return;
    const changed = asDictionary(signal.body[1]);
    this.#options.table.enterChange(name as UnitName, changed, this.#options.clock.monotonic());
    this.#forgetSkipped(changed);
    this.#touch(name as UnitName);
  }

  #manager(signal: DbusSignal): void {
    const { table, jobs } = this.#options;
    switch (signal.member) {
      case "JobNew":
        this.#jobQueued(asString(signal.body[1]), asString(signal.body[2]) as UnitName);
        break;
      case "JobRemoved":
        // The unit's own change is announced after this; who looks now must not be told of the time before.
        table.doubt(
          asString(signal.body[2]) as UnitName,
          jobs.ended(asString(signal.body[1]), asString(signal.body[3])),
        );
        this.#jobRemoved(
          asString(signal.body[1]),
          asString(signal.body[2]) as UnitName,
          asString(signal.body[3]),
        );
        break;
      case "UnitNew": {
        if (this.#isReloading) break;
        const name = asString(signal.body[0]) as UnitName;
        table.enterLoad(name);
        // Of one that was asked about just now there is nothing to be learnt before its state changes.
        if (!table.isExpected(name, this.#options.clock.monotonic())) this.#touch(name);
        break;
      }
      case "UnitRemoved": {
        // A reload announces every unit as gone and new again.
        if (this.#isReloading) break;
        const name = asString(signal.body[0]) as UnitName;
        table.remove(name, this.#options.clock.monotonic());
        this.#touch(name);
        break;
      }
      case "Reloading":
        this.#reloading(asBoolean(signal.body[0]));
        break;
    }
  }

  #jobQueued(path: string, unit: UnitName): void {
    const { table } = this.#options;
    const { activeState, subState } = table.row(unit)?.row ?? { activeState: "inactive", subState: "dead" };
    if (activeState === "inactive" || activeState === "failed") return;
    const mayBeRestart = subState.startsWith("auto-restart");
    this.#jobsOfRunning.set(path, { invocationId: table.invocationId(unit), mayBeRestart });
  }

  /**
   * systemd's own restart begins nothing if a condition of the unit does not hold, and its job is done all the same. Nobody
   * has stopped the unit then: a stop asks for no conditions. What has changed is announced before the end of the job.
   */
  #forgetSkipped({ ConditionResult, Job }: Readonly<Record<string, unknown>>): void {
    if (ConditionResult === undefined || Job === undefined || asBoolean(unwrap(ConditionResult))) return;
    const path = asString(asArray(unwrap(Job))[1]);
    if (this.#jobsOfRunning.get(path)?.mayBeRestart === true) this.#jobsOfRunning.delete(path);
  }

  #jobRemoved(path: string, unit: UnitName, result: string): void {
    const job = this.#jobsOfRunning.get(path);
    this.#jobsOfRunning.delete(path);
    if (job !== undefined && result === "done")
      this.#options.emit({ kind: "job-done", unit, invocationId: job.invocationId });
  }

  #reloading(isReloading: boolean): void {
    this.#isReloading = isReloading;
    this.#options.table.clear();
    if (!isReloading) this.#options.emit({ kind: "resynced" });
  }

  #bus(signal: DbusSignal): void {
    if (signal.member !== "NameOwnerChanged" || signal.body[0] !== systemdName) return;
    // A new owner without a loss before would be someone else's state; the connection starts over either way.
    if (signal.body[1] !== "") this.#options.ownerLost();
  }

  #touch(name: UnitName): void {
    this.#changed.add(name);
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    // All messages of one read are delivered before microtasks run.
    queueMicrotask(() => {
      this.#isAnnounced = false;
      const units = this.#changed;
      this.#changed = new Set();
      this.#options.emit({ kind: "changed", units });
    });
  }
}
