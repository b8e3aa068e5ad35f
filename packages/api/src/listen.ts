import { chmod, chown, lstat, stat, unlink } from "node:fs/promises";
import type { Server } from "node:http";
import { connect, type ListenOptions } from "node:net";
import { dirname } from "node:path";
import { FleetError } from "@fleet/core";

/** Where an API server listens. */
export type ApiAddress =
  | {
      readonly kind: "unix";
      readonly path: string;
      /** The file mode, which says who may connect; default 0660. */
      readonly mode?: number;
      /** The id of the group that owns the file; default the process's own. */
      readonly groupId?: number;
    }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  /** A socket that this process was started with. */
  | { readonly kind: "inherited"; readonly fd: number };

const socketModeDefault = 0o660;
/** What chown(2) takes for "as it is". */
const keepOwner = -1;
/** systemd hands sockets over from here on. */
const firstInheritedFd = 3;

/**
 * Reads what systemd says about sockets it has handed over (`LISTEN_PID`, `LISTEN_FDS`).
 * @param pid - This process; sockets for another one are not ours.
 * @returns the descriptors; none if there was no socket activation.
 */
export function inheritedDescriptors(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): readonly number[] {
  const { LISTEN_PID: owner, LISTEN_FDS: count } = environment;
  if (Number(owner) !== pid || count === undefined || !/^\d{1,4}$/.test(count)) return [];
  return Array.from({ length: Number(count) }, (_, index) => firstInheritedFd + index);
}

/**
 * Makes a server listen.
 * A unix socket that nobody listens on any more is replaced; one that is in use is left alone.
 * @returns the address as an endpoint: `unix:///path`, `http://host:port` or `fd://3`.
 * @throws {FleetError} `already-exists` if the address is taken, `permission-denied`, `unavailable`.
 */
export async function listenOn(server: Server, address: ApiAddress): Promise<string> {
  if (address.kind === "unix") return listenOnUnixSocket(server, address.path, address.mode, address.groupId);
  if (address.kind === "inherited") {
    await listen(server, { fd: address.fd } as ListenOptions, `the inherited socket ${address.fd}`);
    return `fd://${address.fd}`;
  }
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  await listen(server, { host: address.host, port: address.port }, `${host}:${address.port}`);
  const bound = server.address();
  return `http://${host}:${typeof bound === "object" && bound !== null ? bound.port : address.port}`;
}

async function listenOnUnixSocket(
  server: Server,
  path: string,
  mode: number = socketModeDefault,
  groupId?: number,
): Promise<string> {
  await removeLeftover(path);
  // The socket is made inside `listen`, before it returns: nobody can connect before the mode holds.
  const umask = process.umask(0o777 & ~mode);
  let listening: Promise<void>;
  try {
    listening = listen(server, { path }, path);
  } finally {
    process.umask(umask);
  }
  await listening;
  await giveToGroup(path, groupId);
  await chmod(path, mode);
  return `unix://${path}`;
}

/** Nobody but the process's own group can have connected in between. */
async function giveToGroup(path: string, groupId: number | undefined): Promise<void> {
  if (groupId === undefined) return;
  try {
    await chown(path, keepOwner, groupId);
  } catch (cause) {
    throw new FleetError("permission-denied", `cannot give ${path} to group ${groupId}`, {
      hint: "run as root, or as a member of that group",
      cause,
    });
  }
}

/** Removes a socket that nobody listens on; anything else that is in the way is left alone. */
async function removeLeftover(path: string): Promise<void> {
  const message = `cannot listen on ${path}`;
  try {
    // Node reports a missing directory as a missing permission.
    await stat(dirname(path));
    const there = await lstat(path).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    });
    if (there === undefined) return;
    if (!there.isSocket()) {
      throw new FleetError("already-exists", `${message}: there is a file that is no socket`, {
        hint: "remove the file, or choose another path",
      });
    }
    if (await isListening(path)) {
      throw new FleetError("already-exists", `${message}: another server listens there`, {
        hint: "stop the other one, or give this one another path",
      });
    }
    await unlink(path);
  } catch (error) {
    throw error instanceof FleetError ? error : listenError(error, path);
  }
}

/** Says whether somebody answers on a unix socket. */
function isListening(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") resolve(false);
      else reject(error);
    });
  });
}

function listen(server: Server, options: ListenOptions, shown: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: unknown): void => reject(listenError(error, shown));
    server.once("error", onError);
    server.listen(options, () => {
      server.removeListener("error", onError);
      resolve();
    });
  });
}

function listenError(error: unknown, shown: string): FleetError {
  const code = codeOf(error);
  const message = `cannot listen on ${shown}`;
  switch (code) {
    case "EADDRINUSE":
      return new FleetError("already-exists", `${message}: the address is in use`, { cause: error });
    case "EACCES":
    case "EPERM":
      return new FleetError("permission-denied", `${message}: permission denied`, { cause: error });
    case "ENOENT":
      return new FleetError("unavailable", `${message}: its directory does not exist`, { cause: error });
    default:
      return new FleetError("unavailable", `${message}: ${code ?? String(error)}`, { cause: error });
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
