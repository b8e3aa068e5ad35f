import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProcessIdentity } from "@fleet/lab";

/** What a new lab is asked to be. */
export interface LabPlan {
  /** How many machines: m1, m2, … */
  readonly machines: number;
  /** How many of these, the last ones, stay off until somebody boots them for their first time; default 0. */
  readonly spare?: number;
  /** How many members etcd has: e1, e2, … */
  readonly etcdMembers: number;
  /** A tree that every machine's root is laid over. `/`: this host's own. */
  readonly base: string;
  /** In the notation of fleet.conf; absent: fleetd's own default. */
  readonly ttl?: string;
  /** Lets fleetd's clock be stepped: it runs with libfaketime from the start. */
  readonly fakeClock: boolean;
  /** Further lines of every machine's fleet.conf. */
  readonly options: Readonly<Record<string, string>>;
}

/** Everything another process must know about a lab. */
export interface LabState {
  readonly version: 1;
  readonly name: string;
  readonly kernelBootId: string;
  readonly createdAt: string;
  /** From the root of the hierarchy, with a leading slash. */
  readonly cgroup: string;
  /** The unit of the host's own systemd that the lab lives in; absent where systemd does not run. */
  readonly service?: string;
  /** Keeps the mount and network namespaces. */
  readonly holder: ProcessIdentity;
  /** The process without which the lab must not live on; absent once released. */
  readonly owner?: ProcessIdentity;
  readonly plan: LabPlan;
  /** The etcd binary. */
  readonly etcd: string;
}

const fileName = "state.json";

/** The state of the lab in `directory`; `undefined` if there is none that this version of the lab can read. */
export function readState(directory: string): LabState | undefined {
  const path = join(directory, fileName);
  if (!existsSync(path)) return undefined;
  try {
    const state = JSON.parse(readFileSync(path, "utf8")) as LabState;
    return state.version === 1 ? state : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Writes the state whole: readers see the old or the new one. */
export function writeState(directory: string, state: LabState): void {
  const path = join(directory, fileName);
  writeFileSync(`${path}.${process.pid}`, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.${process.pid}`, path);
}
