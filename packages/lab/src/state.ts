import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LabError } from "./lab-error.js";
import { lockName, withLock } from "./lock.js";
import type { ProcessIdentity } from "./process-identity.js";

/** How the lab gets a process subtree of its own for each machine. */
export type Way =
  /** Root: a private mount namespace with a cgroup2 mount in it. */
  | "namespace"
  /** Transient units of the user's own manager. */
  | "delegated-user"
  /** Root on a host booted with systemd: transient units of the system manager. */
  | "delegated-system";

/** The daemon under test, as a service of each machine's manager. */
export interface DaemonTemplate {
  /** Program (absolute) and arguments, taken literally. */
  readonly command: readonly [string, ...string[]];
  /** Added to the manager's environment, taken literally. */
  readonly environment?: Readonly<Record<string, string>>;
  /** More lines for the unit's `[Service]` section, such as `Type=notify`. */
  readonly service?: readonly string[];
}

/** What a machine is; kept for its next boot. */
export interface MachineRecord {
  readonly name: string;
  readonly address: string;
  readonly machineId: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly bus: boolean;
  readonly daemon?: DaemonTemplate;
  readonly units: Readonly<Record<string, string>>;
  /** "on" from the first successful boot until a power cut by the lab. */
  readonly power: "on" | "off";
  /** Another one for each boot. */
  readonly bootId: string;
  readonly boots: number;
}

/** What is needed to start the same etcd again. */
export interface EtcdRecord {
  readonly binary: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly dataDirectory: string;
  readonly extraArgs: readonly string[];
}

/** Everything another process must know about a lab. */
export interface LabState {
  readonly version: 1;
  readonly name: string;
  readonly way: Way;
  readonly kernelBootId: string;
  readonly createdAt: string;
  readonly dataDirectory: string;
  /** The cgroup under which everything of the lab lives, from the root of the hierarchy, with a leading slash. */
  readonly cgroup: string;
  /** Keeps the mount namespace (`namespace` only). */
  readonly holder?: ProcessIdentity;
  /** The process without which the lab must not live on; absent once released. */
  readonly owner?: ProcessIdentity;
  readonly etcd?: EtcdRecord;
  /** Ports given out by `Lab.port`, by the caller's own keys. */
  readonly ports: Readonly<Record<string, number>>;
  readonly machines: Readonly<Record<string, MachineRecord>>;
}

/** The state file of one lab. Readers see a whole state, writers take turns. */
export class StateFile {
  readonly directory: string;
  readonly #path: string;

  constructor(directory: string) {
    this.directory = directory;
    this.#path = join(directory, "state.json");
  }

  /** The state as it is now; `undefined` if there is none, or one of another version of the lab. */
  read(): LabState | undefined {
    if (!existsSync(this.#path)) return undefined;
    try {
      const state = JSON.parse(readFileSync(this.#path, "utf8")) as LabState;
      return state.version === 1 ? state : undefined;
    } catch (cause) {
      if (cause instanceof SyntaxError) return undefined;
      throw new LabError("failed", `cannot read ${this.#path}`, { cause });
    }
  }

  /** Writes the first state. */
  create(state: LabState): void {
    this.#write(state);
  }

  /**
   * Replaces the state by what `change` makes of it, while nobody else changes it.
   * @throws {LabError} `not-running` if there is no state.
   */
  async update(change: (state: LabState) => LabState, signal?: AbortSignal): Promise<LabState> {
    return await withLock(lockName(this.directory, "state"), signal, async () => {
      const state = this.read();
      if (state === undefined) throw new LabError("not-running", `no lab has its state in ${this.directory}`);
      const changed = change(state);
      this.#write(changed);
      return changed;
    });
  }

  #write(state: LabState): void {
    const beside = `${this.#path}.${process.pid}`;
    writeFileSync(beside, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(beside, this.#path);
  }
}
