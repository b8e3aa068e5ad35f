import { type ErrorCode, FleetError } from "@fleet/core";

/** systemd's and the bus's own error names, where they mean something to us. */
const codes: Readonly<Record<string, ErrorCode>> = {
  "org.freedesktop.systemd1.NoSuchUnit": "not-found",
  "org.freedesktop.systemd1.NoSuchJob": "not-found",
  "org.freedesktop.DBus.Error.FileNotFound": "not-found",
  "org.freedesktop.DBus.Error.UnknownObject": "not-found",
  "org.freedesktop.DBus.Error.AccessDenied": "permission-denied",
  "org.freedesktop.DBus.Error.AuthFailed": "permission-denied",
  "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired": "permission-denied",
  "org.freedesktop.DBus.Error.InvalidArgs": "invalid-argument",
  "org.freedesktop.DBus.Error.ServiceUnknown": "unavailable",
  "org.freedesktop.DBus.Error.NameHasNoOwner": "unavailable",
  "org.freedesktop.DBus.Error.NoServer": "unavailable",
  "org.freedesktop.DBus.Error.NoReply": "unavailable",
  "org.freedesktop.DBus.Error.Disconnected": "unavailable",
  "org.freedesktop.DBus.Error.LimitsExceeded": "unavailable",
  "org.freedesktop.DBus.Error.Timeout": "deadline-exceeded",
  "org.freedesktop.DBus.Error.TimedOut": "deadline-exceeded",
};

/**
 * Translates an error reply. What systemd refuses for reasons of its own (a masked unit, a transaction that cannot be
 * built, a shutdown under way) is `conflict`, with systemd's words.
 * @param what - What was tried, to read after "cannot".
 */
export function fromDbusError(name: string, text: string, what: string): FleetError {
  const code = codes[name] ?? (name.startsWith("org.freedesktop.systemd1.") ? "conflict" : "internal");
  return new FleetError(code, `cannot ${what}: ${text === "" ? name : text}`, {
    cause: new Error(`${name}: ${text}`),
  });
}
