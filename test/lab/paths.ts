import { join } from "node:path";

/** Where labs keep what they are, one directory each. Nothing of a lab is anywhere else, but for its cgroup. */
export const baseDirectory = "/run/fleet-machines";

/** The directory of one lab. */
export function labDirectory(name: string): string {
  return join(baseDirectory, name);
}

/** The cgroup of a lab on a host that was not booted with systemd, from the root of the hierarchy. */
export function labCgroup(name: string): string {
  return `/fleet-machines/${name}`;
}

/** Where a machine finds the directory that all machines of a lab share, as if on a file server that is always there. */
export const sharedPlace = "/srv/shared";

/** Where the parts of a lab are, below its directory. */
export interface LabPaths {
  readonly directory: string;
  /** What the machines and etcd write; a tmpfs that only the lab's own mount namespace sees. */
  readonly disk: string;
  /** The bundles under test, as they were when the lab began. */
  readonly bundle: string;
  /** Consoles of machines and logs of etcd's members. */
  readonly logs: string;
  /** A directory on the disk that every machine sees as `sharedPlace`. */
  readonly shared: string;
}

/** The places of a lab. */
export function labPaths(directory: string): LabPaths {
  return {
    directory,
    disk: join(directory, "disk"),
    bundle: join(directory, "bundle"),
    logs: join(directory, "logs"),
    shared: join(directory, "disk", "shared"),
  };
}

/** Where a machine keeps what; all below the lab's disk, so seen from inside its mount namespace only. */
export interface MachinePlaces {
  /** The merged root file system. */
  readonly root: string;
  readonly upper: string;
  readonly work: string;
  /** The bundles that this machine runs: its own copy, so that machines can run different versions. */
  readonly bundle: string;
  /** Bound over `/etc/systemd/system`: nothing that is enabled on the host is enabled on a machine. */
  readonly units: string;
  /** Bound over fleetd's state directory; a small file system of its own, so that it can be full. */
  readonly state: string;
}

/** The places of one machine. */
export function machinePlaces(paths: LabPaths, machine: string): MachinePlaces {
  const own = join(paths.disk, machine);
  return {
    root: join(own, "root"),
    upper: join(own, "upper"),
    work: join(own, "work"),
    bundle: join(own, "bundle"),
    units: join(own, "units"),
    state: join(own, "state"),
  };
}
