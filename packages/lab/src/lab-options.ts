import type { DaemonTemplate, Way } from "./state.js";

/** What a new machine is. */
export interface MachineOptions {
  /** A lower-case letter and up to 15 letters and digits, such as "m1". */
  readonly name: string;
  /** Its own loopback address, such as 127.0.0.11; recorded, for the daemon's configuration and for people. */
  readonly address: string;
  /** Recorded: /etc/machine-id is the host's on every machine, so the daemon must be told. Default "". */
  readonly machineId?: string;
  /** Recorded. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Unit files (name to text) on the machine's disk. */
  readonly units?: Readonly<Record<string, string>>;
  /** Gives the machine a session bus beside the manager's private socket. Default false. */
  readonly bus?: boolean;
  /** The daemon that its manager keeps running as `fleetd.service`. */
  readonly daemon?: DaemonTemplate;
  readonly signal?: AbortSignal;
}

/** How to run etcd; what is not given is as it was, when it ran before in this lab. */
export interface EtcdOptions {
  /** Default: `FLEET_ETCD`, PATH, then the caches of `scripts/setup.mjs`. */
  readonly binary?: string;
  /** Keeps the data in memory where the host has a large enough /dev/shm, so that disks do not disturb timings. */
  readonly tmpfs?: boolean;
  /** More arguments for etcd. */
  readonly extraArgs?: readonly string[];
  /** Forgets the data of an earlier run. */
  readonly wipe?: boolean;
  readonly signal?: AbortSignal;
}

/** One machine in `LabStatus`. */
export interface MachineStatus {
  readonly name: string;
  readonly address: string;
  readonly machineId: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly bus: boolean;
  readonly state: "running" | "frozen" | "off";
  readonly boots: number;
  readonly bootId: string;
  /** Units with processes, in name order, the daemon among them. */
  readonly units: readonly string[];
}

/** What a lab is and does at one moment. */
export interface LabStatus {
  readonly name: string;
  readonly way: Way;
  readonly directory: string;
  readonly dataDirectory: string;
  readonly createdAt: string;
  /** Whether it lives on without the process that made it. */
  readonly released: boolean;
  readonly etcd: { readonly url: string; readonly state: "running" | "off" } | undefined;
  readonly ports: Readonly<Record<string, number>>;
  /** In order of their names, m2 before m10. */
  readonly machines: readonly MachineStatus[];
}

/** What most operations take. */
export interface OperationOptions {
  readonly signal?: AbortSignal | undefined;
}
