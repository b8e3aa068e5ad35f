import type { Clock, Logger } from "@fleet/core/ports";
import { DbusConnection } from "./dbus-connection.js";
import { asString } from "./dbus-value.js";
import { greet } from "./greet.js";
import { readManagerProperty } from "./manager-calls.js";

/** How to ask. */
export interface PrivateQuestion {
  /** systemd's private socket. */
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly callTimeoutMs: number;
}

/**
 * Asks systemd itself for its state (`SystemState`), over a connection of its own to the private socket: that is there
 * until the very end, while a machine that shuts down stops its bus together with everything else.
 * @throws {FleetError} `unavailable` if the socket is not there or may not be used, `deadline-exceeded`.
 */
export async function readSystemStatePrivately(
  { path, clock, logger, callTimeoutMs }: PrivateQuestion,
  signal: AbortSignal,
): Promise<string> {
  const over = new AbortController();
  const lifetime = AbortSignal.any([signal, over.signal]);
  const connection = new DbusConnection(
    { path, isBus: false },
    { clock, logger, callTimeoutMs, onSignal: () => {} },
  );
  const deadlines = connection.watchDeadlines(lifetime).catch(() => {});
  try {
    await greet(connection, false, clock, lifetime);
    return asString(await readManagerProperty(connection, "SystemState", lifetime));
  } finally {
    over.abort();
    connection.close();
    await deadlines;
  }
}
