import type { Clock } from "@fleet/core/ports";
import type { DbusConnection } from "./dbus-connection.js";
import { callBus, callManager, systemdName } from "./manager-calls.js";

/** The first pause before a message that got no answer is followed by another; doubled each time. */
const nudgeDelayMs = 20;

const matchRules = [
  `type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${systemdName}'`,
  `type='signal',sender='${systemdName}'`,
];

/**
 * Introduces us: to a bus daemon with Hello and the signals we want to hear, to systemd with Subscribe. A private socket
 * has no daemon, and its peer sends all signals to everybody.
 */
export async function greet(
  connection: DbusConnection,
  isBus: boolean,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (isBus) {
    await callBus(connection, { member: "Hello", what: "greet the bus" }, signal);
    for (const rule of matchRules) {
      const method = { member: "AddMatch", signature: "s", body: [rule], what: "hear systemd's signals" };
      await callBus(connection, method, signal);
    }
  }
  await subscribe(connection, clock, signal);
}

/**
 * Subscribes, as often as it takes. systemd forgets to look at a first message that arrives in one piece with the end of
 * the authentication (sd-bus in systemd 252) until something else arrives. Subscribing twice is the same as once.
 */
async function subscribe(connection: DbusConnection, clock: Clock, signal: AbortSignal): Promise<void> {
  const answered = new AbortController();
  const lifetime = AbortSignal.any([signal, answered.signal]);
  const send = (until: AbortSignal) =>
    callManager(connection, { member: "Subscribe", what: "subscribe to systemd" }, () => {}, until);
  const nudging = (async () => {
    const nudges: Promise<void>[] = [];
    for (let delayMs = nudgeDelayMs; !lifetime.aborted; delayMs *= 2) {
      await clock.sleep(delayMs, lifetime).catch(() => {});
      // The answer to the first one is what counts; these only have to arrive.
      if (!lifetime.aborted) nudges.push(send(lifetime).catch(() => {}));
    }
    await Promise.all(nudges);
  })();
  try {
    await send(signal);
  } finally {
    answered.abort();
    await nudging;
  }
}
