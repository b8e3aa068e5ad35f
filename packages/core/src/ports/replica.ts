import type { ClusterView } from "../cluster/cluster-view.js";
import type { Revision } from "../cluster/revision.js";
import type { MachineId } from "../machine/machine-id.js";
import type { UnitName } from "../unit/unit-name.js";

/**
 * `idle`: nobody holds it. `syncing`: reading everything. `current`: following.
 * `disconnected`: etcd cannot be reached; the view is of the past. `younger`: etcd went back in time and is not believed.
 */
export type ReplicaCondition = "idle" | "syncing" | "current" | "disconnected" | "younger";

/** What one step of the replica touched; a reader may look again at these alone. */
export interface ReplicaChange {
  readonly revision: Revision;
  /** Everything was read anew: treat all as touched, and whatever vanished meanwhile as merely found gone. */
  readonly resynced: boolean;
  /** Units whose record, content, mark, seat or state changed. */
  readonly units: ReadonlySet<UnitName>;
  /** For each of the units whose seats or states changed, the machines where they did. Absent: it is not known where. */
  readonly spots?: ReadonlyMap<UnitName, ReadonlySet<MachineId>>;
  /** Machines whose presence, record, metadata or policy changed. */
  readonly machines: ReadonlySet<MachineId>;
  /** The leader key changed. */
  readonly leader: boolean;
  /** Units of which the leader says something else than before: that they are refused, why, or no longer. */
  readonly refused?: ReadonlySet<UnitName>;
  /** Whether other records cannot be read than before. Absent: no. */
  readonly quarantine?: boolean;
}

/**
 * The one copy of the cluster in this process: read once at one revision, then watched, advancing by whole revisions.
 * It works only while somebody holds it.
 */
export interface ClusterReplica {
  readonly condition: ReplicaCondition;
  /** Why the condition is not `current`, for people. */
  readonly problem: string | undefined;
  /** The revision of the view; 0 before the first read. */
  readonly revision: Revision;
  /** Keeps the replica following. @returns the release; calling it twice is harmless. */
  hold(): () => void;
  /** @returns the view of this moment. @throws {FleetError} `unavailable` if nothing was ever read. */
  view(): ClusterView;
  /** Waits until the view is current and not older than `revision`. @throws {FleetError} `unavailable` when the registry went back in time. */
  waitFor(revision: Revision, signal: AbortSignal): Promise<void>;
  /** Asks etcd (linearizably) for its newest revision and waits until the view has it. */
  refresh(signal: AbortSignal): Promise<Revision>;
  /** Calls `listener` after each step. Listeners must not throw. @returns the unsubscription. */
  subscribe(listener: (change: ReplicaChange) => void): () => void;
  /** Serves holds until aborted. */
  run(signal: AbortSignal): Promise<void>;
}
