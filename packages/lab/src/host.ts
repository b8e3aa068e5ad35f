import type { ProcessIdentity } from "./process-identity.js";

/** A process that was started in a group of its own. */
export interface Launched {
  /** Its exit status when it has ended already, as far as we can know; `undefined` while it runs. */
  exitStatus(): number | undefined;
}

/**
 * One way of giving every machine, and etcd, a subtree of processes of its own on this host.
 * Groups are named by their machine; they are plain cgroup v2 directories to everybody else.
 */
export interface Host {
  /** The cgroup that holds all groups, from the root of the hierarchy. */
  readonly cgroup: string;
  /** The process that must live for the others to be reachable, if there is one. */
  readonly holder: ProcessIdentity | undefined;
  /** The directory of a group as this process sees it; it need not exist. */
  group(name: string): string;
  /** The directory that holds all groups. */
  root(): string;
  /**
   * Runs the shell script `script` in the group `name`, which must be empty, its output appended to `log`.
   * The script outlives this process. Where `notifies`, waits for its readiness message if the way can.
   */
  launch(
    name: string,
    script: string,
    log: string,
    notifies: boolean,
    signal?: AbortSignal,
  ): Promise<Launched>;
  /** Lets everything live on when this process ends. */
  release(): Promise<void>;
  /** Removes all groups, which must be empty, and whatever else this way made. */
  close(): Promise<void>;
}
