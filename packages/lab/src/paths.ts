import { existsSync, lstatSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { userId } from "./host-facts.js";
import { LabError } from "./lab-error.js";

// sockaddr_un holds 108 bytes, one of them the closing zero.
const socketPathBytesMax = 107;

/** Where a machine keeps what; all absolute, none of them hidden in the machine's own namespace. */
export interface MachinePaths {
  /** XDG_RUNTIME_DIR: emptied by every boot, as /run is. */
  readonly runtime: string;
  /** What survives a power cut; holds `home` and the logs. */
  readonly disk: string;
  /** HOME of the machine's manager and units. */
  readonly home: string;
  /** Persistent unit files (`$HOME/.config/systemd/user`). */
  readonly unitDirectory: string;
  /** Unit files until the next boot (`$XDG_RUNTIME_DIR/systemd/user`). */
  readonly runtimeUnitDirectory: string;
  /** The manager's private socket, which speaks D-Bus without a bus. */
  readonly privateSocket: string;
  /** The session bus's socket; only machines with `bus: true` listen there. */
  readonly busSocket: string;
  /** A file whose text is another one after every boot. */
  readonly bootIdFile: string;
  /** Output of the manager and of all its units. */
  readonly log: string;
  /** Output of the daemon. */
  readonly daemonLog: string;
}

/** Where the labs of a user keep their state, unless told otherwise. */
export function baseDirectory(uid: number = userId()): string {
  if (uid === 0) return "/run/fleet-lab";
  const runtime = `/run/user/${uid}`;
  return existsSync(runtime) ? `${runtime}/fleet-lab` : `/tmp/fleet-lab-${uid}`;
}

/** Where the labs of a user keep what is bulky or must survive a machine's power cut. */
export function baseDataDirectory(uid: number = userId()): string {
  return `/var/tmp/fleet-lab-${uid}`;
}

/** The places of one machine of a lab. */
export function machinePaths(directory: string, dataDirectory: string, name: string): MachinePaths {
  const runtime = join(directory, name);
  const disk = join(dataDirectory, "machines", name);
  const home = join(disk, "home");
  return {
    runtime,
    disk,
    home,
    unitDirectory: join(home, ".config/systemd/user"),
    runtimeUnitDirectory: join(runtime, "systemd/user"),
    privateSocket: join(runtime, "systemd/private"),
    busSocket: join(runtime, "bus"),
    bootIdFile: join(runtime, "boot-id"),
    log: join(disk, "machine.log"),
    daemonLog: join(disk, "fleetd.log"),
  };
}

/**
 * Refuses a directory in which a machine's sockets could not be bound.
 * @throws {LabError} `invalid`.
 */
export function checkSocketPath(path: string): void {
  if (Buffer.byteLength(path) <= socketPathBytesMax) return;
  throw new LabError(
    "invalid",
    `cannot use the socket path ${path}: longer than ${socketPathBytesMax} bytes`,
    {
      hint: "Choose a shorter directory for the lab.",
    },
  );
}

/**
 * Makes a directory that only this user can enter, parents too, and refuses one that somebody else made:
 * the parents may be in a place where everybody can write.
 * @throws {LabError} `invalid` if it is another user's, or no directory.
 */
export function makePrivateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const own = lstatSync(path);
  const parent = lstatSync(dirname(path));
  if (own.isDirectory() && own.uid === userId() && (parent.uid === userId() || parent.uid === 0)) return;
  throw new LabError("invalid", `cannot use ${path}: it is not a directory of this user`, {
    hint: "Remove it, or choose another directory for the lab.",
  });
}
