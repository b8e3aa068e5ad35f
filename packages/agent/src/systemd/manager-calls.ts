import type { DbusCall, DbusConnection } from "./dbus-connection.js";
import { asArray, asDictionary, asString, unwrap } from "./dbus-value.js";
import { unitPath } from "./unit-path.js";

/** systemd's bus name, and the object and interfaces of its manager. */
export const systemdName = "org.freedesktop.systemd1";
const managerPath = "/org/freedesktop/systemd1";
/** The interface of the manager object. */
export const managerInterface = "org.freedesktop.systemd1.Manager";
/** The interface that all unit objects share. */
export const unitInterface = "org.freedesktop.systemd1.Unit";
/** The interface that services have besides. */
export const serviceInterface = "org.freedesktop.systemd1.Service";
/** The interface of properties and their changes. */
export const propertiesInterface = "org.freedesktop.DBus.Properties";
/** The bus daemon's own name, object and interface. */
export const busName = "org.freedesktop.DBus";
const busPath = "/org/freedesktop/DBus";

/** A method with its arguments; the signature is that of systemd's interface. */
export interface Method {
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
  readonly what: string;
  readonly timeoutMs?: number;
}

/** Calls a method of systemd's manager. */
export function callManager<T>(
  connection: DbusConnection,
  method: Method,
  read: (body: readonly unknown[]) => T,
  signal: AbortSignal,
): Promise<T> {
  const call: DbusCall = {
    ...method,
    destination: systemdName,
    path: managerPath,
    interface: managerInterface,
  };
  return connection.call(call, read, signal);
}

/** Calls a method of the bus daemon. */
export function callBus(connection: DbusConnection, method: Method, signal: AbortSignal): Promise<void> {
  const call: DbusCall = { ...method, destination: busName, path: busPath, interface: busName };
  return connection.call(call, () => {}, signal);
}

/** Reads one property of the manager. */
export function readManagerProperty(
  connection: DbusConnection,
  property: string,
  signal: AbortSignal,
): Promise<unknown> {
  return connection.call(
    {
      destination: systemdName,
      path: managerPath,
      interface: propertiesInterface,
      member: "Get",
      signature: "ss",
      body: [managerInterface, property],
      what: `read systemd's ${property}`,
    },
    (body) => unwrap(body[0]),
    signal,
  );
}

/** Reads one property of a unit, loading the unit if necessary. */
export function readUnitProperty<T>(
  connection: DbusConnection,
  unit: string,
  property: string,
  read: (value: unknown) => T,
  signal: AbortSignal,
): Promise<T> {
  return connection.call(
    {
      destination: systemdName,
      path: unitPath(unit),
      interface: propertiesInterface,
      member: "Get",
      signature: "ss",
      body: [unitInterface, property],
      what: `read ${property} of "${unit}"`,
    },
    (body) => read(unwrap(body[0])),
    signal,
  );
}

/** Reads all that systemd says of a service as such. */
export function readServiceProperties<T>(
  connection: DbusConnection,
  unit: string,
  read: (properties: Readonly<Record<string, unknown>>) => T,
  signal: AbortSignal,
): Promise<T> {
  return connection.call(
    {
      destination: systemdName,
      path: unitPath(unit),
      interface: propertiesInterface,
      member: "GetAll",
      signature: "s",
      body: [serviceInterface],
      what: `read how "${unit}" ended`,
    },
    (body) => read(asDictionary(body[0])),
    signal,
  );
}

/** Queues a job for a unit. @param queued - Is told the job's path before any later message is read. @returns that path. */
export function queueJob(
  connection: DbusConnection,
  member: "StartUnit" | "StopUnit",
  unit: string,
  signal: AbortSignal,
  queued: (path: string) => void = () => {},
): Promise<string> {
  const what = `${member === "StartUnit" ? "start" : "stop"} "${unit}"`;
  return callManager(
    connection,
    { member, signature: "ss", body: [unit, "replace"], what },
    (body) => {
      const path = asString(body[0]);
      queued(path);
      return path;
    },
    signal,
  );
}

/** Lists units: the rows of systemd's listing, read in the order of arrival. */
export function listUnits<T>(
  connection: DbusConnection,
  method: Omit<Method, "what">,
  read: (rows: readonly unknown[]) => T,
  signal: AbortSignal,
): Promise<T> {
  return callManager(connection, { ...method, what: "list units" }, (body) => read(asArray(body[0])), signal);
}
