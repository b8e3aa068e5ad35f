import { FleetError } from "@fleet/core";

/**
 * Which systemd to drive, and how to reach it.
 * `system`: the machine's own, over the system bus. `private`: a manager's private socket, which has no bus daemon and
 * so goes on working when that dies. `user`: a user manager, over the session bus. `bus`: a manager on any other bus.
 * Addresses are D-Bus addresses (`unix:path=/run/user/1000/bus`), `path` is the path of a socket.
 */
export type ManagerAddress =
  | { readonly kind: "system"; readonly address?: string }
  | { readonly kind: "private"; readonly path: string }
  | { readonly kind: "user"; readonly address: string }
  | { readonly kind: "bus"; readonly address: string };

/** Where the system bus listens unless the environment names another place. */
const systemBusAddress = "unix:path=/var/run/dbus/system_bus_socket";

/** The socket to connect to, and whether a bus daemon is behind it. */
export interface SocketTarget {
  readonly path: string;
  readonly isBus: boolean;
}

/**
 * Finds the socket of a manager.
 * @throws {FleetError} `invalid-argument` if the address names no unix socket with a path.
 */
export function socketOf(address: ManagerAddress): SocketTarget {
  if (address.kind === "private") return { path: address.path, isBus: false };
  return { path: socketPath(address.address ?? systemBusAddress), isBus: true };
}

/** Says for people what `address` means. */
export function describeAddress(address: ManagerAddress): string {
  const { path } = socketOf(address);
  return address.kind === "private" ? `systemd's private socket ${path}` : `the D-Bus socket ${path}`;
}

function socketPath(addresses: string): string {
  for (const address of addresses.split(";")) {
    if (!address.startsWith("unix:")) continue;
    for (const part of address.slice("unix:".length).split(",")) {
      if (part.startsWith("path=")) return decodeURIComponent(part.slice("path=".length));
    }
  }
  throw new FleetError("invalid-argument", `cannot use the D-Bus address "${addresses}"`, {
    hint: "only addresses of the form unix:path=/… are supported",
  });
}
