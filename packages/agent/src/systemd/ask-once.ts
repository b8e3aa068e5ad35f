import { FleetError, isFleetError } from "@fleet/core";
import type { Clock, Logger } from "@fleet/core/ports";
import { DbusConnection } from "./dbus-connection.js";
import { asArray, asString } from "./dbus-value.js";
import { greet } from "./greet.js";
import type { SocketTarget } from "./manager-address.js";
import { queueJob, readManagerProperty, readUnitProperty } from "./manager-calls.js";

/** How to reach a systemd for single questions. */
export interface AskOnceOptions {
  /** Where it may be reached; the first that answers is used. */
  readonly targets: readonly SocketTarget[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Longest wait for an answer, in ms. */
  readonly callTimeoutMs: number;
}

/**
 * Asks systemd single questions, each over a connection of its own: for who has them rarely, and must go on working when the
 * bus is gone, or has never seen it.
 */
export class AskOnce {
  readonly #options: AskOnceOptions;

  constructor(options: AskOnceOptions) {
    this.#options = options;
  }

  /** Queues a stop. A unit that is not loaded is stopped already. */
  async stop(unit: string, signal: AbortSignal): Promise<void> {
    await this.#ask(signal, async (connection) => {
      await queueJob(connection, "StopUnit", unit, signal).catch((error: unknown) => {
        if (!isFleetError(error, "not-found")) throw error;
      });
    });
  }

  /** The unit's `ActiveState`; systemd has one for every name. */
  activeState(unit: string, signal: AbortSignal): Promise<string> {
    return this.#ask(signal, (connection) =>
      readUnitProperty(connection, unit, "ActiveState", asString, signal),
    );
  }

  /** Whether systemd has a job for the unit. */
  hasJob(unit: string, signal: AbortSignal): Promise<boolean> {
    return this.#ask(signal, (connection) =>
      readUnitProperty(connection, unit, "Job", (value) => asArray(value)[0] !== 0, signal),
    );
  }

  /** The units that are bound to this one (`BoundBy`). */
  boundBy(unit: string, signal: AbortSignal): Promise<readonly string[]> {
    return this.#ask(signal, (connection) =>
      readUnitProperty(connection, unit, "BoundBy", (value) => asArray(value).map(asString), signal),
    );
  }

  /** The drop-ins that systemd has read for a unit. */
  dropInPaths(unit: string, signal: AbortSignal): Promise<readonly string[]> {
    return this.#ask(signal, (connection) =>
      readUnitProperty(connection, unit, "DropInPaths", (value) => asArray(value).map(asString), signal),
    );
  }

  /** The directories in which systemd looks for units. */
  searchPath(signal: AbortSignal): Promise<readonly string[]> {
    return this.#ask(signal, async (connection) =>
      asArray(await readManagerProperty(connection, "UnitPath", signal)).map(asString),
    );
  }

  /** The cgroup below which systemd keeps its units. */
  controlGroup(signal: AbortSignal): Promise<string> {
    return this.#ask(signal, async (connection) =>
      asString(await readManagerProperty(connection, "ControlGroup", signal)),
    );
  }

  /** Tries one way after another, as long as nobody answers. */
  async #ask<T>(signal: AbortSignal, use: (connection: DbusConnection) => Promise<T>): Promise<T> {
    let problem: unknown = new FleetError("unavailable", "cannot ask systemd: no way to it is known");
    for (const target of this.#options.targets) {
      try {
        return await this.#converse(target, signal, use);
      } catch (error) {
        const isNoAnswer = isFleetError(error, "unavailable") || isFleetError(error, "deadline-exceeded");
        if (signal.aborted || !isNoAnswer) throw error;
        problem = error;
      }
    }
    throw problem;
  }

  async #converse<T>(
    target: SocketTarget,
    signal: AbortSignal,
    use: (connection: DbusConnection) => Promise<T>,
  ): Promise<T> {
    const { clock, logger, callTimeoutMs } = this.#options;
    const over = new AbortController();
    const lifetime = AbortSignal.any([signal, over.signal]);
    const connection = new DbusConnection(target, { clock, logger, callTimeoutMs, onSignal: () => {} });
    const deadlines = connection.watchDeadlines(lifetime).catch(() => {});
    const close = () => connection.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      await greet(connection, target.isBus, clock, lifetime);
      return await use(connection);
    } finally {
      signal.removeEventListener("abort", close);
      over.abort();
      connection.close();
      await deadlines;
    }
  }
}
